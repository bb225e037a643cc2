"""What a foreign page scrolls in answer to a click: links to its own places, "back to the top".

rrweb does not tell who scrolls. Scrolling that begins right at a click is taken for the page's own
until it rests; what a page scrolls with nobody near it cannot be told from a wheel.
"""

from collections.abc import Hashable, Iterator

from lake.analysis.dom.dom_tree import DomTree
from lake.analysis.events import OwnScroll
from lake.analysis.inferred.detector_events import CLICK, MOUSE, SCROLL, PageEvent

_LED_MS = 200  # from the click to the first place; rrweb looks ten times a second
_REST_MS = 300
_SCROLLERS_MAX = 100


class ScrollDetector:
    """The detector of what a page scrolls itself."""

    def __init__(self, page_id: str, tree: DomTree) -> None:
        del tree  # who scrolls is told by when
        self._page_id = page_id
        self._clicked_ms = float("-inf")
        self._runs: dict[Hashable, tuple[float, bool]] = {}  # by node: last seen, led by a click

    def see(self, event: PageEvent) -> Iterator[OwnScroll]:
        """Look at the next event."""
        if event.source == MOUSE and event.data.get("type") == CLICK:
            self._clicked_ms = event.at_ms
        node = event.data.get("id")
        if event.source != SCROLL or type(node) is not int:
            return
        at_ms = event.at_ms
        last_ms, is_led = self._runs.pop(node, (float("-inf"), False))
        if at_ms - last_ms > _REST_MS or not is_led:
            is_led = at_ms - self._clicked_ms <= _LED_MS
        self._runs[node] = at_ms, is_led
        if len(self._runs) > _SCROLLERS_MAX:
            del self._runs[next(iter(self._runs))]
        if is_led:
            yield OwnScroll(self._page_id, at_ms, node)

    def end(self) -> Iterator[OwnScroll]:
        """Nothing waits for the page's end."""
        yield from ()
