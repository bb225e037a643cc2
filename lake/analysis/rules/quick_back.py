"""Quick back: a page is left by the Back button within five seconds.

Where the recording does not name Back, it is inferred from the URLs: A, B and A again, unless an
action on B led there.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lake.analysis.event_order import ReorderBuffer
from lake.analysis.events import Click, FormStep, Navigation, Occurrence, Signal

SHOWN_MS_MAX = 5000
LED_MS_MAX = 1500  # from a click on a link, or a sent form, to the next page
REDIRECT_MS_MAX = 500  # a redirect is faster than a person
_STEPS_MAX = 50  # of the history
_PAGES_MAX = 64


@dataclass
class _HistoryEntry:
    """One entry of the history: a URL shown on a page, and the time of the last action there."""

    page_id: str
    at_ms: float
    url: str
    action_at_ms: float = float("-inf")


class QuickBack:
    """One signal per page that was left by Back, at the time when it was shown."""

    def __init__(self) -> None:
        self._in_order = ReorderBuffer(Click, FormStep, Navigation)
        self._history: list[_HistoryEntry] = []  # like the browser's: Back removes entries
        self._urls: dict[str, str] = {}  # the URL that each page shows

    def see(self, occurrence: Occurrence) -> Iterator[Signal]:
        """Return the signals of the navigations that are due."""
        for due in self._in_order.see(occurrence):
            yield from self._see_next(due)

    def end(self) -> Iterator[Signal]:
        """Return the signals of the remaining navigations."""
        for due in self._in_order.end():
            yield from self._see_next(due)

    def _see_next(self, occurrence: Occurrence) -> Iterator[Signal]:
        if isinstance(occurrence, Navigation):
            yield from self._see_view(occurrence)
        elif self._history and self._history[-1].page_id == occurrence.page_id:
            self._history[-1].action_at_ms = occurrence.at_ms

    def _see_view(self, view: Navigation) -> Iterator[Signal]:
        url = _without_anchor(view.url)
        # A page repeats its URL at each snapshot; only another URL, or Back, is a navigation.
        if self._urls.pop(view.page_id, None) != url or view.is_back:
            yield from self._step(view, url)
        if len(self._urls) >= _PAGES_MAX:
            del self._urls[next(iter(self._urls))]
        self._urls[view.page_id] = url

    def _step(self, view: Navigation, url: str) -> Iterator[Signal]:
        history = self._history
        if history and history[-1].url == url:
            history[-1].page_id = view.page_id  # a reload
        elif len(history) > 1 and history[-2].url == url and _is_back(view, history[-1]):
            left = history.pop()
            history[-1].page_id = view.page_id
            shown_ms = view.at_ms - left.at_ms
            if shown_ms <= SHOWN_MS_MAX:
                evidence = {"url": left.url, "shown_ms": round(shown_ms)}
                yield Signal(
                    "quick_back", left.page_id, left.at_ms, None, None, None, None, evidence
                )
        else:
            self._history = [
                *history[1 - _STEPS_MAX :],
                _HistoryEntry(view.page_id, view.at_ms, url),
            ]


def _is_back(view: Navigation, left: _HistoryEntry) -> bool:
    if view.is_back is not None:
        return view.is_back
    return (
        REDIRECT_MS_MAX < view.at_ms - left.at_ms <= SHOWN_MS_MAX
        and view.at_ms - left.action_at_ms > LED_MS_MAX
    )


def _without_anchor(url: str) -> str:
    """Return a URL without its fragment, unless that is a router's address."""
    before, _, fragment = url.partition("#")
    return url if fragment.startswith(("/", "!")) else before
