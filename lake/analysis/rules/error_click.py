"""Error click: a click, and within a second an error of the page."""

from collections.abc import Iterator
from dataclasses import dataclass

from lake.analysis.event_order import ReorderBuffer
from lake.analysis.events import Burst, Click, Error, Occurrence, Signal

ERROR_MS_MAX = 1000  # after the click
BURST_MS = 500  # the clicks of a burst are within them
_CLICKS_MAX = 50  # within that time; nobody clicks so often


@dataclass
class _RecentClick:
    click: Click | Burst
    is_told: bool = False


class ErrorClick:
    """One signal per click, with the first error that came after it and before the next click."""

    def __init__(self) -> None:
        self._in_order = ReorderBuffer(Click, Burst, Error)
        self._presses: list[_RecentClick] = []

    def see(self, occurrence: Occurrence) -> Iterator[Signal]:
        """Look at clicks and errors as they happened."""
        for one in self._in_order.see(occurrence):
            yield from self._see_next(one)

    def end(self) -> Iterator[Signal]:
        """Look at those that were waited for."""
        for one in self._in_order.end():
            yield from self._see_next(one)

    def _see_next(self, one: Occurrence) -> Iterator[Signal]:
        if isinstance(one, Error):
            press = self._press_before(one)
            if press is not None and not press.is_told:
                press.is_told = True
                page_id, at_ms, x, y, target, text, *_ = press.click
                evidence = {"message": one.message}
                yield Signal("error_click", page_id, at_ms, target, text, x, y, evidence)
        elif isinstance(one, Click | Burst):
            since = one.at_ms - ERROR_MS_MAX
            recent = [press for press in self._presses if press.click.at_ms >= since]
            self._presses = [*recent, _RecentClick(one)][-_CLICKS_MAX:]

    def _press_before(self, error: Error) -> _RecentClick | None:
        """Return the last click before an error; the burst it is in where no click was told."""
        burst: _RecentClick | None = None
        for press in reversed(self._presses):
            if press.click.page_id != error.page_id:
                continue
            since_ms = error.at_ms - press.click.at_ms
            if isinstance(press.click, Click):
                return press if since_ms <= ERROR_MS_MAX else burst
            if since_ms <= BURST_MS:
                burst = burst or press
        return burst
