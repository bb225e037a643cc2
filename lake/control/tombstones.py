"""Tombstones: erased sessions and people, which are never shown, accepted or rebuilt again.

One document for each website. Readers read it after the data that it hides, compaction and rebuild
before and after their commits; ingest caches it for seconds. The bytes are removed by
`lake.erasure`. Sessions are named by their ids, people by a hash of their id.
"""

import hashlib
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

import msgspec
from cachetools import FIFOCache

from lake import ids
from lake.errors import Damaged, ObjectMissing
from lake.storage import keys
from lake.storage.base import Store
from lake.storage.json_documents import JsonDocuments

PersonKind = Literal["visitor", "user"]
_CACHED_WEBSITES_MAX = 1000  # websites


class People(NamedTuple):
    """Visitors and users of a session, by which it may be erased."""

    visitors: Collection[str] = ()
    users: Collection[str] = ()


class Tombstones(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tombstones of one website.

    `waiting` sessions may still have bytes in the lake, `sessions` have none. `people` maps
    hashes to the time until which their sessions began, ms since the Unix epoch.
    """

    website_id: str
    waiting: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()
    people: dict[str, int] = {}

    def __post_init__(self) -> None:
        """Drop ids without a day: no lake can contain such a session."""
        for name in ("waiting", "sessions"):
            session_ids: frozenset[str] = getattr(self, name)
            if not all(map(ids.is_uuid7, session_ids)):
                valid = frozenset(filter(ids.is_uuid7, session_ids))
                msgspec.structs.force_setattr(self, name, valid)

    def is_erased(
        self, session_id: str, *, visitors: Iterable[str] = (), users: Iterable[str] = ()
    ) -> bool:
        """Whether a session is erased, by its id or by one of its people."""
        if session_id in self.waiting or session_id in self.sessions:
            return True
        if not self.people:
            return False
        began_ms = ids.at_ms_of(session_id)
        hashes = person_hashes(visitors, users)
        return any(began_ms <= self.people.get(person, -1) for person in hashes)


_DOCUMENTS = JsonDocuments(
    Tombstones, "list of erased sessions", lambda record: [keys.tombstones_key(record.website_id)]
)


def person_hash(kind: PersonKind, person_id: str | None) -> str:
    """Return the hash of a visitor or a user; empty without an id."""
    if not person_id:
        return ""
    text = f"{kind}\0{person_id}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:32]


def person_hashes(visitors: Iterable[str], users: Iterable[str]) -> Iterator[str]:
    """Yield the hashes of visitors and users."""
    for visitor_id in visitors:
        yield person_hash("visitor", visitor_id)
    for user_id in users:
        yield person_hash("user", user_id)


def read(store: Store, website_id: str) -> Tombstones:
    """Return the tombstones of a website.

    Raises:
        Damaged, StoreUnavailable.
    """
    return _DOCUMENTS.read(
        store, keys.tombstones_key(website_id), default=Tombstones(website_id=website_id)
    )


def read_many(store: Store, website_ids: Iterable[str]) -> dict[str, Tombstones | Damaged]:
    """Return the tombstones of those of the websites that have any.

    Uses one listing, as most websites have none. For a list that cannot be read, the value is the
    error: nothing of that website may be shown, written or removed.

    Raises:
        StoreUnavailable.
    """
    wanted = {keys.tombstones_key(website_id): website_id for website_id in website_ids}
    listed = [item.key for item in store.list(keys.TOMBSTONES) if item.key in wanted]
    return {wanted[key]: entry for key, entry in _DOCUMENTS.read_each(store, listed).items()}


def read_all(store: Store) -> dict[str, Tombstones | Damaged]:
    """Return the tombstones of all websites that have any, as `read_many` does.

    Raises:
        StoreUnavailable.
    """
    documents = _DOCUMENTS.read_each(store, (item.key for item in store.list(keys.TOMBSTONES)))
    return {keys.parse_tombstones_key(key): entry for key, entry in documents.items()}


def add(
    store: Store,
    website_id: str,
    *,
    sessions: Iterable[str] = (),
    people: Mapping[str, int] | None = None,
) -> Tombstones:
    """Erase sessions and people: they are hidden from now on.

    Raises:
        Damaged, StoreUnavailable.
    """
    added = frozenset(sessions)

    def changed(before: Tombstones) -> Tombstones:
        people_now = dict(before.people)
        for entry, at_ms in (people or {}).items():
            people_now[entry] = max(at_ms, people_now.get(entry, 0))
        waiting = before.waiting | added
        if waiting == before.waiting and people_now == before.people:
            return before
        return msgspec.structs.replace(
            before, waiting=waiting, sessions=before.sessions - added, people=people_now
        )

    return _change(store, website_id, changed)


def mark_removed(store: Store, website_id: str, sessions: Iterable[str]) -> None:
    """Record that no byte of these sessions is left.

    Raises:
        Damaged, StoreUnavailable.
    """
    removed = frozenset(sessions)
    _change(
        store,
        website_id,
        lambda before: msgspec.structs.replace(
            before, waiting=before.waiting - removed, sessions=before.sessions | removed
        ),
    )


def drop_expired(store: Store, website_id: str, *, before_ms: int) -> None:
    """Drop tombstones of sessions that are past every plan's retention, and refused for that.

    Raises:
        Damaged, StoreUnavailable.
    """

    def changed(before: Tombstones) -> Tombstones:
        sessions = frozenset(
            session for session in before.sessions if ids.at_ms_of(session) >= before_ms
        )
        people = {person: at_ms for person, at_ms in before.people.items() if at_ms >= before_ms}
        if len(sessions) == len(before.sessions) and len(people) == len(before.people):
            return before
        return msgspec.structs.replace(before, sessions=sessions, people=people)

    _change(store, website_id, changed)


class TombstoneCache:
    """Cache of decoded tombstones; the document is read each time. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cache: FIFOCache[str, tuple[bytes, Tombstones]] = FIFOCache(_CACHED_WEBSITES_MAX)
        self._guard = threading.Lock()

    def read(self, website_id: str) -> Tombstones:
        """Return the tombstones as stored now; the same object while they are unchanged.

        Raises:
            Damaged, StoreUnavailable.
        """
        key = keys.tombstones_key(website_id)
        try:
            body = self._store.get(key)
        except ObjectMissing:
            return Tombstones(website_id=website_id)
        cached = self._cache.get(website_id)
        if cached is None or cached[0] != body:
            cached = (body, _DOCUMENTS.decode(body, key))
        with self._guard:
            self._cache[website_id] = cached
        return cached[1]


def _change(
    store: Store, website_id: str, changed: Callable[[Tombstones], Tombstones]
) -> Tombstones:
    key = keys.tombstones_key(website_id)
    return _DOCUMENTS.change(store, key, changed, default=Tombstones(website_id=website_id))
