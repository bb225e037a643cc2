"""What somebody asked to be erased, and the receipt: who asked when, and what became of it.

A request is written before anything is hidden, so that one that was cut off is still carried out.
It names sessions by their ids and people by hashes: a receipt may be kept, and tells nothing.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from lake import audit, crash, erased, holds, ids, keys, websites
from lake.chunks import user_id_of
from lake.documents import Documents
from lake.erasing import targets
from lake.errors import BadInput, Held, Missing, ObjectMissing
from lake.store import Store
from lake.times import iso

if TYPE_CHECKING:
    from lake.view import Lake

SESSIONS_MAX = 10_000
DEADLINE_MS = 24 * 3600 * 1000


class Targets(NamedTuple):
    """What is to be erased: sessions by id, and all sessions of a visitor or a user so far."""

    sessions: tuple[str, ...] = ()
    visitor_id: str | None = None
    user_id: str | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure. `done_at` is null until no byte is left.

    Counts are of what was removed, by all runs that it took; of a run that was killed they may
    miss some. Of erasures that one run carried out together, the first has them all.
    `chunk_count` are chunks outside session files: they waited, were put aside, or came later and
    were dropped by compaction.

    `unreadable_count` are objects of those days that nobody could read any more; they went too.
    `waits_for` is what the last run had to leave, and why.
    """

    erasure_id: str
    website_id: str
    requested_at: str
    requested_by: str
    due_at: str
    sessions: tuple[str, ...] = ()
    people: dict[str, int] = {}
    done_at: str | None = None
    waits_for: str | None = None
    session_count: int = 0
    row_count: int = 0
    file_count: int = 0
    file_bytes: int = 0
    chunk_count: int = 0
    table_file_count: int = 0
    unreadable_count: int = 0


class NothingToErase(BadInput):
    """An erasure names nothing, or too much at once."""

    kind = "nothing-to-erase"


class ErasureMissing(Missing):
    """No erasure has this id."""

    kind = "erasure-missing"


DOCUMENTS = Documents(Receipt, "erasure")


def request(lake: "Lake", website_id: str, wanted: Targets, *, by: str) -> Receipt:
    """Hide what is named from every answer, and ask for its removal.

    All of a visitor's or a user's sessions that began until now are meant, those included of
    which nothing arrived yet. Asking again makes a second receipt and does no harm.

    Args:
        by: Who asks: a key's id, or the command line.

    Raises:
        WebsiteMissing, StoreUnavailable, Damaged.
        IdMalformed: A session's id has not the form of one.
        NothingToErase: Or more than `SESSIONS_MAX` sessions.
        Held: A legal hold forbids it.
    """
    websites.get(lake.store, website_id)
    now_ms = lake.now_ms()
    sessions = tuple(dict.fromkeys(ids.check_uuid7(one, "session") for one in wanted.sessions))
    people = {
        erased.person("visitor", wanted.visitor_id): now_ms,
        erased.person("user", user_id_of(wanted.user_id)): now_ms,
    }
    people.pop("", None)
    if not sessions and not people:
        raise NothingToErase("name a session, a visitor or a user")
    if len(sessions) > SESSIONS_MAX:
        raise NothingToErase(f"{len(sessions)} sessions: name at most {SESSIONS_MAX} at once")
    if people:
        sessions = tuple(sorted({*sessions, *targets.of_people(lake.store, website_id, people)}))
    _refuse_held(lake.store, website_id, sessions)
    return ask(lake.store, website_id, sessions, people, now_ms=now_ms, by=by)


def ask(
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
    audit.record(store, website_id, by, "erasure-asked", receipt.erasure_id, counts, now_ms=now_ms)
    DOCUMENTS.create(store, keys.erasure_key(website_id, receipt.erasure_id), receipt)
    erased.add(store, website_id, sessions=receipt.sessions, people=people)
    crash.point("erase-after-tombstone")
    return receipt


def count_dropped(store: Store, chunks: Mapping[tuple[str, str], int]) -> None:
    """Count chunks of (website, session) that a compaction dropped with the erasure that waits.

    Raises:
        Damaged, StoreUnavailable.
    """
    left = dict(chunks)
    for website_id in {website_id for website_id, _ in chunks}:
        for one in waiting(store, website_id):
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


def waiting(store: Store, website_id: str | None = None) -> list[Receipt]:
    """Return the erasures that wait to be carried out, a website's oldest first.

    Args:
        website_id: Whose; None for everybody's.

    Raises:
        Damaged, StoreUnavailable.
    """
    prefix = keys.ERASURES if website_id is None else keys.erasures_prefix(website_id)
    return list(DOCUMENTS.all(store, prefix))


def receipt_of(store: Store, website_id: str, erasure_id: str) -> Receipt:
    """Return an erasure of a website.

    Raises:
        ErasureMissing: The website has none with this id.
        Damaged, StoreUnavailable.
    """
    missing = ErasureMissing("no such erasure")
    try:
        ids.check_uuid7(erasure_id, "erasure")
    except BadInput as error:
        raise missing from error
    # It moves from one place to the other, and stands in both for a moment.
    done, waits = keys.receipt_key(website_id, erasure_id), keys.erasure_key(website_id, erasure_id)
    for key in (done, waits, done):
        with suppress(ObjectMissing):
            return DOCUMENTS.read(store, key)
    raise missing


def receipts(store: Store, website_id: str, *, limit: int = 100) -> list[Receipt]:
    """Return a website's erasures, newest first.

    Raises:
        Damaged, StoreUnavailable.
    """
    prefixes = keys.erasures_prefix(website_id), keys.receipts_prefix(website_id)
    # Their ids begin with their time.
    found = {
        item.key.removeprefix(prefix).removesuffix(".json")
        for prefix in prefixes
        for item in store.list(prefix)
    }
    newest = []
    for one in sorted(found, reverse=True)[:limit]:
        with suppress(ErasureMissing):  # no document of ours
            newest.append(receipt_of(store, website_id, one))
    return newest


def _refuse_held(store: Store, website_id: str, sessions: Iterable[str]) -> None:
    held = holds.of(store, website_id)
    if any(held.holds(session_id) for session_id in sessions):
        raise Held(
            "a legal hold keeps a session that would be erased: `replaylake hold list` shows it, "
            "`replaylake hold release` ends it"
        )
