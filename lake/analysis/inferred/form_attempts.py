"""One attempt to submit a foreign page's form: what was seen since, and what it came to.

Seen are marks and messages, the focus, changes of the form, answers to requests. Which attempts
there are, and whose form they are of, is told in `lake.analysis.inferred.form_detector`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lake.analysis.dom.dom_tree import DomTree
from lake.analysis.dom.element_paths import path_of
from lake.analysis.dom.nodes import Change, Node
from lake.analysis.inferred.form_fields import is_hidden, message_kind_of, shows_invalid

CHANGES_MAX = 200  # looked at of one mutation
_CHECKS_MAX = 50  # at all of a form, for one attempt


@dataclass
class FormAttempt:
    """An attempt that is undecided, and what was seen since."""

    form: int
    button: int
    path: str
    at_ms: float
    is_marked: bool  # some field is marked as invalid, maybe since long
    is_validated: bool  # by the browser
    is_lacking: bool  # a required field is empty
    was_hidden: bool  # as far as its markup says
    is_touched: bool = False  # the visitor did something else
    has_refused: bool = False  # marks or messages came
    has_focused: bool = False  # the focus jumped to a field
    has_changed: bool = False  # something in the form is another, but for its button
    has_stirred: bool = False  # the page did anything
    has_thanked: bool = False
    is_gone: bool = False
    is_emptied: bool = False  # by the page
    is_late: bool = False  # what was to be seen within a second is seen
    emptied_ms: float | None = None
    answered_ms: float | None = None
    status: int | None = None
    looks: int = 0

    def is_around(self, node: Node) -> bool:
        """Whether the form is, or has in it, a node."""
        return any(above.id == self.form for above in node.climb())

    def see_changes(self, changes: list[Change], tree: DomTree, texts: Mapping[int, bool]) -> None:
        """Look at what the page changed. `texts`: which fields have one, as far as told."""
        self.has_stirred = True
        form = tree.get(self.form)
        if form is None:
            form = form_among(changes, self.path)
            self.is_gone |= form is None
            if form:  # it was drawn anew
                self.form = form.id
                self.has_refused |= shows_invalid(form, texts)
            return
        self.is_gone |= is_hidden(form) and not self.was_hidden
        has_marks = False
        for change in changes:
            is_inside = self._concerns(change)
            said = message_kind_of(change)
            self.has_thanked |= said == "success"
            self.has_refused |= said == "error"
            has_marks |= is_inside and _is_validity_change(change)
            self.has_changed |= is_inside and change.name not in ("class", "aria-invalid")
        # All changes are made by now, so that one look at the form is enough.
        self.has_refused = self.has_refused or (has_marks and shows_invalid(form, texts))
        if self.looks < _CHECKS_MAX and not self.is_late:
            self.looks += 1
            self.is_marked = shows_invalid(form, texts)

    def _concerns(self, change: Change) -> bool:
        above = {node.id for node in change.parent.climb()} if change.parent else set()
        return self.form in above and self.button not in above | {change.node.id}

    def verdict(self, *, goes_on: bool, is_last: bool) -> str | None:
        """Return the step that it came to, None while that cannot be said.

        Args:
            goes_on: The visitor goes on with the form.
            is_last: Nothing else will be seen of it.
        """
        if self.is_gone:
            return "succeeded"
        if self.answered_ms is not None:
            return "invalid" if self.has_refused else "succeeded"
        if self.has_refused:
            return "invalid"
        if self.is_emptied or self.has_thanked:
            return "succeeded"
        if self.has_focused and not self.has_changed:
            return "invalid"
        is_refused = self.is_validated and self.is_lacking and not self.has_changed
        # What may be so since long says nothing where the page is left at once.
        if not self.is_late and not is_last and (is_refused or self.is_marked):
            return "invalid"
        # Where the focus is in the wrong field already, a browser's refusal leaves no trace at all.
        is_silent = self.is_validated and not self.has_stirred
        return "invalid" if goes_on and self.is_late and is_silent else None


def form_among(changes: list[Change], path: str) -> Node | None:
    """Return the form of that path which came with the changes."""
    return forms_among(changes).get(path)


def forms_among(changes: list[Change]) -> dict[str, Node]:
    """Return the forms that came with the changes, by their paths."""
    found: dict[str, Node] = {}
    for change in changes:
        if change.what == "added":
            for node in change.node.descend(CHANGES_MAX):
                if node.tag == "form":
                    found.setdefault(path_of(node), node)
    return found


def _is_validity_change(change: Change) -> bool:
    return change.what == "attribute" and change.name in ("class", "aria-invalid")
