"""Small JSON documents of `control/`: one struct each, changed by compare-and-swap.

The meaning of a document, and the error for a missing one, are defined by its own module.
"""

import logging
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

import msgspec

from lake.errors import ControlDamaged, Damaged, ObjectMissing
from lake.storage.base import Store

_READERS = 16  # requests in flight
_log = logging.getLogger(__name__)

T = TypeVar("T", bound=msgspec.Struct)


class JsonDocuments(Generic[T]):
    """Documents of one struct.

    Args:
        kind: The struct.
        what: Noun for a document, for messages.
        keys_of: Returns the keys that a document may have. At any other key it counts as damaged:
            it would apply to another website.
    """

    def __init__(self, kind: type[T], what: str, keys_of: Callable[[T], Iterable[str]]) -> None:
        self._kind = kind
        self._what = what
        self._keys_of = keys_of

    def create(self, store: Store, key: str, document: T) -> bool:
        """Write a new document; False, and nothing changed, if there is one at `key`."""
        return store.put_new(key, msgspec.json.encode(document), token=secrets.token_hex(16))

    def read(self, store: Store, key: str, *, default: T | None = None) -> T:
        """Read a document.

        Args:
            default: Returned if there is none; without a default that is an error.

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
        """Read all documents under `prefix`, in key order, except the damaged ones.

        Damaged ones are logged, and `lake.operations.check.run` reports them. A caller that must
        not miss one uses `read_each`.

        Raises:
            StoreUnavailable.
        """
        documents = self.read_each(store, (item.key for item in store.list(prefix)))
        for key, document in documents.items():
            if isinstance(document, Damaged):
                _log.warning("skipped: %s", document, extra={"key": key})
        return [item for item in documents.values() if not isinstance(item, Damaged)]

    def read_each(self, store: Store, keys: Iterable[str]) -> dict[str, T | Damaged]:
        """Read documents by key: the error for a damaged one, no entry for a missing one.

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
            read_all = zip(wanted, pool.map(read, wanted), strict=True)
            return {key: document for key, document in read_all if document is not None}

    def change(
        self,
        store: Store,
        key: str,
        changed: Callable[[T], T],
        *,
        default: T | None = None,
        first: Callable[[T], None] | None = None,
    ) -> T:
        """Replace a document by the result of `changed`, again if another writer was first.

        Args:
            changed: Returns the new document, or its argument for no change.
            default: Passed to `changed` if there is none; without a default that is an error.
            first: Called once with the new document before it is written, if it changes.

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
        """Decode a document and check that it belongs at `key`.

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
