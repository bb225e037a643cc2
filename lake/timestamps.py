"""Convert instants to text and days, and clamp those of a browser's clock. Pure."""

from datetime import UTC, date, datetime

# How far a browser's clock may be from the server's. A dead battery's is off by decades; beyond a
# century neither a calendar nor a sum of microseconds is safe.
CLOCK_OFF_MS_MAX = 100 * 365 * 86_400_000


def iso(at_ms: int) -> str:
    """Return ISO 8601 in UTC to the ms: `2026-11-23T09:26:40.000Z`."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_iso(text: str) -> datetime:
    """Read ISO 8601; without an offset it is UTC.

    Raises:
        ValueError: It is no time, or none that UTC has a date for.
    """
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text[:40]!r} is beyond the calendar") from error


def clamp_to_session(at_ms: float, began_ms: int) -> int:
    """Return a time of a browser's clock in whole ms, clamped to a century around its session.

    Totals and lists are computed from clamped times; events keep their own.

    Args:
        began_ms: When the session began, the server's clock: the time in its id.
    """
    return int(min(max(at_ms, began_ms - CLOCK_OFF_MS_MAX), began_ms + CLOCK_OFF_MS_MAX))


def utc_day(at_ms: int) -> date:
    """Return the UTC day that holds an instant, ms since the Unix epoch."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).date()
