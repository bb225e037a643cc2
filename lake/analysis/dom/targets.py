"""Targets of clicks, described at once: the page may change or remove them a moment later."""

from typing import NamedTuple

from lake.analysis.dom.budget import Budget
from lake.analysis.dom.css_cursors import Cursors
from lake.analysis.dom.element_paths import elements_of, is_control, path_of, text_of
from lake.analysis.dom.interactivity import is_field, is_interactive, is_opaque
from lake.analysis.dom.nodes import Node


class Target(NamedTuple):
    """A clicked element. `is_quick`: fast clicks are normal there, or their effect is invisible."""

    path: str | None
    text: str | None
    is_interactive: bool
    is_control: bool
    is_quick: bool


class PersonClick(NamedTuple):
    """One click of a person. `down_ms` is the time of mouse down, `node` the target's id."""

    at_ms: float
    down_ms: float
    node: object
    x: int | None
    y: int | None
    target: Target


_TESTS_PER_ELEMENT = 5  # without those for the cursor
# Unknown nodes count as interactive, so that no dead click is claimed.
_UNKNOWN = Target(None, None, is_interactive=True, is_control=False, is_quick=False)


def target_of(node: Node | None, cursors: Cursors, budget: Budget) -> Target:
    """Describe an element, as unknown where the budget is exhausted."""
    chain = elements_of(node) if node else []
    if node is None or not chain or not budget.spend(_TESTS_PER_ELEMENT * len(chain)):
        return _UNKNOWN
    return Target(
        path_of(node),
        text_of(node) or None,
        is_interactive(chain, cursors),
        any(element.derived(is_control) for element in chain),
        is_field(chain) or is_opaque(chain),
    )
