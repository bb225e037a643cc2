"""Rage clicks: three or more in one place within half a second, that did not help.

What makes a burst is decided where the clicks are seen: by our recorder on the page, for streams of
others in `lake.analysis.inferred.click_bursts`. One signal is one burst, however long it went on.
"""

from collections.abc import Iterator

from lake.analysis.events import Burst, Occurrence, Signal

KIND = "rage_click"


class RageClick:
    """Every burst is one."""

    def see(self, occurrence: Occurrence) -> Iterator[Signal]:
        """Return the signal of a burst."""
        if isinstance(occurrence, Burst):
            page_id, at_ms, x, y, target, text, count = occurrence
            yield Signal(KIND, page_id, at_ms, target, text, x, y, {"clicks": count})

    def end(self) -> Iterator[Signal]:
        """Nothing waits for the session's end."""
        yield from ()
