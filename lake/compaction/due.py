"""When waiting chunks are due to be compacted: once their session is silent, or they wait long.

A session is best written once, when it is over. The rule stands here only, for the compactor
(`lake.compaction.compactor`) and for whoever decides that a compactor should run. Pure.
"""

from datetime import date

from lake.ids import day_of
from lake.raw.pending_index import PendingSnapshot, day_of_segment
from lake.settings import Settings


def due_at_ms(settings: Settings, *, oldest_us: int, latest_us: int) -> int:
    """Return when a session is due, ms since the Unix epoch.

    Args:
        oldest_us: When the first of its chunks that wait was received, µs since the Unix epoch.
        latest_us: When its last chunk was received.
    """
    settled_ms = latest_us // 1000 + settings.compact_settled_s * 1000
    waited_ms = oldest_us // 1000 + settings.compact_wait_s * 1000
    return min(settled_ms, waited_ms)


def due_days(pending: PendingSnapshot, settings: Settings, now_ms: int) -> dict[date, int]:
    """Return the days in which something is due, each with the moment of what became due last.

    A chunk that waits only because its segment also holds another session's chunks still counts:
    the moment tells whether anything became due since somebody looked last. A segment that cannot
    be read is due at once; its moment is 0.
    """
    days: dict[date, int] = {}
    for key in pending.damaged:
        day = day_of_segment(key)
        if day is not None:
            days.setdefault(day, 0)
    for (_, session_id), waiting in pending.sessions.items():
        received = [item.received_chunk.received_at for item in waiting]
        at_ms = due_at_ms(settings, oldest_us=min(received), latest_us=max(received))
        if at_ms <= now_ms:
            day = day_of(session_id)
            days[day] = max(at_ms, days.get(day, 0))
    return dict(sorted(days.items()))
