"""What somebody asked to be erased, and the receipt: who asked when, and what became of it.

A request is written before anything is hidden, so that one that was cut off is still carried out.
It names sessions by their ids and people by hashes: a receipt may be kept, and tells nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import NamedTuple, Protocol

import msgspec

from lake import failpoints, ids
from lake.control import audit_entries, legal_holds, tombstones, websites
from lake.erasure import lookup
from lake.erasure.ledger import (
    DEADLINE_MS,
    DOCUMENTS,
    ID_PATTERN,
    ErasureMissing,
    Receipt,
    pending_erasures,
)
from lake.errors import BadInput, Damaged, IdMalformed, LakeError, ObjectMissing, OnLegalHold
from lake.raw.rrweb_events import valid_user_id
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.timestamps import iso

SESSIONS_MAX = 10_000


class ErasureTargets(NamedTuple):
    """What is to be erased: sessions by id, and all sessions of a visitor or a user so far."""

    sessions: tuple[str, ...] = ()
    visitor_id: str | None = None
    user_id: str | None = None


class NothingToErase(BadInput):
    """An erasure names nothing, or too much at once."""

    kind = "nothing-to-erase"


class ErasureNotCancellable(LakeError):
    """An erasure that can be carried out is to be cancelled: erased is erased."""

    kind = "erasure-sound"


class LakeHandle(Protocol):
    """The parts of a lake that a request needs: `lake.reading.lake_snapshot.Lake` has them."""

    store: Store
    settings: Settings
    now_ms: Callable[[], int]


def request_erasure(
    lake: LakeHandle, website_id: str, wanted: ErasureTargets, *, by: str
) -> Receipt:
    """Hide what is named from every answer, and ask for its removal.

    All of a visitor's or a user's sessions that began until now are meant, those included of
    which nothing arrived yet. Asking again makes a second receipt and does no harm.

    Args:
        by: Who asks: a key's id, or the command line.

    Raises:
        WebsiteMissing, StoreUnavailable, Damaged.
        IdMalformed: A session's id has not the form of one, or is of a time to come.
        NothingToErase: Or more than `SESSIONS_MAX` sessions.
        Held: A legal hold forbids it.
    """
    websites.get(lake.store, website_id)
    now_ms = lake.now_ms()
    sessions = tuple(dict.fromkeys(ids.check_uuid7(one, "session") for one in wanted.sessions))
    latest_ms = max(map(ids.at_ms_of, sessions), default=0)
    if latest_ms > now_ms + lake.settings.session_future_s * 1000:
        raise IdMalformed(f"a session of {iso(latest_ms)} has not begun: no such id is in use")
    people = {
        tombstones.person_hash("visitor", wanted.visitor_id): now_ms,
        tombstones.person_hash("user", valid_user_id(wanted.user_id)): now_ms,
    }
    people.pop("", None)
    if not sessions and not people:
        raise NothingToErase("name a session, a visitor or a user")
    if len(sessions) > SESSIONS_MAX:
        raise NothingToErase(f"{len(sessions)} sessions: name at most {SESSIONS_MAX} at once")
    if people:
        sessions = tuple(
            sorted({*sessions, *lookup.sessions_of_people(lake.store, website_id, people)})
        )
    _refuse_held(lake.store, website_id, sessions)
    return create_request(lake.store, website_id, sessions, people, now_ms=now_ms, by=by)


def create_request(
    store: Store,
    website_id: str,
    sessions: Iterable[str],
    people: dict[str, int],
    *,
    now_ms: int,
    by: str,
) -> Receipt:
    """Write a request and its tombstones, and before both the audit log's entry."""
    receipt = Receipt(
        erasure_id=ids.new_uuid7(now_ms),
        website_id=website_id,
        requested_at=iso(now_ms),
        requested_by=by,
        due_at=iso(now_ms + DEADLINE_MS),
        sessions=tuple(sessions),
        people=people,
    )
    # Ids of sessions and of people stand in the receipt.
    counts = {"sessions": len(receipt.sessions), "people": len(people)}
    audit_entries.record(
        store, website_id, by, "erasure-asked", receipt.erasure_id, counts, now_ms=now_ms
    )
    DOCUMENTS.create(store, keys.erasure_key(website_id, receipt.erasure_id), receipt)
    tombstones.add(store, website_id, sessions=receipt.sessions, people=people)
    failpoints.failpoint("erase-after-tombstone")
    return receipt


def add_dropped_chunks(store: Store, chunks: Mapping[tuple[str, str], int]) -> None:
    """Count chunks of (website, session) that a compaction dropped with the erasure that waits.

    Raises:
        Damaged, StoreUnavailable.
    """
    left = dict(chunks)
    for website_id in {website_id for website_id, _ in chunks}:
        for one in pending_erasures(store, website_id):
            mine = [key for key in left if key[0] == website_id and key[1] in one.sessions]
            count = sum(left.pop(key) for key in mine)
            if count:
                with suppress(ObjectMissing):  # done meanwhile
                    DOCUMENTS.change(
                        store,
                        keys.erasure_key(website_id, one.erasure_id),
                        partial(_with_chunks, count),
                    )


def _with_chunks(count: int, before: Receipt) -> Receipt:
    return msgspec.structs.replace(before, chunk_count=before.chunk_count + count)


def mark_started(store: Store, asked: Receipt, *, now_ms: int) -> None:
    """Note that a run begins to remove: whoever places a hold from now on is told.

    Raises:
        ObjectMissing: It is done meanwhile.
        Damaged, StoreUnavailable.
    """
    DOCUMENTS.change(
        store,
        keys.erasure_key(asked.website_id, asked.erasure_id),
        lambda before: (
            before if before.started_at else msgspec.structs.replace(before, started_at=iso(now_ms))
        ),
    )


def started_erasures(store: Store, website_id: str, session_id: str | None) -> list[Receipt]:
    """Return the unfinished erasures that may have removed some of a session, or of any.

    Asked for after a hold was placed: then either this names the run, or the run sees the hold.

    Raises:
        Damaged, StoreUnavailable.
    """
    if session_id is not None and session_id not in tombstones.read(store, website_id).waiting:
        return []
    return [one for one in pending_erasures(store, website_id) if one.started_at]


def cancel(store: Store, website_id: str, erasure_id: str, *, by: str, now_ms: int) -> str | None:
    """Remove a request that can never be carried out as it stands.

    What it hid stays hidden. What it names and can be erased is asked for anew; of a request that
    nobody can read, the next maintenance does that.

    Returns:
        The id of the new erasure, None if there is none.

    Raises:
        ErasureMissing: The website has no such request.
        ErasureNotCancellable: It can be carried out.
        Damaged, StoreUnavailable.
    """
    key = keys.erasure_key(website_id, erasure_id)
    if not ID_PATTERN.fullmatch(erasure_id) or key not in {one.key for one in store.list(key)}:
        raise ErasureMissing("no such erasure waits")
    found = DOCUMENTS.read_each(store, [key]).get(key)
    if found is None:
        raise ErasureMissing("no such erasure waits")
    anew: Receipt | None = None
    if isinstance(found, Damaged):
        why = "it cannot be read"
    elif found.defect is None:
        raise ErasureNotCancellable("this erasure can be carried out: it is not cancelled")
    else:
        why = found.defect
        if found.possible or found.people:
            sessions = sorted(found.possible)
            anew = create_request(store, website_id, sessions, found.people, now_ms=now_ms, by=by)
    audit_entries.record(
        store,
        website_id,
        by,
        "erasure-cancelled",
        erasure_id,
        {"reason": why, "replaced_by": anew.erasure_id if anew else None},
        now_ms=now_ms,
    )
    store.delete([key])
    return anew.erasure_id if anew else None


def _refuse_held(store: Store, website_id: str, sessions: Iterable[str]) -> None:
    held = legal_holds.read(store, website_id)
    if any(held.holds(session_id) for session_id in sessions):
        raise OnLegalHold(
            "a legal hold keeps a session that would be erased: `replaylake hold list` shows it, "
            "`replaylake hold release` ends it"
        )
