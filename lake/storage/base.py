"""Objects by key: one small interface over a folder or a bucket.

`open_store(settings)` chooses the implementation: `lake.storage.local` or `lake.storage.s3`. Both
pass the same tests. Keys are built by `lake.storage.keys`. Delta tables are read and written by
delta-rs and Polars instead, with `table_uri` and `table_options`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from lake.errors import SettingInvalid
from lake.settings import Settings

__all__ = ["ObjectInfo", "Store", "open_store"]


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One entry of a listing. `modified_at` is the store's clock, UTC."""

    key: str
    size_bytes: int
    modified_at: datetime


class Store(Protocol):
    """Synchronous and thread-safe. Keys are built by `lake.storage.keys`, relative, '/'-separated.

    Every method raises `StoreUnavailable` (or `StoreFull`) once its retries are used up. Reads
    raise `ObjectMissing` if there is no object.
    """

    url: str

    def put_new(self, key: str, body: bytes, *, token: str) -> bool:
        """Create the object, or leave the one already there untouched.

        Atomic: no reader ever sees part of `body`. Durable when it returns.

        Args:
            token: Identifies this write in the object's metadata, so that a repetition of it after
                a lost answer returns True, too.

        Returns:
            False if another writer's object was there first.
        """
        ...

    def put(self, key: str, body: bytes) -> None:
        """Create or replace the object. Atomic and durable like `put_new`."""
        ...

    def put_file(self, key: str, path: Path) -> None:
        """`put` of a local file of any size, in bounded memory. Atomic and durable, too."""
        ...

    def get(self, key: str) -> bytes:
        """Return the whole object; its length is verified."""
        ...

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return bytes [start, end), fewer only if the object ends before `end`."""
        ...

    def get_tail(self, key: str, size_bytes: int) -> bytes:
        """Return the last `size_bytes` of the object, or all of it if it is shorter."""
        ...

    def get_versioned(self, key: str) -> tuple[bytes, str]:
        """Return the object and its opaque version for `swap`."""
        ...

    def swap(self, key: str, body: bytes, *, version: str | None) -> bool:
        """Compare and swap: replace the object if it is at `version` (None: if there is none).

        Atomic and durable. False: another writer changed it; read it again.
        """
        ...

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[ObjectInfo]:
        """Yield objects under `prefix` in key order, 1,000 to a request, without a cache."""
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects, 1,000 to a request. A missing one is no error."""
        ...

    def table_uri(self, name: str) -> str:
        """Return the location of the Delta table `name`, for delta-rs and Polars."""
        ...

    def table_options(self) -> dict[str, str]:
        """Return storage options for delta-rs and Polars; empty for a folder."""
        ...


def open_store(settings: Settings, *, create: bool = True) -> Store:
    """Open the lake's store. A bucket must exist.

    Args:
        create: Create a missing local folder.

    Raises:
        SettingInvalid: `REPLAY_LAKE` is neither a folder nor `s3://bucket/prefix`.
    """
    url = settings.lake
    if re.match("s3://[^/]", url):
        from lake.storage.s3 import S3Store  # s3fs takes half a second to import

        return S3Store(url, settings)
    if "://" in url and not url.startswith("file://"):
        raise SettingInvalid(
            f"REPLAY_LAKE is {url!r}: give a folder, file:///… or s3://bucket/prefix"
        )
    from lake.storage.local import LocalStore

    return LocalStore(Path(url.removeprefix("file://")), create=create)
