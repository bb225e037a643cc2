"""Small JSON documents of `control/`: one struct each, changed by compare-and-swap.

What a document means, and what is raised where there is none, is its own module's.
"""

import secrets
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import msgspec

from lake.errors import Damaged, ObjectMissing
from lake.store import Store

T = TypeVar("T", bound=msgspec.Struct)


class Documents(Generic[T]):
    """Documents of one struct.

    Args:
        what: What one is, for the message where it cannot be read.
    """

    def __init__(self, kind: type[T], what: str) -> None:
        self._kind = kind
        self._what = what

    def create(self, store: Store, key: str, document: T) -> bool:
        """Write a new one; False, and nothing changed, if there is one already."""
        return store.put_new(key, msgspec.json.encode(document), token=secrets.token_hex(16))

    def read(self, store: Store, key: str, *, absent: T | None = None) -> T:
        """Read one.

        Args:
            absent: What stands for one that is not there; None: that is an error.

        Raises:
            ObjectMissing, Damaged, StoreUnavailable.
        """
        try:
            return self.decode(store.get(key), key)
        except ObjectMissing:
            if absent is None:
                raise
            return absent

    def all(self, store: Store, prefix: str) -> Iterator[T]:
        """Read all that are under `prefix`, in key order.

        Raises:
            Damaged, StoreUnavailable.
        """
        for item in store.list(prefix):
            try:
                yield self.read(store, item.key)
            except ObjectMissing:
                continue  # deleted since the listing

    def change(
        self,
        store: Store,
        key: str,
        changed: Callable[[T], T],
        *,
        absent: T | None = None,
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
            before, version = self._versioned(store, key, absent)
            after = changed(before)
            if after is before:
                return before
            if first is not None:
                first(after)
                first = None
            if store.swap(key, msgspec.json.encode(after), version=version):
                return after

    def _versioned(self, store: Store, key: str, absent: T | None) -> tuple[T, str | None]:
        try:
            body, version = store.get_versioned(key)
        except ObjectMissing:
            if absent is None:
                raise
            return absent, None
        return self.decode(body, key), version

    def decode(self, body: bytes, key: str) -> T:
        """Read one from its bytes.

        Raises:
            Damaged.
        """
        try:
            return msgspec.json.decode(body, type=self._kind)
        except msgspec.DecodeError as error:
            raise Damaged(f"{key} is no {self._what}: {error}") from error
