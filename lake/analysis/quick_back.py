"""Stub."""

from collections.abc import Iterable

from lake.analysis.occurrences import Occurrence, Signal


class QuickBack:
    """Stub."""

    def see(self, occurrence: Occurrence) -> Iterable[Signal]:
        """Stub."""
        return ()

    def end(self) -> Iterable[Signal]:
        """Stub."""
        return ()
