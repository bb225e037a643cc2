"""Erased sessions of a batch: found by their tombstones, and requested for removal once more.

A compaction looks twice: before it writes, to drop the chunks of erased sessions, and after its
commits, because an erasure that ran meanwhile may not have seen the new rows and files.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lake.control import legal_holds, tombstones
from lake.control.tombstones import Tombstones
from lake.erasure import requests
from lake.errors import Damaged
from lake.raw.pending_index import PendingChunk
from lake.storage.base import Store
from lake.tables.compacted_sessions import CompactedSession
from lake.tables.row_builders import users_of, visitors_of
from lake.tables.session_rows import SessionKey


class ErasedSessions(NamedTuple):
    """Erased sessions of a batch.

    `held` are erased too, but a legal hold keeps their bytes: they are compacted, stay hidden, and
    their erasure waits for the release. `unreadable` maps sessions whose website's tombstones
    cannot be read to the reason: nothing may be written of them.
    """

    removable: set[SessionKey]
    held: set[SessionKey]
    tombstones: Mapping[str, Tombstones]
    unreadable: Mapping[SessionKey, str]


def find_erased(
    store: Store,
    batch: Mapping[SessionKey, list[PendingChunk]],
    compacted: Mapping[SessionKey, CompactedSession],
) -> ErasedSessions:
    """Return the sessions of `batch` that are erased, by id or by any of their people.

    Raises:
        StoreUnavailable.
    """
    by_website = tombstones.read_many(store, {website_id for website_id, _ in batch})
    readable: dict[str, Tombstones] = {}
    unreadable: dict[SessionKey, str] = {}
    erased: set[SessionKey] = set()
    for key, chunks in batch.items():
        of_website = by_website.get(key[0])
        if isinstance(of_website, Damaged):
            unreadable[key] = str(of_website)
        elif of_website is not None:
            readable[key[0]] = of_website
            if _is_erased(of_website, key, chunks, compacted.get(key)):
                erased.add(key)
    held = held_among(store, erased)
    return ErasedSessions(erased - held, held, readable, unreadable)


def held_among(store: Store, sessions: Iterable[SessionKey]) -> set[SessionKey]:
    """Return those of the sessions that a legal hold keeps now; a damaged list holds all.

    Raises:
        StoreUnavailable.
    """
    wanted = list(sessions)
    holds = {
        website_id: legal_holds.read_or_hold_all(store, website_id)
        for website_id in {website_id for website_id, _ in wanted}
    }
    return {key for key in wanted if holds[key[0]].holds(key[1])}


def request_removal_before_write(store: Store, erased: ErasedSessions, *, now_ms: int) -> None:
    """Create an erasure request where sessions are erased and no request names all of them.

    Raises:
        Damaged, StoreUnavailable.
    """
    for website_id, sessions in _by_website(erased).items():
        if not sessions <= erased.tombstones[website_id].waiting:
            _create_request(store, website_id, sessions, now_ms=now_ms)


def request_removal_after_write(store: Store, erased: ErasedSessions, *, now_ms: int) -> None:
    """Create an erasure request for sessions that were erased while they were written.

    A request that exists may have been executed past them already, so it does not count. A request
    that waits for a legal hold will still look at them.

    Raises:
        Damaged, StoreUnavailable.
    """
    for website_id, sessions in _by_website(erased).items():
        held = {session_id for owner, session_id in erased.held if owner == website_id}
        missed = sessions - (held & erased.tombstones[website_id].waiting)
        if missed:
            _create_request(store, website_id, missed, now_ms=now_ms)


def _by_website(erased: ErasedSessions) -> dict[str, set[str]]:
    sessions: dict[str, set[str]] = {}
    for website_id, session_id in erased.removable | erased.held:
        sessions.setdefault(website_id, set()).add(session_id)
    return sessions


def _create_request(store: Store, website_id: str, sessions: set[str], *, now_ms: int) -> None:
    requests.create_request(store, website_id, sorted(sessions), {}, now_ms=now_ms, by="compaction")


def _is_erased(
    of_website: Tombstones,
    key: SessionKey,
    chunks: Iterable[PendingChunk],
    compacted: CompactedSession | None,
) -> bool:
    visitors = {chunk.received_chunk.client.visitor_id for chunk in chunks}
    users = {user_id for chunk in chunks for user_id in chunk.received_chunk.facts.users}
    if compacted is not None:
        visitors.update(visitors_of(compacted.row))
        users.update(users_of(compacted.row))
    return of_website.is_erased(key[1], visitors=visitors, users=users)
