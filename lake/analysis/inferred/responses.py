"""Responses of a page to clicks: all changes except those that it makes by itself.

Responses are changes of the DOM and of styles, scrolling, another document, input, media,
selections, and the focus of a field. `lake.analysis.inferred.person_clicks` detects the clicks.
"""

from collections import deque
from collections.abc import Hashable, Iterator
from itertools import islice
from typing import NamedTuple

from lake.analysis.dom.dom_tree import DomTree
from lake.analysis.dom.element_paths import is_editable
from lake.analysis.dom.nodes import DOCUMENT_TAG, TEXT_TAG, Change, Node
from lake.analysis.dom.visibility import is_shown
from lake.analysis.inferred.background_activity import (
    HOVERS_MIN,
    BackgroundActivity,
    BackgroundPattern,
    signature_of,
)
from lake.analysis.inferred.detector_events import (
    CANVAS,
    FOCUS,
    INPUT,
    MEDIA,
    MOUSE,
    MOVES,
    MUTATION,
    RESIZE,
    RULES,
    SCROLL,
    SELECTION,
    STYLE_DECLARATION,
    PageEvent,
)
from lake.raw.rrweb_events import META

RESPONSE_MS = 1000  # the product's definition of a dead click
# A response is confirmed after this time: mouse moves are reported twice a second.
CONFIRM_MS = 600
_DOCUMENT_LOADED = 0  # rrweb's event type at the beginning of a document
_REACTIONS_MAX = 300  # a page with more within two seconds never rests
_CHANGES_MAX = 500  # read of one mutation
_MOVED_MS = 100  # between a mouse move and its effect
_OFFSET_MS_MAX = 60_000  # of a mouse move; more is implausible
_AT_ONCE_MS = 150  # from mouse down to the change of a carousel
_RHYTHM_MS_MIN = 400
_PAUSE_MS = 300  # a longer pause ends a scroll
_SCROLLERS_MAX = 100
_FIELD_TAGS = ("input", "textarea", "select")
_REPEATED_SOURCES = (INPUT, MEDIA, CANVAS, STYLE_DECLARATION, *RULES)


class _Reaction(NamedTuple):
    """A visible change. `is_doubtful` until it is clear that no mouse move caused it.

    `rhythm_ms`: the shortest interval, where the change was due in the background anyway.
    """

    at_ms: float
    is_selection: bool
    is_doubtful: bool
    rhythm_ms: float | None = None


class _ScrollRun(NamedTuple):
    """Scrolling without a pause."""

    last_ms: float
    follows_click: bool


class PageResponses:
    """The changes of a page in the last seconds, and its background activity."""

    def __init__(self, tree: DomTree) -> None:
        self._tree = tree
        self._patterns = BackgroundActivity()
        self._reactions: deque[_Reaction] = deque(maxlen=_REACTIONS_MAX)
        self._unasked: deque[tuple[float, BackgroundPattern, Node]] = deque(maxlen=50)
        self._runs: dict[object, _ScrollRun] = {}
        self._pressed_ms = float("-inf")
        self._has_selection = False
        self._href: object = None

    def has_changed(self, since_ms: float, until_ms: float, *, with_selections: bool) -> bool:
        """Whether the page responded in that time, both ends included."""
        return any(
            since_ms <= reaction.at_ms <= until_ms
            and (with_selections or not reaction.is_selection)
            for reaction in self._reactions
            if reaction.rhythm_ms is None
        )

    def has_turned(self, since_ms: float, until_ms: float) -> bool:
        """Whether a slow background pattern changed at once in that time.

        A carousel turns by itself and on a click; a clock ticks too fast to distinguish.
        """
        return any(
            since_ms <= reaction.at_ms <= min(until_ms, since_ms + _AT_ONCE_MS)
            for reaction in self._reactions
            if reaction.rhythm_ms is not None and reaction.rhythm_ms >= _RHYTHM_MS_MIN
        )

    def has_selected(self, since_ms: float, until_ms: float) -> bool:
        """Whether text was selected in that time."""
        return any(
            reaction.is_selection and since_ms <= reaction.at_ms <= until_ms
            for reaction in self._reactions
        )

    def record_press(self, at_ms: float) -> None:
        """Record a press: changes within a second may be the response."""
        self._pressed_ms = at_ms

    def see_script(self, at_ms: float, node: object) -> None:
        """Record the click of a script: a response, or background activity."""
        self._see_sign(at_ms, (self._place(node), "click"), None)

    def see(self, event: PageEvent) -> None:
        """Record the changes of the next event."""
        at_ms, source, data = event.at_ms, event.source, event.data
        if source == MUTATION:
            self._see_changes(at_ms, event.changes)
        elif source in MOVES:
            self._see_moves(at_ms, data.get("positions"))
        elif source == MOUSE:
            if data.get("type") == FOCUS and self._is_field(data):
                self._record_reaction(at_ms)
        elif source == SCROLL:
            self._see_scroll(at_ms, _hashable(data.get("id")))
        elif source in _REPEATED_SOURCES:
            self._see_sign(at_ms, (self._place(data.get("id")), source), None)
        elif source == SELECTION:
            self._see_selection(at_ms, data.get("ranges"))
        elif source == RESIZE or event.kind == _DOCUMENT_LOADED:
            self._record_reaction(at_ms)
        elif event.kind == META:
            # A new snapshot repeats the address.
            if self._href is not None and data.get("href") != self._href:
                self._record_reaction(at_ms)
            self._href = data.get("href")

    def _see_changes(self, at_ms: float, changes: list[Change]) -> None:
        shown = filter(is_shown, islice(changes, _CHANGES_MAX))
        signs = {signature_of(change): change.node for change in shown}
        for signature, node in signs.items():
            self._see_sign(at_ms, signature, node)

    def _see_sign(self, at_ms: float, signature: Hashable, node: Node | None) -> None:
        follows_click = at_ms <= self._pressed_ms + RESPONSE_MS
        if follows_click:
            cached = self._patterns.get(signature)
            if cached is None or not cached.is_due(at_ms):
                self._record_reaction(at_ms, is_doubtful=cached is not None and cached.is_hover)
                return
            self._reactions.append(_Reaction(at_ms, False, False, cached.gap_ms_min))
        pattern = self._patterns.note(signature, at_ms, follows_click=follows_click)
        if node and not follows_click:
            self._unasked.append((at_ms, pattern, node))

    def _see_moves(self, at_ms: float, positions: object) -> None:
        """Drop doubtful reactions that a mouse move explains, and learn hover patterns."""
        if not self._unasked and not any(reaction.is_doubtful for reaction in self._reactions):
            return
        moves = list(islice(_moves(at_ms, positions), 100))
        if not moves:
            return
        since_ms, until_ms = moves[0][0] - _MOVED_MS, moves[-1][0] + _MOVED_MS
        certain = (
            r for r in self._reactions if not (r.is_doubtful and since_ms <= r.at_ms <= until_ms)
        )
        self._reactions = deque(list(certain), maxlen=_REACTIONS_MAX)
        under: set[Node] = set()
        for number in {number for _, number in moves if type(number) is int}:
            node = self._tree.get(number)
            for element in node.climb() if node else ():
                if element in under or element.tag == DOCUMENT_TAG:
                    break  # its ancestors are in the set already
                if element.tag != TEXT_TAG:
                    under.add(element)
        for noted_ms, pattern, changed in self._unasked:
            if since_ms <= noted_ms <= until_ms:
                # A change under the mouse counts as a hover effect at once.
                pattern.hovers += HOVERS_MIN if changed in under else 1
        self._unasked.clear()

    def _record_reaction(
        self, at_ms: float, *, is_selection: bool = False, is_doubtful: bool = False
    ) -> None:
        self._reactions.append(_Reaction(at_ms, is_selection, is_doubtful))

    def _see_scroll(self, at_ms: float, node: Hashable) -> None:
        run = self._runs.pop(node, None)
        if run is None or at_ms - run.last_ms > _PAUSE_MS:
            run = _ScrollRun(at_ms, follows_click=at_ms <= self._pressed_ms + RESPONSE_MS)
        self._runs[node] = _ScrollRun(at_ms, run.follows_click)
        if len(self._runs) > _SCROLLERS_MAX:
            del self._runs[next(iter(self._runs))]
        # A click during a scroll did not start it.
        if run.follows_click:
            self._record_reaction(at_ms)

    def _see_selection(self, at_ms: float, ranges: object) -> None:
        """Record a selection that appears or disappears; a moving caret is invisible."""
        has = isinstance(ranges, list) and any(map(_is_selection, ranges))
        if has:
            self._record_reaction(at_ms, is_selection=True)
        elif self._has_selection:
            self._record_reaction(at_ms)
        self._has_selection = has

    def _place(self, number: object) -> int:
        node = self._tree.get(number)
        return node.place if node else 0

    def _is_field(self, data: dict[str, object]) -> bool:
        node = self._tree.get(data.get("id"))
        return node is not None and (node.tag in _FIELD_TAGS or is_editable(node))


def _moves(at_ms: float, positions: object) -> Iterator[tuple[float, object]]:
    for position in positions if isinstance(positions, list) else ():
        if isinstance(position, dict):
            offset_ms = position.get("timeOffset")
            if not isinstance(offset_ms, (int, float)) or abs(offset_ms) > _OFFSET_MS_MAX:
                offset_ms = 0
            yield at_ms + offset_ms, position.get("id")


def _is_selection(range_: object) -> bool:
    if not isinstance(range_, dict):
        return False
    start, end = (
        (range_.get("start"), range_.get("startOffset")),
        (range_.get("end"), range_.get("endOffset")),
    )
    return start != end


def _hashable(value: object) -> Hashable:
    return value if isinstance(value, (int, str)) else None
