"""What was erased of a website, so that it is never shown, taken or made again: its tombstones.

One document a website. Readers ask for it with the data that it hides, compaction and rebuild
before and after they commit; ingest remembers it for seconds. How bytes go is `lake.erasure`'s.
Sessions stand by their ids, which say nothing of anybody; people by a hash of their id.
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
    """The visitors and the users of a session, by which it may have been erased."""

    visitors: Collection[str] = ()
    users: Collection[str] = ()


class Tombstones(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tombstones of one website.

    `waiting` sessions may still have bytes in the lake, `sessions` have none. `person_hashes` are
    hashes with the ms since the Unix epoch until which their sessions began.
    """

    website_id: str
    waiting: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()
    people: dict[str, int] = {}

    def __post_init__(self) -> None:
        """Leave out ids without a day: nothing of theirs can be in a lake, or come into it."""
        for name in ("waiting", "sessions"):
            found: frozenset[str] = getattr(self, name)
            if not all(map(ids.is_uuid7, found)):
                msgspec.structs.force_setattr(self, name, frozenset(filter(ids.is_uuid7, found)))

    def is_erased(
        self, session_id: str, *, visitors: Iterable[str] = (), users: Iterable[str] = ()
    ) -> bool:
        """Whether a session was erased, by itself or with any visitor or user of it."""
        if session_id in self.waiting or session_id in self.sessions:
            return True
        if not self.people:
            return False
        began_ms = ids.at_ms_of(session_id)
        found = person_hashes(visitors, users)
        return any(began_ms <= self.people.get(one, -1) for one in found)


_DOCUMENTS = JsonDocuments(
    Tombstones, "list of erased sessions", lambda one: [keys.tombstones_key(one.website_id)]
)


def person_hash(kind: PersonKind, person_id: str | None) -> str:
    """Return the hash by which a visitor or a user is remembered; empty for nobody."""
    if not person_id:
        return ""
    text = f"{kind}\0{person_id}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:32]


def person_hashes(visitors: Iterable[str], users: Iterable[str]) -> Iterator[str]:
    """Yield the hashes by which visitors and users are remembered."""
    for visitor_id in visitors:
        yield person_hash("visitor", visitor_id)
    for user_id in users:
        yield person_hash("user", user_id)


def read(store: Store, website_id: str) -> Tombstones:
    """Return what was erased of a website, as it stands in the store.

    Raises:
        Damaged, StoreUnavailable.
    """
    return _DOCUMENTS.read(
        store, keys.tombstones_key(website_id), default=Tombstones(website_id=website_id)
    )


def read_many(store: Store, website_ids: Iterable[str]) -> dict[str, Tombstones | Damaged]:
    """Return what was erased of those of the websites of which anything was.

    One listing, as most websites have nothing. The error stands for a list that cannot be read:
    of that website nothing may be shown, made or removed.

    Raises:
        StoreUnavailable.
    """
    wanted = {keys.tombstones_key(website_id): website_id for website_id in website_ids}
    listed = [item.key for item in store.list(keys.TOMBSTONES) if item.key in wanted]
    return {wanted[key]: one for key, one in _DOCUMENTS.read_each(store, listed).items()}


def read_all(store: Store) -> dict[str, Tombstones | Damaged]:
    """Return what was erased of all websites of which anything was, as `read_many` does.

    Raises:
        StoreUnavailable.
    """
    found = _DOCUMENTS.read_each(store, (item.key for item in store.list(keys.TOMBSTONES)))
    return {keys.parse_tombstones_key(key): one for key, one in found.items()}


def add(
    store: Store,
    website_id: str,
    *,
    sessions: Iterable[str] = (),
    people: Mapping[str, int] | None = None,
) -> Tombstones:
    """Hide sessions and people, from now on.

    Raises:
        Damaged, StoreUnavailable.
    """
    added = frozenset(sessions)

    def changed(before: Tombstones) -> Tombstones:
        people_now = dict(before.people)
        for one, at_ms in (people or {}).items():
            people_now[one] = max(at_ms, people_now.get(one, 0))
        waiting = before.waiting | added
        if waiting == before.waiting and people_now == before.people:
            return before
        return msgspec.structs.replace(
            before, waiting=waiting, sessions=before.sessions - added, people=people_now
        )

    return _change(store, website_id, changed)


def mark_removed(store: Store, website_id: str, sessions: Iterable[str]) -> None:
    """Remember that no byte of these is left.

    Raises:
        Damaged, StoreUnavailable.
    """
    gone = frozenset(sessions)
    _change(
        store,
        website_id,
        lambda before: msgspec.structs.replace(
            before, waiting=before.waiting - gone, sessions=before.sessions | gone
        ),
    )


def drop_expired(store: Store, website_id: str, *, before_ms: int) -> None:
    """Drop tombstones of what began so long ago that no plan keeps it: it is refused anyway.

    Raises:
        Damaged, StoreUnavailable.
    """

    def changed(before: Tombstones) -> Tombstones:
        kept = frozenset(one for one in before.sessions if ids.at_ms_of(one) >= before_ms)
        people = {one: at_ms for one, at_ms in before.people.items() if at_ms >= before_ms}
        if len(kept) == len(before.sessions) and len(people) == len(before.people):
            return before
        return msgspec.structs.replace(before, sessions=kept, people=people)

    _change(store, website_id, changed)


class TombstoneCache:
    """What was erased, for a reader who asks often: read each time, decoded once. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: FIFOCache[str, tuple[bytes, Tombstones]] = FIFOCache(_CACHED_WEBSITES_MAX)
        self._guard = threading.Lock()

    def read(self, website_id: str) -> Tombstones:
        """Return it as the store has it now; the same object for as long as it is the same.

        Raises:
            Damaged, StoreUnavailable.
        """
        key = keys.tombstones_key(website_id)
        try:
            body = self._store.get(key)
        except ObjectMissing:
            return Tombstones(website_id=website_id)
        known = self._known.get(website_id)
        if known is None or known[0] != body:
            known = (body, _DOCUMENTS.decode(body, key))
        with self._guard:
            self._known[website_id] = known
        return known[1]


def _change(
    store: Store, website_id: str, changed: Callable[[Tombstones], Tombstones]
) -> Tombstones:
    key = keys.tombstones_key(website_id)
    return _DOCUMENTS.change(store, key, changed, default=Tombstones(website_id=website_id))
