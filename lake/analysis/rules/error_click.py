"""Error clicks: the page throws an error within a second of a click."""

from collections.abc import Iterator
from dataclasses import dataclass

from lake.analysis.event_order import ReorderBuffer
from lake.analysis.events import Burst, Click, Error, Occurrence, Signal

ERROR_MS_MAX = 1000  # after the click
BURST_MS = 500  # the duration of a burst's clicks
_CLICKS_MAX = 50  # within that time


@dataclass
class _RecentClick:
    click: Click | Burst
    has_signal: bool = False


class ErrorClick:
    """One signal per click, with the first error after it and before the next click."""

    def __init__(self) -> None:
        self._in_order = ReorderBuffer(Click, Burst, Error)
        self._clicks: list[_RecentClick] = []

    def see(self, occurrence: Occurrence) -> Iterator[Signal]:
        """Return the signals of the errors that are due."""
        for due in self._in_order.see(occurrence):
            yield from self._see_next(due)

    def end(self) -> Iterator[Signal]:
        """Return the signals of the remaining errors."""
        for due in self._in_order.end():
            yield from self._see_next(due)

    def _see_next(self, occurrence: Occurrence) -> Iterator[Signal]:
        if isinstance(occurrence, Error):
            recent_click = self._click_before(occurrence)
            if recent_click is not None and not recent_click.has_signal:
                recent_click.has_signal = True
                page_id, at_ms, x, y, target, text, *_ = recent_click.click
                evidence = {"message": occurrence.message}
                yield Signal("error_click", page_id, at_ms, target, text, x, y, evidence)
        elif isinstance(occurrence, Click | Burst):
            since = occurrence.at_ms - ERROR_MS_MAX
            recent = [earlier for earlier in self._clicks if earlier.click.at_ms >= since]
            self._clicks = [*recent, _RecentClick(occurrence)][-_CLICKS_MAX:]

    def _click_before(self, error: Error) -> _RecentClick | None:
        """Return the last click before an error, or its burst where no click was recorded."""
        burst: _RecentClick | None = None
        for recent_click in reversed(self._clicks):
            if recent_click.click.page_id != error.page_id:
                continue
            since_ms = error.at_ms - recent_click.click.at_ms
            if isinstance(recent_click.click, Click):
                return recent_click if since_ms <= ERROR_MS_MAX else burst
            if since_ms <= BURST_MS:
                burst = burst or recent_click
        return burst
