"""Erased sessions that are in the lake again, by a way that nobody foresaw: looked for every night.

A compaction that slept for an hour, a bucket restored from a copy: readers hide it all the same,
and what is found here is erased once more.
"""

from lake import erased, ids, keys, pending
from lake.erasing import ledger, requests
from lake.erasing.ledger import Receipt
from lake.errors import Damaged
from lake.failures import Failures
from lake.plans import plans_of
from lake.settings import Settings
from lake.store import Store
from lake.tables.sessions import keys_in
from lake.tables.table import Table

_DAY_MS = 86_400_000


def ask_again(store: Store, settings: Settings, *, now_ms: int) -> list[Receipt]:
    """Ask for the erasure of what is there again, and forget tombstones that nothing needs.

    Raises:
        Damaged, StoreUnavailable.
    """
    days = max(plan.retention_days for plan in plans_of(settings).values()) + 2
    asked = []
    failures = Failures()
    waiting = ledger.waiting(store)
    for item in list(store.list(keys.ERASED)):
        website_id = keys.website_of_erased(item.key)
        with failures.of(item.key):
            erased.forget(store, website_id, before_ms=now_ms - days * _DAY_MS)
            gone = erased.read(store, website_id)
            expected = {
                one
                for receipt in waiting
                if receipt.website_id == website_id
                for one in receipt.sessions
            }
            back = (_back(store, website_id, gone.sessions) | gone.waiting) - expected
            if back:
                asked.append(
                    requests.ask(
                        store, website_id, sorted(back), {}, now_ms=now_ms, by="maintenance"
                    )
                )
    failures.raise_first()
    return asked


def _back(store: Store, website_id: str, sessions: frozenset[str]) -> set[str]:
    if not sessions:
        return set()
    snapshot = Table(store, "sessions").snapshot()
    found = {one for _, one in keys_in(snapshot, ((website_id, one) for one in sessions))}
    days = {ids.day_of(one) for one in sessions}
    for day in days:
        for item in store.list(keys.session_prefix(day, website_id)):
            parsed = keys.parse_session_file_key(item.key)
            if parsed is not None and parsed.session_id in sessions:
                found.add(parsed.session_id)
        items = [
            item
            for prefix in (keys.raw_prefix(day), keys.quarantine_prefix(day))
            for item in store.list(prefix)
            if keys.parse_segment_key(item.key)
        ]
        for got in pending.read(store, items).values():
            if got is None or isinstance(got, Damaged):
                continue
            found |= {
                one.arrival.session_id
                for one in got
                if one.arrival.website_id == website_id and one.arrival.session_id in sessions
            }
    return found
