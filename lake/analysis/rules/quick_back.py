"""Quick back: a page that is left by Back within five seconds was not what one looked for.

Where nobody told of Back it is read from the addresses: A, B, and A again, if no deed on B led
there.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lake.analysis.event_order import ReorderBuffer
from lake.analysis.events import Click, FormStep, Navigation, Occurrence, Signal

SHOWN_MS_MAX = 5000
LED_MS_MAX = 1500  # from a click on a link, or a form that is sent, to the page that it leads to
REDIRECT_MS_MAX = 500  # a page that sends one back does it sooner than a person reads a word
_STEPS_MAX = 50  # that are remembered of the way here
_PAGES_MAX = 64


@dataclass
class _HistoryEntry:
    """One step of the way: an address shown on a page, and when the last deed there was."""

    page_id: str
    at_ms: float
    url: str
    deed_at_ms: float = float("-inf")


class QuickBack:
    """One signal per page that was left so; its time is when that page was shown."""

    def __init__(self) -> None:
        self._in_order = ReorderBuffer(Click, FormStep, Navigation)
        self._way: list[_HistoryEntry] = []  # as the browser's history: Back takes steps away
        self._urls: dict[str, str] = {}  # what each page shows

    def see(self, occurrence: Occurrence) -> Iterator[Signal]:
        """Look at views and clicks as they happened."""
        for one in self._in_order.see(occurrence):
            yield from self._see_next(one)

    def end(self) -> Iterator[Signal]:
        """Look at those that were waited for."""
        for one in self._in_order.end():
            yield from self._see_next(one)

    def _see_next(self, one: Occurrence) -> Iterator[Signal]:
        if isinstance(one, Navigation):
            yield from self._see_view(one)
        elif self._way and self._way[-1].page_id == one.page_id:
            self._way[-1].deed_at_ms = one.at_ms

    def _see_view(self, view: Navigation) -> Iterator[Signal]:
        url = _without_anchor(view.url)
        # A page tells its address at each snapshot; only another one, or Back, is a step.
        if self._urls.pop(view.page_id, None) != url or view.is_back:
            yield from self._step(view, url)
        if len(self._urls) >= _PAGES_MAX:
            del self._urls[next(iter(self._urls))]
        self._urls[view.page_id] = url

    def _step(self, view: Navigation, url: str) -> Iterator[Signal]:
        way = self._way
        if way and way[-1].url == url:
            way[-1].page_id = view.page_id  # a reload
        elif len(way) > 1 and way[-2].url == url and _is_back(view, way[-1]):
            left = way.pop()
            way[-1].page_id = view.page_id
            shown_ms = view.at_ms - left.at_ms
            if shown_ms <= SHOWN_MS_MAX:
                evidence = {"url": left.url, "shown_ms": round(shown_ms)}
                yield Signal(
                    "quick_back", left.page_id, left.at_ms, None, None, None, None, evidence
                )
        else:
            self._way = [*way[1 - _STEPS_MAX :], _HistoryEntry(view.page_id, view.at_ms, url)]


def _is_back(view: Navigation, left: _HistoryEntry) -> bool:
    if view.is_back is not None:
        return view.is_back
    return (
        REDIRECT_MS_MAX < view.at_ms - left.at_ms <= SHOWN_MS_MAX
        and view.at_ms - left.deed_at_ms > LED_MS_MAX
    )


def _without_anchor(url: str) -> str:
    """Return a URL without its fragment, unless that is a router's address."""
    before, _, fragment = url.partition("#")
    return url if fragment.startswith(("/", "!")) else before
