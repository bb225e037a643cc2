"""Erasure requests: created, started and cancelled.

A request is written before anything is hidden, so that an interrupted one is still executed. It
names sessions by their ids and people by hashes, so that a receipt may be stored: it says nothing
about anyone.
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
    """Sessions to erase, by id, and a visitor or user whose sessions so far are erased."""

    sessions: tuple[str, ...] = ()
    visitor_id: str | None = None
    user_id: str | None = None


class NothingToErase(BadInput):
    """A request names nothing, or too much at once."""

    kind = "nothing-to-erase"


class ErasureNotCancellable(LakeError):
    """A request that can be executed cannot be cancelled: erased is erased."""

    kind = "erasure-sound"


class LakeHandle(Protocol):
    """The parts of a lake that a request needs: `lake.reading.lake_snapshot.Lake` has them."""

    store: Store
    settings: Settings
    now_ms: Callable[[], int]


def request_erasure(
    lake: LakeHandle, website_id: str, wanted: ErasureTargets, *, by: str
) -> Receipt:
    """Hide sessions from every answer, and request their removal.

    Of a visitor or a user, all sessions that began until now are erased, including those of which
    nothing has arrived yet. A repeated request makes a second receipt and does no harm:

        request_erasure(lake, "w_1", ErasureTargets(sessions=(session_id,)), by="cli")

    Args:
        by: The actor for the audit log: a key's id, or `cli`.

    Raises:
        WebsiteMissing, StoreUnavailable, Damaged.
        IdMalformed: A session's id is malformed, or of a time in the future.
        NothingToErase: Nothing is named, or more than `SESSIONS_MAX` sessions.
        Held: A legal hold forbids it.
    """
    websites.get(lake.store, website_id)
    now_ms = lake.now_ms()
    sessions = tuple(
        dict.fromkeys(ids.check_uuid7(session, "session") for session in wanted.sessions)
    )
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
    """Write an audit entry, then a request, then its tombstones.

    Args:
        people: Hashes of people, each with the time until which its sessions began, ms since the
            Unix epoch.

    Raises:
        Damaged, StoreUnavailable.
    """
    receipt = Receipt(
        erasure_id=ids.new_uuid7(now_ms),
        website_id=website_id,
        requested_at=iso(now_ms),
        requested_by=by,
        due_at=iso(now_ms + DEADLINE_MS),
        sessions=tuple(sessions),
        people=people,
    )
    # The ids of sessions and people are in the receipt.
    counts = {"sessions": len(receipt.sessions), "people": len(people)}
    audit_entries.record(
        store, website_id, by, "erasure-asked", receipt.erasure_id, counts, now_ms=now_ms
    )
    DOCUMENTS.create(store, keys.erasure_key(website_id, receipt.erasure_id), receipt)
    tombstones.add(store, website_id, sessions=receipt.sessions, people=people)
    failpoints.failpoint("erase-after-tombstone")
    return receipt


def add_dropped_chunks(store: Store, chunks: Mapping[tuple[str, str], int]) -> None:
    """Add chunks that a compaction dropped, by (website, session), to the pending erasure's count.

    Raises:
        Damaged, StoreUnavailable.
    """
    left = dict(chunks)
    for website_id in {website_id for website_id, _ in chunks}:
        for pending_erasure in pending_erasures(store, website_id):
            mine = [
                key for key in left if key[0] == website_id and key[1] in pending_erasure.sessions
            ]
            count = sum(left.pop(key) for key in mine)
            if count:
                with suppress(ObjectMissing):  # done meanwhile
                    DOCUMENTS.change(
                        store,
                        keys.erasure_key(website_id, pending_erasure.erasure_id),
                        partial(_with_chunks, count),
                    )


def _with_chunks(count: int, before: Receipt) -> Receipt:
    return msgspec.structs.replace(before, chunk_count=before.chunk_count + count)


def mark_started(store: Store, asked: Receipt, *, now_ms: int) -> None:
    """Record that a run begins to remove, for anyone who places a legal hold from now on.

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
    """Return the unfinished erasures that may have removed some of a session; None: of any.

    Call it after a hold was placed: then either this returns the run, or the run sees the hold.

    Raises:
        Damaged, StoreUnavailable.
    """
    if session_id is not None and session_id not in tombstones.read(store, website_id).waiting:
        return []
    return [
        pending_erasure
        for pending_erasure in pending_erasures(store, website_id)
        if pending_erasure.started_at
    ]


def cancel(store: Store, website_id: str, erasure_id: str, *, by: str, now_ms: int) -> str | None:
    """Cancel a request that can never be executed as it stands.

    What it hid stays hidden. A new request replaces it for the sessions and people that can be
    erased. For a request that cannot be read, the next maintenance creates the new one.

    Returns:
        The id of the new erasure, None if there is none.

    Raises:
        ErasureMissing: The website has no such request.
        ErasureNotCancellable: It can be executed.
        Damaged, StoreUnavailable.
    """
    key = keys.erasure_key(website_id, erasure_id)
    if not ID_PATTERN.fullmatch(erasure_id) or key not in {item.key for item in store.list(key)}:
        raise ErasureMissing("no such erasure waits")
    erasure_document = DOCUMENTS.read_each(store, [key]).get(key)
    if erasure_document is None:
        raise ErasureMissing("no such erasure waits")
    anew: Receipt | None = None
    if isinstance(erasure_document, Damaged):
        why = "it cannot be read"
    elif erasure_document.defect is None:
        raise ErasureNotCancellable("this erasure can be carried out: it is not cancelled")
    else:
        why = erasure_document.defect
        if erasure_document.valid_sessions or erasure_document.people:
            sessions = sorted(erasure_document.valid_sessions)
            anew = create_request(
                store, website_id, sessions, erasure_document.people, now_ms=now_ms, by=by
            )
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
