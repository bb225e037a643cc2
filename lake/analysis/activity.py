"""Stub."""

from typing import NamedTuple


class ActivityFound(NamedTuple):
    """Stub."""

    active_ms: int
    strip: str


class Activity:
    """Stub."""

    def see(self, at_ms: float) -> None:
        """Stub."""

    def end(self, first_at_ms: float, last_at_ms: float) -> ActivityFound:
        """Stub."""
        return ActivityFound(0, "0" * 60)
