"""A day is compacted: the chunks that wait in its segments become session files and rows.

Its sessions are taken some at a time, whole ones (`lake.compaction.batches`), so that memory does
not depend on the day's size. How some are brought into the lake, and why a crash or another
compactor does no harm, stands in `lake.compaction.compactor`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from lake import ids
from lake.compaction.batches import chunk_slices, segment_windows
from lake.compaction.compactor import Compactor
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store

_LARGEST = 10


@dataclass(kw_only=True)
class CompactionReport:
    """What a compaction did.

    `received_bytes` are payloads, `written_bytes` session files, `raw_bytes` the JSON in them.
    `quarantined_count` are chunks that were not in quarantine before, but for those of segments
    that went there whole. `failed` names these segments, and sessions that stay as they were, each
    with the reason.
    """

    day: date
    session_count: int = 0
    chunk_count: int = 0
    quarantined_count: int = 0
    quarantined_segment_count: int = 0
    expired_count: int = 0
    erased_count: int = 0
    segment_count: int = 0
    conflict_count: int = 0
    received_bytes: int = 0
    written_bytes: int = 0
    raw_bytes: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    largest: list["LargestSession"] = field(default_factory=list)

    def add_largest(self, website_id: str, session_id: str, file_bytes: int, events: int) -> None:
        """Remember a written session if it is among the largest."""
        mine = LargestSession(file_bytes, events, website_id, session_id)
        others = [one for one in self.largest if one.session_id != session_id]
        self.largest = sorted([*others, mine], key=lambda one: one.file_bytes)[-_LARGEST:]


@dataclass(frozen=True)
class LargestSession:
    """One of the largest sessions that a compaction wrote."""

    file_bytes: int
    event_count: int
    website_id: str
    session_id: str


def pending_days(store: Store) -> list[date]:
    """Return the days that have segments, oldest first."""
    parsed = (keys.parse_segment_key(item.key) for item in store.list(keys.RAW))
    return sorted({found[0] for found in parsed if found})


def compact_day(
    store: Store,
    settings: Settings,
    day: date,
    *,
    now_ms: int,
    settled_only: bool = False,
    report: Callable[[CompactionReport], None] = lambda _: None,
) -> CompactionReport:
    """Compact what waits of the sessions that began on `day`. Safe to run twice or at once.

    Args:
        now_ms: The server's clock.
        settled_only: Leave sessions that still go on, until `compact_wait_s` is over.
        report: Called now and then as work goes on.

    Raises:
        Conflict: Other writers were faster many times in a row; run it again.
        Damaged: A table cannot be read: `replaylake rebuild` makes it anew. No chunk is lost.
        StoreUnavailable: The store failed; run it again.
    """
    done = CompactionReport(day=day)
    compactor = Compactor(store, settings, done, now_ms=now_ms, settled_only=settled_only)
    chunks_max = settings.compact_chunks_max
    listing = (i for i in store.list(keys.raw_prefix(day)) if keys.parse_segment_key(i.key))
    for window in segment_windows(store, listing, chunks_max):
        for key, damage in window.damaged.items():
            compactor.put_aside(key, damage)
        for website_id, session_id in window.sessions:
            if not ids.is_uuid7(session_id):
                reason = "its id has no day: run `replaylake repair`"
                done.failed[f"{website_id}/{session_id}"] = reason
        expired = {key for key in window.sessions if compactor.is_expired(key)}
        wanted = [
            key
            for key, seen in window.sessions.items()
            if ids.is_uuid7(key[1]) and key not in expired and compactor.is_maybe_due(seen)
        ]
        finished = set(expired)
        for part in chunk_slices(store, window, wanted, chunks_max):
            finished |= compactor.run(part)
            report(done)
        compactor.delete(window.owners, finished, expired)
        report(done)
    return done
