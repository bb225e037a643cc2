"""Compaction of one day: its pending chunks become session files and table rows.

The day's sessions are compacted in slices of whole sessions (`lake.compaction.batches`), so that
memory does not depend on the day's size. `lake.compaction.compactor` explains why a crash or
another compactor does no harm.
"""

from collections.abc import Callable
from datetime import date

from lake import ids
from lake.compaction.batches import chunk_slices, segment_windows
from lake.compaction.compactor import Compactor
from lake.compaction.expiry import DayExpiry
from lake.compaction.report import CompactionReport
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store


def pending_days(store: Store) -> list[date]:
    """Return the days that have segments, oldest first.

    Raises:
        StoreUnavailable.
    """
    parsed = (keys.parse_segment_key(item.key) for item in store.list(keys.RAW))
    return sorted({segment[0] for segment in parsed if segment})


def compact_day(
    store: Store,
    settings: Settings,
    day: date,
    *,
    now_ms: int,
    settled_only: bool = False,
    report: Callable[[CompactionReport], None] = lambda _: None,
) -> CompactionReport:
    """Compact the pending chunks of the sessions that began on `day` (UTC).

    Safe to run twice or at once:

        done = compact_day(store, settings, date(2026, 11, 23), now_ms=now_ms())

    Args:
        now_ms: The server's clock, ms since the Unix epoch.
        settled_only: Leave sessions that still receive chunks, until `compact_wait_s` is over.
        report: Called from time to time with what is done so far.

    Raises:
        Conflict: Other writers were faster many times in a row; run it again.
        Damaged: A table cannot be read: `replaylake rebuild` makes it anew. No chunk is lost.
        StoreUnavailable: The store failed; run it again.
    """
    done = CompactionReport(day=day)
    compactor = Compactor(store, settings, done, now_ms=now_ms, settled_only=settled_only)
    expiry = DayExpiry(store, settings, day, now_ms=now_ms)
    chunks_max = settings.compact_chunks_max
    listing = (i for i in store.list(keys.raw_prefix(day)) if keys.parse_segment_key(i.key))
    for window in segment_windows(store, listing, chunks_max):
        for key, damage in window.damaged.items():
            compactor.quarantine_segment(key, damage)
        for website_id, session_id in window.sessions:
            if not ids.is_uuid7(session_id):
                reason = "its id has no day: run `replaylake repair`"
                done.failed[f"{website_id}/{session_id}"] = reason
        expired = expiry.expired_among(window.sessions)
        done.failed |= expiry.failed
        wanted = [
            key
            for key, pending in window.sessions.items()
            if ids.is_uuid7(key[1]) and key not in expired and compactor.is_maybe_due(pending)
        ]
        finished = set(expired)
        for chunks in chunk_slices(store, window, wanted, chunks_max):
            finished |= compactor.run(chunks)
            report(done)
        compactor.delete(window.owners, finished, expired)
        report(done)
    return done
