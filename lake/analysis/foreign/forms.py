"""The detector of what becomes of a foreign page's forms.

An attempt is a click on what submits a form; browsers make one at Enter, too. What the page does
next says what became of it: its answer, the marks and messages that it shows, the field that the
focus jumps to, the end of the form. Where nothing says it, the form counts as submitted, no more.
How each of these looks is told in `lake.analysis.foreign.form_marks`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lake.analysis.foreign.events import (
    CLICK,
    FOCUS,
    INPUT,
    MOUSE,
    MOUSE_DOWN,
    MUTATION,
    TOUCH_START,
    PageEvent,
)
from lake.analysis.foreign.form_marks import (
    button_of,
    form_of,
    is_field,
    is_hidden,
    is_text_field,
    lacks_text,
    says,
    shows_refusal,
)
from lake.analysis.foreign.mirror import Change, Mirror, Node
from lake.analysis.foreign.network import FAILED_FROM, answers_of
from lake.analysis.foreign.paths import path_of
from lake.analysis.occurrences import FormStep

ANSWER_MS = 10_000  # a request later than that is hardly the submission's
REFUSAL_MS = 1000  # until validation has marked the fields
SETTLE_MS = 1000  # after a request that went well: one that fails, or a refusal in its answer
FOCUS_MS = 300  # a browser that refuses a form focuses its first wrong field at once
DOUBLE_MS = 500  # a double click is one attempt
_BLUR = 6
_EMPTIED_MS = 50  # fields that are emptied together are so by the page
_CLOCKS_MS = 50
_CHANGES_MAX = 200  # looked at of one mutation
_LOOKS_MAX = 50  # at all of a form, for one attempt
_FORMS_MAX = 100  # of a page
_FIELDS_MAX = 2000
_PATHS_MAX = 100
_READS = ("GET", "HEAD", "OPTIONS")


@dataclass
class _Attempt:
    """An attempt that is undecided, and what was seen since."""

    form: int
    path: str
    at_ms: float
    is_marked: bool  # some field is marked as invalid, maybe since long
    is_native: bool  # the browser validates, and a required field is empty
    is_touched: bool = False  # the visitor did something else
    has_refused: bool = False  # marks or messages came
    has_focused: bool = False  # the focus jumped to a field
    has_changed: bool = False  # something in the form is another
    has_thanked: bool = False
    is_over: bool = False  # the form is gone, or empty
    is_late: bool = False  # what was to be seen within a second is seen
    emptied_ms: float | None = None
    answered_ms: float | None = None
    status: int | None = None
    looks: int = 0


@dataclass
class _Filled:
    """What a visitor typed into a form that is not sent."""

    path: str
    fields: set[int] = field(default_factory=set)
    is_sent: bool = False


class Forms:
    """Sees one page's events."""

    def __init__(self, page_id: str, mirror: Mirror) -> None:
        self._page_id = page_id
        self._mirror = mirror
        self._attempt: _Attempt | None = None
        self._filled: dict[int, _Filled] = {}
        self._texts: dict[int, bool] = {}  # of each field that was entered: whether it has one
        self._focused: object = None
        self._polled: dict[str, int] = {}  # what the page asks for by itself, and how often
        self._at_ms = 0.0

    def see(self, event: PageEvent) -> Iterator[FormStep]:
        """Look at the next event."""
        self._at_ms = event.at_ms
        yield from self._tick(event.at_ms)
        if event.source == MOUSE:
            yield from self._see_mouse(event.at_ms, event.data)
        elif event.source == INPUT:
            self._see_input(event.at_ms, event.data)
        elif event.source == MUTATION:
            yield from self._see_changes(event.changes[:_CHANGES_MAX])
        else:
            yield from self._see_answers(event)

    def end(self) -> Iterator[FormStep]:
        """The page is left."""
        if self._attempt:
            yield from self._decide(self._attempt, is_leaving=True)
        for filled in self._filled.values():
            yield from self._abandon(filled)
        self._filled.clear()

    # What the visitor does.

    def _see_mouse(self, at_ms: float, data: dict[str, object]) -> Iterator[FormStep]:
        kind, attempt = data.get("type"), self._attempt
        node = self._mirror.get(data.get("id"))
        if kind == _BLUR:
            self._focused = None
        elif kind == FOCUS:
            self._focused = data.get("id")
            is_soon = attempt and not attempt.is_touched and at_ms - attempt.at_ms <= FOCUS_MS
            if attempt and is_soon and node and is_field(node) and self._is_in(node, attempt):
                attempt.has_focused = True
        elif kind in (MOUSE_DOWN, TOUCH_START) and attempt:
            attempt.is_touched = True
        elif kind == CLICK and node:
            form = form_of(node)
            if form and button_of(node, form):
                yield from self._begin(form, at_ms)

    def _begin(self, form: Node, at_ms: float) -> Iterator[FormStep]:
        attempt = self._attempt
        if attempt:
            if attempt.form == form.id and at_ms - attempt.at_ms < DOUBLE_MS:
                return
            yield from self._decide(attempt, is_leaving=False)
        self._attempt = _Attempt(
            form.id,
            path_of(form),
            at_ms,
            is_marked=shows_refusal(form, self._texts),
            is_native="novalidate" not in form.attributes and lacks_text(form, self._texts),
        )
        if form.id in self._filled:
            self._filled[form.id].is_sent = True

    def _see_input(self, at_ms: float, data: dict[str, object]) -> None:
        node = self._mirror.get(data.get("id"))
        if node is None:
            return
        text, is_checked = data.get("text"), data.get("isChecked") is True
        is_box = node.attributes.get("type") in ("checkbox", "radio")
        has_text = is_checked if is_box else bool(text)
        had_text = self._texts.get(node.id, False)
        if node.id in self._texts or len(self._texts) < _FIELDS_MAX:
            self._texts[node.id] = has_text
        if not is_text_field(node):
            return
        form = form_of(node)
        if form is None:
            return
        attempt = self._attempt
        if attempt and attempt.form == form.id and had_text and not has_text:
            self._see_emptied(attempt, at_ms)
        if self._focused != node.id or (attempt and attempt.is_over):
            return  # filled in by the page or the browser
        filled = self._filled.get(form.id)
        if filled is None and has_text and len(self._filled) < _FORMS_MAX:
            filled = self._filled[form.id] = _Filled(path_of(form))
        if filled and has_text:
            filled.is_sent = False
            filled.fields.add(node.id)
        elif filled:
            filled.fields.discard(node.id)

    def _see_emptied(self, attempt: _Attempt, at_ms: float) -> None:
        """The page empties a form that it has taken; a visitor may empty one field."""
        is_together = attempt.emptied_ms is not None and at_ms - attempt.emptied_ms <= _EMPTIED_MS
        is_by_page = not attempt.is_touched and at_ms - attempt.at_ms <= REFUSAL_MS
        attempt.is_over |= is_together or is_by_page
        attempt.emptied_ms = at_ms

    # What the page does.

    def _see_changes(self, changes: list[Change]) -> Iterator[FormStep]:
        attempt = self._attempt
        if attempt:
            self._weigh(attempt, changes)
        if not any(change.what == "removed" for change in changes):
            return
        for number in [number for number in self._filled if self._mirror.get(number) is None]:
            filled = self._filled.pop(number)
            again = _form_among(changes, filled.path)
            if again:  # it was drawn anew
                self._filled[again.id] = filled
            elif not (attempt and attempt.form == number):
                yield from self._abandon(filled)

    def _weigh(self, attempt: _Attempt, changes: list[Change]) -> None:
        form = self._mirror.get(attempt.form)
        if form is None:
            form = _form_among(changes, attempt.path)
            attempt.form = form.id if form else attempt.form
        attempt.is_over |= form is None or is_hidden(form)
        if form is None:
            return
        for change in changes:
            is_inside = change.parent is not None and self._is_in(change.parent, attempt)
            said = says(change)
            attempt.has_thanked |= said == "success"
            if said == "error" or (is_inside and _is_mark(change)):
                attempt.has_refused |= said == "error" or shows_refusal(form, self._texts)
            attempt.has_changed |= is_inside and change.name not in ("class", "aria-invalid")
        if attempt.looks < _LOOKS_MAX and not attempt.is_late:
            attempt.looks += 1
            attempt.is_marked = shows_refusal(form, self._texts)

    def _see_answers(self, event: PageEvent) -> Iterator[FormStep]:
        for answer in answers_of(event):
            attempt = self._attempt
            is_its = attempt and attempt.at_ms - _CLOCKS_MS <= answer.started_at_ms
            if attempt is None or not is_its:
                if answer.path in self._polled or len(self._polled) < _PATHS_MAX:
                    self._polled[answer.path] = self._polled.get(answer.path, 0) + 1
            elif self._polled.get(answer.path, 0) > 1:
                continue
            elif answer.status >= FAILED_FROM:
                yield from self._finish("failed", answer.status)
            elif answer.method not in _READS and attempt.answered_ms is None:
                attempt.answered_ms, attempt.status = answer.ended_at_ms, answer.status
                attempt.has_refused = False

    # What becomes of it.

    def _tick(self, at_ms: float) -> Iterator[FormStep]:
        attempt = self._attempt
        if attempt is None:
            return
        is_settled = attempt.answered_ms is not None and at_ms - attempt.answered_ms > SETTLE_MS
        since_ms = at_ms - attempt.at_ms
        if since_ms > ANSWER_MS + REFUSAL_MS:
            yield from self._decide(attempt, is_leaving=True)
        elif is_settled or (since_ms > REFUSAL_MS and attempt.answered_ms is None):
            yield from self._decide(attempt, is_leaving=False)

    def _decide(self, attempt: _Attempt, *, is_leaving: bool) -> Iterator[FormStep]:
        """Say what an attempt came to, if that can be said; the last time it is asked it must."""
        step = _verdict(attempt)
        if step is None and is_leaving:
            step = "submit"
        if step:
            yield from self._finish(step, attempt.status if step == "succeeded" else None)
        attempt.is_late = True

    def _finish(self, step: str, status: int | None) -> Iterator[FormStep]:
        attempt = self._attempt
        if attempt is None:
            return
        self._attempt = None
        if step == "succeeded":
            self._filled.pop(attempt.form, None)
        elif step != "submit" and attempt.form in self._filled:
            self._filled[attempt.form].is_sent = False
        yield FormStep(self._page_id, attempt.at_ms, attempt.path, step, status)

    def _abandon(self, filled: _Filled) -> Iterator[FormStep]:
        if filled.fields and not filled.is_sent:
            count = len(filled.fields)
            yield FormStep(self._page_id, self._at_ms, filled.path, "abandoned", None, count)

    def _is_in(self, node: Node, attempt: _Attempt) -> bool:
        return any(above.id == attempt.form for above in node.climb())


def _verdict(attempt: _Attempt) -> str | None:
    if attempt.is_over:
        return "succeeded"
    if attempt.answered_ms is not None:
        return "invalid" if attempt.has_refused else "succeeded"
    if attempt.has_refused or (attempt.has_focused and not attempt.has_changed):
        return "invalid"
    if not attempt.is_late and (
        attempt.is_marked or (attempt.is_native and not attempt.has_changed)
    ):
        return "invalid"
    return "succeeded" if attempt.has_thanked else None


def _is_mark(change: Change) -> bool:
    return change.what == "attribute" and change.name in ("class", "aria-invalid")


def _form_among(changes: list[Change], path: str) -> Node | None:
    """Return the form of that path which came with the changes."""
    for change in changes:
        if change.what == "added":
            for node in change.node.descend(_CHANGES_MAX):
                if node.tag == "form" and path_of(node) == path:
                    return node
    return None
