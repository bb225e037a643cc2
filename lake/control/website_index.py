"""Index of the keys and links of each website, so that its lists read no other websites' documents.

The documents are stored by their own ids, which tokens contain. Each has an index entry: an empty
object whose key begins with the website's folder. The entry is written first, so that none is
missing; an entry without a document is ignored. Lakes of older versions have documents without
entries. The first list writes those, and the nightly maintenance adds later ones of old processes.
"""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Generic, TypeVar

import msgspec

from lake.errors import Damaged, LimitReached, ObjectMissing
from lake.storage import keys
from lake.storage.base import Store
from lake.storage.json_documents import JsonDocuments

_ENTRY = b"{}"
_WRITERS = 16
_ABANDONED_AGE = timedelta(hours=1)  # of an entry whose document is not being written any more

T = TypeVar("T", bound=msgspec.Struct)


class WebsiteIndex(Generic[T]):
    """Index of one kind of documents. Thread-safe.

    Args:
        folder: Folder of the entries, with a folder for each website.
        documents: The documents, in `documents_folder`.
        entry_of: Returns the key of a document's entry, which ends with the document's name.
    """

    def __init__(
        self,
        folder: str,
        documents: JsonDocuments[T],
        documents_folder: str,
        entry_of: Callable[[T], str],
    ) -> None:
        self._folder = folder
        self._documents = documents
        self._documents_folder = documents_folder
        self._entry_of = entry_of
        self._complete: set[str] = set()  # lakes, by their addresses

    def check(self, store: Store, website_id: str, *, limit: int, what: str) -> None:
        """Check that a website may have another document.

        Args:
            what: The kind of documents and the way out, for the message.

        Raises:
            LimitReached, StoreUnavailable.
        """
        self._ensure_complete(store)
        if self._count(store, website_id, limit) >= limit:
            raise LimitReached(f"the website has {limit} {what}")

    def add(self, store: Store, document: T, website_id: str, *, limit: int, what: str) -> None:
        """Write the entry of a document that is about to be written; safe for concurrent calls.

        Raises:
            LimitReached, StoreUnavailable.
        """
        entry = self._entry_of(document)
        self._write(store, entry)
        if self._count(store, website_id, limit + 1) > limit:
            store.delete([entry])
            raise LimitReached(f"the website has {limit} {what}")

    def read(self, store: Store, folder: str) -> list[T]:
        """Return the documents whose entries lie in `folder`; damaged ones are left out.

        Raises:
            StoreUnavailable.
        """
        self._ensure_complete(store)
        names = [item.key.rpartition("/")[2] for item in store.list(folder)]
        documents = self._documents.read_each(
            store, (self._documents_folder + document for document in names)
        )
        whole = [document for document in documents.values() if not isinstance(document, Damaged)]
        return [document for document in whole if self._entry_of(document).startswith(folder)]

    def remove(self, store: Store, documents: list[T]) -> None:
        """Delete the entries of documents that are deleted."""
        store.delete(map(self._entry_of, documents))

    def complete(self, store: Store, *, now_ms: int | None = None) -> list[T]:
        """Write the entries that are missing; return all documents.

        Args:
            now_ms: If given, also delete entries whose document was never written.

        Raises:
            StoreUnavailable.
        """
        listed = {item.key: item.modified_at for item in store.list(self._folder)}
        documents = self._documents.all(store, self._documents_folder)
        wanted = set(map(self._entry_of, documents))
        with ThreadPoolExecutor(_WRITERS) as pool:
            list(pool.map(partial(self._write, store), wanted - listed.keys()))
        if now_ms is not None:
            old = datetime.fromtimestamp(now_ms / 1000, UTC) - _ABANDONED_AGE
            names = {item.key for item in store.list(self._documents_folder)}
            store.delete(
                key
                for key, at in listed.items()
                if at < old and self._documents_folder + key.rpartition("/")[2] not in names
            )
        store.put(self._marker, _ENTRY)
        self._complete.add(store.url)
        return documents

    def _count(self, store: Store, website_id: str, most: int) -> int:
        return sum(1 for _ in islice(store.list(keys.subfolder(self._folder, website_id)), most))

    @property
    def _marker(self) -> str:
        return keys.index_marker_key(self._folder)

    def _ensure_complete(self, store: Store) -> None:
        if store.url in self._complete:
            return
        try:
            store.get(self._marker)
        except ObjectMissing:
            self.complete(store)
        self._complete.add(store.url)

    def _write(self, store: Store, entry: str) -> None:
        store.put_new(entry, _ENTRY, token=secrets.token_hex(16))
