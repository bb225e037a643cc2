"""Rule for when pending chunks are due: their session is silent, or they have waited long.

A session is best written once, when it is over. This is the only place of the rule. The compactor
(`lake.compaction.compactor`) uses it, and so does the sensor that starts compactions. Pure.
"""

from collections.abc import Iterable
from datetime import date

from lake.ids import day_of
from lake.raw.pending_index import PendingChunk, PendingSnapshot, day_of_segment
from lake.sessions.merge import ChunkUnion
from lake.settings import Settings


def due_at_ms(settings: Settings, *, oldest_us: int, latest_us: int) -> int:
    """Return when a session is due, ms since the Unix epoch.

    Args:
        oldest_us: Receipt of the session's oldest pending chunk, µs since the Unix epoch.
        latest_us: Receipt of its newest chunk, µs since the Unix epoch.
    """
    settled_ms = latest_us // 1000 + settings.compact_settled_s * 1000
    waited_ms = oldest_us // 1000 + settings.compact_wait_s * 1000
    return min(settled_ms, waited_ms)


def is_due(
    settings: Settings, union: ChunkUnion, pending: Iterable[PendingChunk], now_ms: int
) -> bool:
    """Whether a session is due; one without new chunks is, as nothing has to be written."""
    if not union.new:
        return True
    due_ms = due_at_ms(
        settings,
        oldest_us=min(received_chunk.received_at for received_chunk in union.new),
        latest_us=max(chunk.received_chunk.received_at for chunk in pending),
    )
    return now_ms >= due_ms


def due_days(pending: PendingSnapshot, settings: Settings, now_ms: int) -> dict[date, int]:
    """Return the days with due chunks, each with the time at which the last of them became due.

    Times are ms since the Unix epoch. A caller that remembers the time can tell whether more became
    due since. A chunk that stays only because its segment also has another session's chunks counts
    too. A segment that cannot be read is due at once, with time 0.
    """
    days: dict[date, int] = {}
    for key in pending.damaged:
        day = day_of_segment(key)
        if day is not None:
            days.setdefault(day, 0)
    for (_, session_id), chunks in pending.sessions.items():
        received = [chunk.received_chunk.received_at for chunk in chunks]
        at_ms = due_at_ms(settings, oldest_us=min(received), latest_us=max(received))
        if at_ms <= now_ms:
            day = day_of(session_id)
            days[day] = max(at_ms, days.get(day, 0))
    return dict(sorted(days.items()))
