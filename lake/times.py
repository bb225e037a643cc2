"""The server's instants as text and as days. Pure; the browser's clock never passes here."""

from datetime import UTC, date, datetime


def iso(at_ms: int) -> str:
    """Return ISO 8601 in UTC to the ms: `2026-11-23T09:26:40.000Z`."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_day(at_ms: int) -> date:
    """Return the UTC day that holds an instant, ms since the Unix epoch."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).date()
