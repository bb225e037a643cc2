"""Small JSON documents of `control/`: one struct each, changed by compare-and-swap.

What a document means, and what is raised where there is none, is its own module's.
"""

import logging
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

import msgspec

from lake.errors import ControlDamaged, Damaged, ObjectMissing
from lake.storage.base import Store

_READERS = 16  # requests in flight: reading is waiting
_log = logging.getLogger(__name__)

T = TypeVar("T", bound=msgspec.Struct)


class JsonDocuments(Generic[T]):
    """Documents of one struct.

    Args:
        what: What one is, for the message where it cannot be read.
        keys_of: Where one may lie. A document at another key is damaged: it would decide about
            somebody else.
    """

    def __init__(self, kind: type[T], what: str, keys_of: Callable[[T], Iterable[str]]) -> None:
        self._kind = kind
        self._what = what
        self._keys_of = keys_of

    def create(self, store: Store, key: str, document: T) -> bool:
        """Write a new one; False, and nothing changed, if there is one already."""
        return store.put_new(key, msgspec.json.encode(document), token=secrets.token_hex(16))

    def read(self, store: Store, key: str, *, default: T | None = None) -> T:
        """Read one.

        Args:
            absent: What stands for one that is not there; None: that is an error.

        Raises:
            ObjectMissing, Damaged, StoreUnavailable.
        """
        try:
            return self.decode(store.get(key), key)
        except ObjectMissing:
            if default is None:
                raise
            return default

    def all(self, store: Store, prefix: str) -> list[T]:
        """Read all that are under `prefix`, in key order, but for the damaged ones.

        Those are logged; `lake.operations.check.run` names them. Whoever must not miss one uses
        `read_each`.

        Raises:
            StoreUnavailable.
        """
        found = self.read_each(store, (item.key for item in store.list(prefix)))
        for key, one in found.items():
            if isinstance(one, Damaged):
                _log.warning("skipped: %s", one, extra={"key": key})
        return [one for one in found.values() if not isinstance(one, Damaged)]

    def read_each(self, store: Store, keys: Iterable[str]) -> dict[str, T | Damaged]:
        """Read many, some at a time. The error stands for a damaged one, nothing for a missing one.

        Raises:
            StoreUnavailable.
        """

        def read(key: str) -> T | Damaged | None:
            try:
                return self.read(store, key)
            except Damaged as error:
                return error
            except ObjectMissing:
                return None  # deleted since the listing

        wanted = list(keys)
        with ThreadPoolExecutor(_READERS) as pool:
            found = zip(wanted, pool.map(read, wanted), strict=True)
            return {key: one for key, one in found if one is not None}

    def change(
        self,
        store: Store,
        key: str,
        changed: Callable[[T], T],
        *,
        default: T | None = None,
        first: Callable[[T], None] | None = None,
    ) -> T:
        """Replace one by what `changed` makes of it; concurrent changes both stay.

        Args:
            absent: What stands for one that is not there yet; None: that is an error.
            first: Called once with what will be written, before it is; not if nothing changes.

        Raises:
            ObjectMissing, Damaged, StoreUnavailable.
        """
        while True:
            before, version = self._versioned(store, key, default)
            after = changed(before)
            if after is before:
                return before
            if first is not None:
                first(after)
                first = None
            if store.swap(key, msgspec.json.encode(after), version=version):
                return after

    def _versioned(self, store: Store, key: str, default: T | None) -> tuple[T, str | None]:
        try:
            body, version = store.get_versioned(key)
        except ObjectMissing:
            if default is None:
                raise
            return default, None
        return self.decode(body, key), version

    def decode(self, body: bytes, key: str) -> T:
        """Read one from its bytes.

        Raises:
            ControlDamaged.
        """
        try:
            document = msgspec.json.decode(body, type=self._kind)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise ControlDamaged(f"{key} is no {self._what}: {error}") from error
        if key not in self._keys_of(document):
            raise ControlDamaged(f"{key} is the {self._what} of another key")
        return document
