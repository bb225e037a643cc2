"""What a page does in answer to clicks: all of its changes but those that it makes by itself.

Answers are changes of the DOM and of its style, scrolling, another document, what was entered,
played or selected, and the focus of a field. Who asked is told in
`lake.analysis.inferred.person_clicks`.
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
# After so long it is sure what was an answer: moves of the mouse are told twice a second.
CONFIRM_MS = 600
_DOCUMENT_LOADED = 0  # rrweb's type of the event that a new document begins with
_REACTIONS_MAX = 300  # kept; a page that stirs more often within two seconds is never silent
_CHANGES_MAX = 500  # looked at of one mutation
_MOVED_MS = 100  # between a move of the mouse and what the page makes of it
_OFFSET_MS_MAX = 60_000  # of a move that is told late; more is no time
_AT_ONCE_MS = 150  # from the button's going down to what a click turned
_RHYTHM_MS_MIN = 400
_PAUSE_MS = 300  # scrolling that rests so long has ended
_SCROLLERS_MAX = 100
_FIELD_TAGS = ("input", "textarea", "select")
_REPEATED_SOURCES = (INPUT, MEDIA, CANVAS, STYLE_DECLARATION, *RULES)


class _Reaction(NamedTuple):
    """Something that happened. `is_doubtful` until it is clear that no mouse has moved by it.

    `rhythm_ms`: the shortest pause, where the page was about to do it by itself anyway.
    """

    at_ms: float
    is_selection: bool
    is_doubtful: bool
    rhythm_ms: float | None = None


class _ScrollRun(NamedTuple):
    """Scrolling without a rest."""

    last_ms: float
    is_asked: bool


class PageResponses:
    """Remembers what happened on a page in the last seconds, and what it does by itself."""

    def __init__(self, tree: DomTree) -> None:
        self._tree = tree
        self._habits = BackgroundActivity()
        self._stirs: deque[_Reaction] = deque(maxlen=_REACTIONS_MAX)
        self._unasked: deque[tuple[float, BackgroundPattern, Node]] = deque(maxlen=50)
        self._runs: dict[object, _ScrollRun] = {}
        self._asked_ms = float("-inf")
        self._has_selection = False
        self._href: object = None

    def has_changed(self, since_ms: float, until_ms: float, *, with_selections: bool) -> bool:
        """Whether something answered at that time, both ends included."""
        return any(
            since_ms <= stir.at_ms <= until_ms and (with_selections or not stir.is_selection)
            for stir in self._stirs
            if stir.rhythm_ms is None
        )

    def has_turned(self, since_ms: float, until_ms: float) -> bool:
        """Whether something changed at once at that time, in no hurry when it is left alone.

        A carousel turns by itself and when it is clicked; a clock ticks too fast to tell.
        """
        return any(
            since_ms <= stir.at_ms <= min(until_ms, since_ms + _AT_ONCE_MS)
            for stir in self._stirs
            if stir.rhythm_ms is not None and stir.rhythm_ms >= _RHYTHM_MS_MIN
        )

    def has_selected(self, since_ms: float, until_ms: float) -> bool:
        """Whether text was selected at that time."""
        return any(stir.is_selection and since_ms <= stir.at_ms <= until_ms for stir in self._stirs)

    def ask(self, at_ms: float) -> None:
        """Somebody presses: what comes within a second may be the answer."""
        self._asked_ms = at_ms

    def see_script(self, at_ms: float, node: object) -> None:
        """A script clicks for its own reasons: to answer, or as it does again and again."""
        self._see_sign(at_ms, (self._place(node), "click"), None)

    def see(self, event: PageEvent) -> None:
        """Look at the next event."""
        at_ms, source, data = event.at_ms, event.source, event.data
        if source == MUTATION:
            self._see_changes(at_ms, event.changes)
        elif source in MOVES:
            self._see_moves(at_ms, data.get("positions"))
        elif source == MOUSE:
            if data.get("type") == FOCUS and self._is_field(data):
                self._stir(at_ms)
        elif source == SCROLL:
            self._see_scroll(at_ms, _hashable(data.get("id")))
        elif source in _REPEATED_SOURCES:
            self._see_sign(at_ms, (self._place(data.get("id")), source), None)
        elif source == SELECTION:
            self._see_selection(at_ms, data.get("ranges"))
        elif source == RESIZE or event.kind == _DOCUMENT_LOADED:
            self._stir(at_ms)
        elif event.kind == META:
            # A checkpoint repeats the address.
            if self._href is not None and data.get("href") != self._href:
                self._stir(at_ms)
            self._href = data.get("href")

    def _see_changes(self, at_ms: float, changes: list[Change]) -> None:
        shown = filter(is_shown, islice(changes, _CHANGES_MAX))
        signs = {signature_of(change): change.node for change in shown}
        for sign, node in signs.items():
            self._see_sign(at_ms, sign, node)

    def _see_sign(self, at_ms: float, sign: Hashable, node: Node | None) -> None:
        is_asked = at_ms <= self._asked_ms + RESPONSE_MS
        if is_asked:
            known = self._habits.get(sign)
            if known is None or not known.is_due(at_ms):
                self._stir(at_ms, is_doubtful=known is not None and known.is_hover)
                return
            self._stirs.append(_Reaction(at_ms, False, False, known.gap_ms_min))
        habit = self._habits.note(sign, at_ms, is_asked=is_asked)
        if node and not is_asked:
            self._unasked.append((at_ms, habit, node))

    def _see_moves(self, at_ms: float, positions: object) -> None:
        """Settle what was doubtful, and learn which changes the mouse makes."""
        if not self._unasked and not any(stir.is_doubtful for stir in self._stirs):
            return
        moves = list(islice(_moves(at_ms, positions), 100))
        if not moves:
            return
        since_ms, until_ms = moves[0][0] - _MOVED_MS, moves[-1][0] + _MOVED_MS
        kept = (s for s in self._stirs if not (s.is_doubtful and since_ms <= s.at_ms <= until_ms))
        self._stirs = deque(list(kept), maxlen=_REACTIONS_MAX)
        under: set[Node] = set()
        for number in {number for _, number in moves if type(number) is int}:
            node = self._tree.get(number)
            for element in node.climb() if node else ():
                if element in under or element.tag == DOCUMENT_TAG:
                    break  # what that is in is known
                if element.tag != TEXT_TAG:
                    under.add(element)
        for noted_ms, habit, changed in self._unasked:
            if since_ms <= noted_ms <= until_ms:
                # What the mouse was over needs no second time to be known for its own.
                habit.hovers += HOVERS_MIN if changed in under else 1
        self._unasked.clear()

    def _stir(self, at_ms: float, *, is_selection: bool = False, is_doubtful: bool = False) -> None:
        self._stirs.append(_Reaction(at_ms, is_selection, is_doubtful))

    def _see_scroll(self, at_ms: float, node: Hashable) -> None:
        run = self._runs.pop(node, None)
        if run is None or at_ms - run.last_ms > _PAUSE_MS:
            run = _ScrollRun(at_ms, is_asked=at_ms <= self._asked_ms + RESPONSE_MS)
        self._runs[node] = _ScrollRun(at_ms, run.is_asked)
        if len(self._runs) > _SCROLLERS_MAX:
            del self._runs[next(iter(self._runs))]
        # A click into a page that is rolling already has not made it roll.
        if run.is_asked:
            self._stir(at_ms)

    def _see_selection(self, at_ms: float, ranges: object) -> None:
        """A caret that moves is invisible; a selection that comes or goes is not."""
        has = isinstance(ranges, list) and any(map(_is_selection, ranges))
        if has:
            self._stir(at_ms, is_selection=True)
        elif self._has_selection:
            self._stir(at_ms)
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
