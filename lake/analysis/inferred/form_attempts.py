"""One attempt to submit a form: the evidence since, and its outcome.

Evidence is validation marks and messages, the focus, changes of the form, and responses to
requests. `lake.analysis.inferred.form_detector` detects the attempts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lake.analysis.dom.dom_tree import DomTree
from lake.analysis.dom.element_paths import path_of
from lake.analysis.dom.nodes import Change, Node
from lake.analysis.inferred.form_fields import is_hidden, message_kind_of, shows_invalid

CHANGES_MAX = 200  # read of one mutation
_CHECKS_MAX = 50  # of a form's validation marks, per attempt


@dataclass
class FormAttempt:
    """An undecided attempt and its evidence."""

    form: int
    button: int
    path: str
    at_ms: float
    is_marked: bool  # a field is marked as invalid, possibly from before
    is_validated: bool  # by the browser
    is_lacking: bool  # a required field is empty
    was_hidden: bool  # as far as its markup says
    is_touched: bool = False  # the visitor acted elsewhere
    has_refused: bool = False  # marks or messages appeared
    has_focused: bool = False  # the focus jumped to a field
    has_changed: bool = False  # something in the form changed, except its button
    has_reacted: bool = False  # the page did anything
    shows_success: bool = False
    is_gone: bool = False
    is_emptied: bool = False  # by the page
    is_late: bool = False  # its first second has passed
    emptied_ms: float | None = None
    answered_ms: float | None = None
    status: int | None = None
    looks: int = 0

    def is_around(self, node: Node) -> bool:
        """Whether the form is the node or contains it."""
        return any(above.id == self.form for above in node.climb())

    def see_changes(self, changes: list[Change], tree: DomTree, texts: Mapping[int, bool]) -> None:
        """Read changes of the page. `texts`: fields that are known to have text or to have none."""
        self.has_reacted = True
        form = tree.get(self.form)
        if form is None:
            form = form_among(changes, self.path)
            self.is_gone |= form is None
            if form:  # it was rendered again
                self.form = form.id
                self.has_refused |= shows_invalid(form, texts)
            return
        self.is_gone |= is_hidden(form) and not self.was_hidden
        has_marks = False
        for change in changes:
            is_inside = self._concerns(change)
            message_kind = message_kind_of(change)
            self.shows_success |= message_kind == "success"
            self.has_refused |= message_kind == "error"
            has_marks |= is_inside and _is_validity_change(change)
            self.has_changed |= is_inside and change.name not in ("class", "aria-invalid")
        # All changes are applied by now, so the form is read once.
        self.has_refused = self.has_refused or (has_marks and shows_invalid(form, texts))
        if self.looks < _CHECKS_MAX and not self.is_late:
            self.looks += 1
            self.is_marked = shows_invalid(form, texts)

    def _concerns(self, change: Change) -> bool:
        above = {node.id for node in change.parent.climb()} if change.parent else set()
        return self.form in above and self.button not in above | {change.node.id}

    def verdict(self, *, goes_on: bool, is_last: bool) -> str | None:
        """Return the step that the attempt ended in, None while undecided.

        Args:
            goes_on: The visitor continues with the form.
            is_last: No more evidence will come.
        """
        if self.is_gone:
            return "succeeded"
        if self.answered_ms is not None:
            return "invalid" if self.has_refused else "succeeded"
        if self.has_refused:
            return "invalid"
        if self.is_emptied or self.shows_success:
            return "succeeded"
        if self.has_focused and not self.has_changed:
            return "invalid"
        is_refused = self.is_validated and self.is_lacking and not self.has_changed
        # Marks from before are no evidence where the page is left at once.
        if not self.is_late and not is_last and (is_refused or self.is_marked):
            return "invalid"
        # With the focus in the invalid field already, a browser's refusal leaves no trace.
        is_silent = self.is_validated and not self.has_reacted
        return "invalid" if goes_on and self.is_late and is_silent else None


def form_among(changes: list[Change], path: str) -> Node | None:
    """Return the form of that path among the added nodes, None where there is none."""
    return forms_among(changes).get(path)


def forms_among(changes: list[Change]) -> dict[str, Node]:
    """Return the forms among the added nodes, by path."""
    forms: dict[str, Node] = {}
    for change in changes:
        if change.what == "added":
            for node in change.node.descend(CHANGES_MAX):
                if node.tag == "form":
                    forms.setdefault(path_of(node), node)
    return forms


def _is_validity_change(change: Change) -> bool:
    return change.what == "attribute" and change.name in ("class", "aria-invalid")
