"""The server's instants as text and as days. Pure; the browser's clock never passes here."""

from datetime import UTC, date, datetime


def iso(at_ms: int) -> str:
    """Return ISO 8601 in UTC to the ms: `2026-11-23T09:26:40.000Z`."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant(text: str) -> datetime:
    """Read ISO 8601; without an offset it is UTC.

    Raises:
        ValueError: It is no time, or none that UTC has a date for.
    """
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text[:40]!r} is beyond the calendar") from error


def utc_day(at_ms: int) -> date:
    """Return the UTC day that holds an instant, ms since the Unix epoch."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).date()
