"""Detector of form steps: submitted, invalid, failed, succeeded or abandoned.

An attempt is a click on a submit button; browsers make one at Enter too. Its outcome follows from
the page's next changes: a response, validation marks and messages, the focus of a field, the
removal of the form. Without evidence the form counts as submitted. The markup is read in
`lake.analysis.inferred.form_fields`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lake.analysis.dom.dom_tree import DomTree
from lake.analysis.dom.element_paths import path_of
from lake.analysis.dom.nodes import Change, Node
from lake.analysis.events import FormStep
from lake.analysis.inferred.detector_events import (
    CLICK,
    FOCUS,
    INPUT,
    MOUSE,
    MOUSE_DOWN,
    MUTATION,
    TOUCH_START,
    PageEvent,
)
from lake.analysis.inferred.form_attempts import CHANGES_MAX, FormAttempt, forms_among
from lake.analysis.inferred.form_fields import (
    button_of,
    form_of,
    has_texts,
    is_field,
    is_hidden,
    is_text_field,
    is_validated,
    lacks_text,
    shows_invalid,
)
from lake.analysis.inferred.network import FAILED_FROM, responses_of
from lake.raw.rrweb_events import FULL_SNAPSHOT

RESPONSE_MS = 10_000  # a later request is hardly the submission's
REFUSAL_MS = 1000  # until validation has marked the fields
SETTLE_MS = 1000  # after a successful request: another may fail, or a message refuse it
FOCUS_MS = 300  # a browser that refuses a form focuses its first invalid field at once
_BLUR = 6
_EMPTIED_MS = 50  # fields that are emptied together are emptied by the page
_CLOCKS_MS = 50
_FORMS_MAX = 100  # of a page
_FIELDS_MAX = 2000
_PATHS_MAX = 100
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


@dataclass
class _FilledForm:
    """A form that the visitor filled in and has not sent."""

    path: str
    fields: set[int] = field(default_factory=set)
    is_sent: bool = False


class FormDetector:
    """Detects the form steps of one page."""

    def __init__(self, page_id: str, tree: DomTree) -> None:
        self._page_id = page_id
        self._tree = tree
        self._attempt: FormAttempt | None = None
        self._filled: dict[int, _FilledForm] = {}
        self._texts: dict[int, bool] = {}  # by field that received input: whether it has text
        self._focused: object = None
        self._polled: dict[str, int] = {}  # requests of the page itself, by path: how often
        self._at_ms = 0.0
        self._forms_by_node: dict[
            int, Node | None
        ] = {}  # cache: form of each node, until the tree changes

    def see(self, event: PageEvent) -> Iterator[FormStep]:
        """Return the form steps that the next event confirms."""
        self._at_ms = event.at_ms
        yield from self._tick(event.at_ms)
        if event.source == MOUSE:
            yield from self._see_mouse(event.at_ms, event.data)
        elif event.source == INPUT:
            yield from self._see_input(event.at_ms, event.data)
        elif event.source == MUTATION:
            if any(change.what in ("added", "removed") for change in event.changes):
                self._forms_by_node.clear()
            yield from self._see_changes(event.changes[:CHANGES_MAX])
        elif event.kind == FULL_SNAPSHOT:
            self._forms_by_node.clear()
        else:
            yield from self._see_responses(event)

    def end(self) -> Iterator[FormStep]:
        """Return the steps that the page's end confirms."""
        if self._attempt:
            yield from self._decide(self._attempt, is_last=True)
        for filled in self._filled.values():
            yield from self._abandon(filled)
        self._filled.clear()

    # Actions of the visitor.

    def _see_mouse(self, at_ms: float, data: dict[str, object]) -> Iterator[FormStep]:
        kind, attempt = data.get("type"), self._attempt
        node = self._tree.get(data.get("id"))
        if kind == _BLUR:
            self._focused = None
        elif kind == FOCUS:
            self._focused = data.get("id")
            is_soon = attempt and not attempt.is_touched and at_ms - attempt.at_ms <= FOCUS_MS
            if attempt and is_soon and node and is_field(node) and attempt.is_around(node):
                attempt.has_focused = True
        elif kind in (MOUSE_DOWN, TOUCH_START) and attempt:
            attempt.is_touched = True
        elif kind == CLICK and node:
            form = self._form_of(node)
            button = button_of(node, form) if form else None
            if form and button:
                yield from self._begin(form, button, at_ms)

    def _begin(self, form: Node, button: Node, at_ms: float) -> Iterator[FormStep]:
        attempt = self._attempt
        if attempt:
            yield from self._decide(attempt, goes_on=True)
        self._attempt = FormAttempt(
            form.id,
            button.id,
            path_of(form),
            at_ms,
            is_marked=shows_invalid(form, self._texts),
            is_validated=is_validated(form),
            is_lacking=lacks_text(form, self._texts),
            was_hidden=is_hidden(form),
        )
        if form.id in self._filled:
            self._filled[form.id].is_sent = True

    def _see_input(self, at_ms: float, data: dict[str, object]) -> Iterator[FormStep]:
        node = self._tree.get(data.get("id"))
        form = self._form_of(node) if node else None
        if node is None or form is None:
            return
        is_box = node.attributes.get("type") in ("checkbox", "radio")
        has_text = data.get("isChecked") is True if is_box else bool(data.get("text"))
        had_text = self._texts.get(node.id, False)
        if node.id in self._texts or len(self._texts) < _FIELDS_MAX:
            self._texts[node.id] = has_text
        if not is_text_field(node):
            return
        attempt = self._attempt if self._attempt and self._attempt.form == form.id else None
        if attempt and had_text and not has_text:
            self._see_emptied(attempt, form, at_ms)
        if self._focused != node.id:
            return  # filled in by the page or the browser
        if attempt and attempt.is_late:
            yield from self._decide(attempt, goes_on=True)
        filled = self._filled.get(form.id)
        if filled is None and has_text and len(self._filled) < _FORMS_MAX:
            filled = self._filled[form.id] = _FilledForm(path_of(form))
        if filled and has_text:
            filled.is_sent = False
            if len(filled.fields) < _FIELDS_MAX:
                filled.fields.add(node.id)
        elif filled:
            filled.fields.discard(node.id)

    def _see_emptied(self, attempt: FormAttempt, form: Node, at_ms: float) -> None:
        """Record that the page emptied the form: all of it on success, the password on refusal."""
        is_together = attempt.emptied_ms is not None and at_ms - attempt.emptied_ms <= _EMPTIED_MS
        attempt.emptied_ms = at_ms
        if is_together or (not attempt.is_touched and at_ms - attempt.at_ms <= REFUSAL_MS):
            attempt.is_emptied = not has_texts(form, self._texts)

    # Changes of the page.

    def _see_changes(self, changes: list[Change]) -> Iterator[FormStep]:
        attempt = self._attempt
        if attempt:
            attempt.see_changes(changes, self._tree, self._texts)
        if not any(change.what == "removed" for change in changes):
            return
        lost = [number for number in self._filled if self._tree.get(number) is None]
        added = forms_among(changes) if lost else {}
        for number in lost:
            filled = self._filled.pop(number)
            replacement = added.get(filled.path)
            if replacement:  # it was rendered again
                self._filled[replacement.id] = filled
            elif not (attempt and attempt.form == number):
                yield from self._abandon(filled)

    def _see_responses(self, event: PageEvent) -> Iterator[FormStep]:
        for response in responses_of(event):
            attempt = self._attempt
            is_its = attempt and attempt.at_ms - _CLOCKS_MS <= response.started_at_ms
            if attempt is None or not is_its:
                if response.path in self._polled or len(self._polled) < _PATHS_MAX:
                    self._polled[response.path] = self._polled.get(response.path, 0) + 1
                continue
            if self._polled.get(response.path, 0) > 1:
                continue
            attempt.has_reacted = True
            if response.status >= FAILED_FROM:
                yield from self._finish("failed", response.status)
            elif response.method not in _SAFE_METHODS and attempt.answered_ms is None:
                attempt.answered_ms, attempt.status = response.ended_at_ms, response.status
                attempt.has_refused = False

    # Outcomes.

    def _tick(self, at_ms: float) -> Iterator[FormStep]:
        attempt = self._attempt
        if attempt is None:
            return
        is_settled = attempt.answered_ms is not None and at_ms - attempt.answered_ms > SETTLE_MS
        since_ms = at_ms - attempt.at_ms
        if since_ms > RESPONSE_MS + REFUSAL_MS:
            yield from self._decide(attempt, is_last=True)
        elif is_settled or (since_ms > REFUSAL_MS and attempt.answered_ms is None):
            yield from self._decide(attempt)

    def _decide(
        self, attempt: FormAttempt, *, goes_on: bool = False, is_last: bool = False
    ) -> Iterator[FormStep]:
        """Finish an attempt if its outcome is clear.

        Args:
            attempt: The present attempt.
            goes_on: The visitor continues with its form.
            is_last: No more evidence will come.
        """
        step = attempt.verdict(goes_on=goes_on, is_last=is_last)
        if step is None and is_last:
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

    def _form_of(self, node: Node) -> Node | None:
        if node.id not in self._forms_by_node:
            self._forms_by_node[node.id] = form_of(node)
        return self._forms_by_node[node.id]

    def _abandon(self, filled: _FilledForm) -> Iterator[FormStep]:
        if filled.fields and not filled.is_sent:
            count = len(filled.fields)
            yield FormStep(self._page_id, self._at_ms, filled.path, "abandoned", None, count)
