"""Scrolls that a page makes after a click: links to anchors, "back to the top".

rrweb does not record who scrolls. Scrolling that begins right after a click counts as the page's
own until it pauses; other scrolling by scripts cannot be distinguished from the wheel.
"""

from collections.abc import Hashable, Iterator

from lake.analysis.dom.dom_tree import DomTree
from lake.analysis.events import OwnScroll
from lake.analysis.inferred.detector_events import CLICK, MOUSE, SCROLL, PageEvent

_LED_MS = 200  # from the click to the first position; rrweb samples ten times a second
_REST_MS = 300
_SCROLLERS_MAX = 100


class ScrollDetector:
    """Detects scrolls that the page makes itself."""

    def __init__(self, page_id: str, tree: DomTree) -> None:
        del tree  # only times matter
        self._page_id = page_id
        self._clicked_ms = float("-inf")
        self._runs: dict[Hashable, tuple[float, bool]] = {}  # by node: last seen, led by a click

    def see(self, event: PageEvent) -> Iterator[OwnScroll]:
        """Return the page's own scroll of an event, if it is one."""
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
        """Return nothing: no scroll is pending."""
        yield from ()
