"""Execution of erasures: all pending ones of a website together, until no byte is left.

A first pass removes what is stored. Chunks that ingest had accepted, and compactions that had
begun, arrive until the services have read the new tombstones. A second pass removes those, and only
then is the erasure done. A run that was interrupted is repeated. Sessions under a legal hold wait
for its release.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import msgspec

from lake import failpoints
from lake.control import tombstones
from lake.erasure import ledger, lookup, requests
from lake.erasure.ledger import DOCUMENTS, HeldSession, Receipt
from lake.erasure.removal import Removed, remove_sessions
from lake.erasure.table_purge import purge
from lake.errors import LakeError, ObjectMissing
from lake.settings import Settings
from lake.storage import keys, scratch
from lake.storage.base import Store
from lake.storage.failures import Failures
from lake.storage.local import LocalStore
from lake.timestamps import iso

_COMMIT_MS = 2_000  # chunks that ingest had accepted are written by then
_PASSES_MAX = 5
_NAMED_MAX = 5

Report = Callable[[str], None]


def execute_pending_requests(
    store: Store,
    settings: Settings,
    *,
    now_ms: Callable[[], int],
    sleep: Callable[[float], None] = time.sleep,
    report: Report = lambda _: None,
    failures: Failures | None = None,
) -> list[Receipt]:
    """Execute all pending erasures; return their receipts. Safe to run twice or at once.

    A failure concerns one website: its receipts have `failed`, and the others are executed.

    Args:
        now_ms: A clock, ms since the Unix epoch.
        sleep: Waits for a number of seconds.
        failures: Gets the websites that failed; None: the first error is raised at the end.

    Raises:
        Conflict: Other writers were faster each time; run it again.
        Damaged, StoreUnavailable.
    """
    by_website: dict[str, list[Receipt]] = {}
    for pending_erasure in ledger.pending_erasures(store):
        by_website.setdefault(pending_erasure.website_id, []).append(pending_erasure)
    done = ledger.unreadable_erasures(store)
    mine_failed = failures or Failures()
    for website_id, mine in by_website.items():
        with mine_failed.of(f"erasures of {website_id}"):
            try:
                done += execute_requests(
                    store, settings, mine, now_ms=now_ms, sleep=sleep, report=report
                )
            except Exception as error:
                done += _record_failure(store, mine, error)
                raise
    if failures is None:
        mine_failed.raise_first()
    return done


def execute_requests(
    store: Store,
    settings: Settings,
    erasures: Iterable[Receipt],
    *,
    now_ms: Callable[[], int],
    sleep: Callable[[float], None] = time.sleep,
    report: Report = lambda _: None,
) -> list[Receipt]:
    """Execute erasures of one website together; the first receipt has the counts of all.

    Raises:
        Conflict, Damaged, StoreUnavailable.
    """
    mine = list(erasures)
    total = Removed()
    try:
        result = _remove_all(
            store, settings, mine, total, now_ms=now_ms, sleep=sleep, report=report
        )
    except LakeError:
        with suppress(LakeError):  # the store may be what failed
            _record_counts(store, mine[0], total)
        raise
    failpoints.failpoint("erase-before-receipt")
    others = Removed(left=total.left, held=total.held)
    return [
        _receipt(store, entry, result[entry.erasure_id], others if number else total, now_ms())
        for number, entry in enumerate(mine)
    ]


def _remove_all(
    store: Store,
    settings: Settings,
    mine: list[Receipt],
    total: Removed,
    *,
    now_ms: Callable[[], int],
    sleep: Callable[[float], None],
    report: Report,
) -> dict[str, set[str]]:
    """Remove the sessions of all erasures, adding to `total`; return those of each erasure."""
    website_id = mine[0].website_id
    result = {item.erasure_id: item.valid_sessions for item in mine}
    settled_ms = now_ms() + settings.control_cache_s * 1000 + _COMMIT_MS
    for number in range(_PASSES_MAX):
        for item in mine:
            if item.people:
                result[item.erasure_id] |= lookup.sessions_of_people(store, website_id, item.people)
                if not number:  # files of an older version become no more
                    result[item.erasure_id] |= lookup.sessions_in_old_files(
                        store, website_id, item.people
                    )
            tombstones.add(store, website_id, sessions=result[item.erasure_id], people=item.people)
            with suppress(ObjectMissing):  # done by another run
                requests.mark_started(store, item, now_ms=now_ms())
        sessions = set().union(*result.values())
        report(f"{website_id}: {len(sessions)} sessions, pass {number + 1}")
        removed = Removed()
        try:
            remove_sessions(store, website_id, sessions, removed)
        finally:
            total.counts = total.counts.plus(removed.counts)
        if (number and removed.is_empty) or sessions <= removed.held.keys():
            break
        if (wait_s := (settled_ms - now_ms()) / 1000) > 0:
            report(f"{website_id}: waits {wait_s:.0f} s for chunks on their way")
            sleep(wait_s)
    total.held = removed.held
    sessions -= total.held.keys()
    table_file_count, left = purge(
        store, website_id, sessions, now_ms=now_ms(), grace_s=settings.orphan_grace_s
    )
    total.count(table_file_count=table_file_count)
    total.left = [*removed.left, *left]
    if isinstance(store, LocalStore):
        store.sweep_tmp(settings.orphan_grace_s)
    scratch.remove_abandoned()
    if not total.left:
        # Sessions of a request that was created meanwhile may have bytes again.
        again = {
            s
            for item in ledger.pending_erasures(store)
            if item.erasure_id not in result
            for s in item.sessions
        }
        tombstones.mark_removed(store, website_id, sessions - again)
    return result


def _receipt(
    store: Store, asked: Receipt, sessions: set[str], removed: Removed, now_ms: int
) -> Receipt:
    """Write the outcome into the receipt; counts of earlier runs are added."""
    waits_at = keys.erasure_key(asked.website_id, asked.erasure_id)
    done_at = keys.receipt_key(asked.website_id, asked.erasure_id)
    try:
        before = DOCUMENTS.read(store, waits_at)
    except ObjectMissing:
        return DOCUMENTS.read(store, done_at)  # another run was faster
    held = tuple(removed.held[session] for session in sorted(sessions & removed.held.keys()))
    is_done = not (removed.left or held or before.defect)
    after = msgspec.structs.replace(
        before,
        sessions=tuple(sorted({*sessions, *before.sessions})),
        session_count=len(sessions),
        done_at=iso(now_ms) if is_done else None,
        waits_for="; ".join(_waits_for(removed.left, held)) or None,
        held=held,
        failed=before.defect,
        **msgspec.structs.asdict(before.plus(removed.counts)),
    )
    if not is_done:
        store.put(waits_at, msgspec.json.encode(after))
        return after
    DOCUMENTS.create(store, done_at, after)
    store.delete([waits_at])
    return after


def _waits_for(left: list[str], held: tuple[HeldSession, ...]) -> list[str]:
    """Return the first reasons why an erasure is not done."""
    reasons = dict.fromkeys((item.hold, item.reason) for item in held)
    holds = [f"the legal hold on the {hold}, {reason!r}" for hold, reason in reasons]
    return [*left[:_NAMED_MAX], *holds[:_NAMED_MAX]]


def _record_failure(store: Store, mine: list[Receipt], error: Exception) -> list[Receipt]:
    """Record in the requests that a run failed; its log has the details."""
    kind = error.kind if isinstance(error, LakeError) else type(error).__name__
    failed = f"the last run failed ({kind}); it is tried again"
    noted = []
    for item in mine:
        with suppress(LakeError):  # done meanwhile, or the store is what failed
            noted.append(
                DOCUMENTS.change(
                    store,
                    keys.erasure_key(item.website_id, item.erasure_id),
                    lambda before: msgspec.structs.replace(before, failed=before.defect or failed),
                )
            )
    return noted


def _record_counts(store: Store, asked: Receipt, removed: Removed) -> None:
    """Record what a failed run removed, as the next run cannot count it."""
    DOCUMENTS.change(
        store,
        keys.erasure_key(asked.website_id, asked.erasure_id),
        lambda before: msgspec.structs.replace(
            before, **msgspec.structs.asdict(before.plus(removed.counts))
        ),
    )
