"""Erased sessions that are in the lake again: found every night, and erased once more.

They come back by a compaction that slept for an hour, or a bucket that was restored from a copy.
Readers hide them in any case. Writers that make rows from files (`lake.operations.rebuild`,
`lake.operations.repair`) call this module after the commit, for sessions erased meanwhile.
"""

from collections.abc import Iterable, Mapping

import msgspec

from lake import ids
from lake.control import legal_holds, tombstones
from lake.control.plans import plans_of
from lake.control.tombstones import People, Tombstones
from lake.erasure import ledger, lookup, requests
from lake.erasure.ledger import Receipt
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.storage.failures import Failures
from lake.tables.delta_table import Table
from lake.tables.session_rows import SessionKey, keys_in

_DAY_MS = 86_400_000


def request_resurfaced(store: Store, settings: Settings, *, now_ms: int) -> list[Receipt]:
    """Create requests for erased sessions that are stored again; drop tombstones past all plans.

    Raises:
        Damaged, StoreUnavailable.
    """
    days = max(plan.retention_days for plan in plans_of(settings).values()) + 2
    requested = []
    failures = Failures()
    waiting: dict[str, list[Receipt]] = {}
    for receipt in ledger.pending_erasures(store):
        waiting.setdefault(receipt.website_id, []).append(receipt)
    by_website: dict[str, Tombstones] = {}
    for item in list(store.list(keys.TOMBSTONES)):
        website_id = keys.parse_tombstones_key(item.key)
        with failures.of(item.key):
            tombstones.drop_expired(store, website_id, before_ms=now_ms - days * _DAY_MS)
            by_website[website_id] = _without_pending_people(
                tombstones.read(store, website_id), waiting
            )
    chunks: set[SessionKey] = set()
    with failures.of("chunks"):
        chunks = lookup.erased_sessions_with_chunks(store, by_website)
    for website_id, erased in by_website.items():
        with failures.of(keys.tombstones_key(website_id)):
            back = _stored_erased_sessions(store, erased) | erased.waiting
            back |= {session_id for owner, session_id in chunks if owner == website_id}
            back -= {
                session for receipt in waiting.get(website_id, ()) for session in receipt.sessions
            }
            if back:
                requested.append(
                    requests.create_request(
                        store, website_id, sorted(back), {}, now_ms=now_ms, by="maintenance"
                    )
                )
    failures.raise_first()
    return requested


def erased_among(store: Store, people: Mapping[SessionKey, People]) -> set[SessionKey]:
    """Return those of the sessions that are erased now, by id or by their people.

    Raises:
        StoreUnavailable.
    """
    erased = tombstones.read_many(store, {website_id for website_id, _ in people})
    return {
        key
        for key, its in people.items()
        if isinstance(mine := erased.get(key[0]), Tombstones)
        and mine.is_erased(key[1], **its._asdict())
    }


def request_removal(
    store: Store, sessions: Iterable[SessionKey], *, now_ms: int, by: str, is_written: bool = False
) -> None:
    """Create requests for sessions that are erased and stored.

    Sessions of a pending erasure are left to it.

    Args:
        is_written: They were written just now, so that a pending erasure may have passed them
            already. Only one that waits for a legal hold certainly has not.

    Raises:
        Damaged, StoreUnavailable.
    """
    by_website: dict[str, set[str]] = {}
    for website_id, session_id in sessions:
        by_website.setdefault(website_id, set()).add(session_id)
    for website_id, mine in by_website.items():
        waiting = mine & tombstones.read(store, website_id).waiting
        if is_written and waiting:
            held = legal_holds.read_or_hold_all(store, website_id)
            waiting = {session_id for session_id in waiting if held.holds(session_id)}
        if mine - waiting:
            requests.create_request(
                store, website_id, sorted(mine - waiting), {}, now_ms=now_ms, by=by
            )


def _without_pending_people(
    website_tombstones: Tombstones, waiting: Mapping[str, list[Receipt]]
) -> Tombstones:
    """Leave out the people of pending erasures, which will remove what is stored."""
    mine = waiting.get(website_tombstones.website_id, ())
    people = {
        person: at_ms
        for person, at_ms in website_tombstones.people.items()
        if all(receipt.people.get(person, -1) < at_ms for receipt in mine)
    }
    return msgspec.structs.replace(website_tombstones, people=people)


def _stored_erased_sessions(store: Store, website_tombstones: Tombstones) -> set[str]:
    """Return the erased sessions of a website that have rows or files, quarantined or not."""
    website_id, sessions = website_tombstones.website_id, website_tombstones.sessions
    snapshot = Table(store, "sessions").snapshot()
    stored_erased = {
        session for _, session in keys_in(snapshot, ((website_id, session) for session in sessions))
    }
    for day in {ids.day_of(session) for session in sessions}:
        folder = keys.session_prefix(day, website_id)
        for prefix in (folder, keys.quarantined_object_key(folder)):
            stored = {keys.session_under(prefix, item.key) for item in store.list(prefix)}
            stored_erased |= stored & sessions
    if website_tombstones.people:
        stored_erased |= lookup.compacted_sessions_of_people(
            store, website_id, website_tombstones.people
        )
    return stored_erased
