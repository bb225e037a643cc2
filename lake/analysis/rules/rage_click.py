"""Rage clicks: three or more in one place within half a second that had no effect.

Bursts are detected by our recorder on the page, and for other recorders in
`lake.analysis.inferred.click_bursts`. One signal is one burst, however long it lasted.
"""

from collections.abc import Iterator

from lake.analysis.events import Burst, Occurrence, Signal

KIND = "rage_click"


class RageClick:
    """One signal per burst."""

    def see(self, occurrence: Occurrence) -> Iterator[Signal]:
        """Return the signal of a burst."""
        if isinstance(occurrence, Burst):
            page_id, at_ms, x, y, target, text, count = occurrence
            yield Signal(KIND, page_id, at_ms, target, text, x, y, {"clicks": count})

    def end(self) -> Iterator[Signal]:
        """Return nothing: no burst is pending."""
        yield from ()
