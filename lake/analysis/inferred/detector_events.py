"""Input of detectors: events that are decoded and applied to the page's DOM.

The numbers are those of rrweb's `IncrementalSource` and `MouseInteractions`.
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from lake.analysis.dom.nodes import Change
from lake.analysis.events import Occurrence

MUTATION, MOUSE_MOVE, MOUSE, SCROLL, RESIZE, INPUT, TOUCH_MOVE, MEDIA = range(8)
STYLE_RULE, CANVAS, DRAG, STYLE_DECLARATION, SELECTION, ADOPTED_STYLES = 8, 9, 12, 13, 14, 15
MOVES = (MOUSE_MOVE, TOUCH_MOVE, DRAG)
RULES = (STYLE_RULE, ADOPTED_STYLES)
MOUSE_UP, MOUSE_DOWN, CLICK, CONTEXT_MENU, FOCUS = 0, 1, 2, 3, 5
TOUCH_START, TOUCH_END, TOUCH_CANCEL = 7, 9, 10


class PageEvent(NamedTuple):
    """One event. `kind` is rrweb's type, `source` that of an incremental event, else -1.

    `data` may have any shape. `changes` are those of a mutation.
    """

    at_ms: float
    kind: int
    source: int
    data: dict[str, object]
    changes: list[Change]


class Detector(Protocol):
    """Detects occurrences of one kind on one page, in bounded memory."""

    def see(self, event: PageEvent) -> Iterable[Occurrence]:
        """Read the next event; return the occurrences that it confirms."""

    def end(self) -> Iterable[Occurrence]:
        """Return the occurrences that only the page's end confirms."""
