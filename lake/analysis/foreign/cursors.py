"""Where a page shows a hand: its stylesheets' rules about the cursor, and who they are for.

A cursor is how a page says "click me" where its markup does not. Recorders write the sheets into
the snapshot; of each only the rules about cursors are kept. Media queries are taken to apply.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from lake.analysis.foreign.mirror import Node
from lake.analysis.foreign.selectors import Compound, Selector, parse

RULES_MAX = 5000  # of one page
_SELECTORS_LENGTH_MAX = 4000  # of one rule: resets name every control that there is
_RULE_LENGTH_MAX = 4000  # from its brace to the cursor
_TESTS_MAX = 5000  # rules tried for one question
_CURSOR = re.compile(r"(?<![\w-])cursor\s*:\s*([^;}!]*)", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
# Those by which an element takes what it is in for its own.
_INHERITING = frozenset(("inherit", "unset", "revert", "revert-layer", "auto", ""))


class _Rule(NamedTuple):
    selector: Selector
    cursor: str
    order: int


class Cursors:
    """The rules about cursors of one page."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all of them, before another snapshot tells them again."""
        self._by_key: dict[str, list[_Rule]] = {}
        self._count = 0

    def read(self, css: str) -> None:
        """Take a stylesheet's text, or one rule's."""
        if "cursor" not in css:
            return
        css = _COMMENT.sub(" ", css)
        for match in _CURSOR.finditer(css):
            if self._count >= RULES_MAX:
                return
            opened = css.rfind("{", max(0, match.start() - _RULE_LENGTH_MAX), match.start())
            if opened < 0:
                continue
            start = max(0, opened - _SELECTORS_LENGTH_MAX)
            before = css[start:opened]
            cut = max(before.rfind(sign) for sign in "{};")
            if cut < 0 < start:
                continue  # a list of selectors whose beginning is too far away
            for selector in parse(before[cut + 1 :]):
                self._add(selector, _keyword(match[1]))

    def of(self, chain: Sequence[Node]) -> str:
        """Return the cursor over the first of a chain (an element and its ancestors), or "auto"."""
        tests = 0
        for place, node in enumerate(chain):
            written = _CURSOR.findall(node.attributes.get("style", ""))
            if written and (cursor := _keyword(written[-1])) not in _INHERITING:
                return cursor
            found: tuple[tuple[int, int, int], int, str] | None = None
            for key in _keys(node):
                for rule in self._by_key.get(key, ()):
                    tests += 1
                    if tests > _TESTS_MAX:
                        return "auto"
                    if rule.selector.matches(chain[place:]):
                        found = max(
                            found or ((-1, 0, 0), 0, ""),
                            (rule.selector.weight, rule.order, rule.cursor),
                        )
            if found and found[2] not in _INHERITING:
                return found[2]
        return "auto"

    def _add(self, selector: Selector, cursor: str) -> None:
        self._count += 1
        rule = _Rule(selector, cursor, self._count)
        self._by_key.setdefault(_key(selector.compounds[0]), []).append(rule)


def _key(compound: Compound) -> str:
    if compound.number is not None:
        return f"#{compound.number}"
    if compound.classes:
        return f".{compound.classes[0]}"
    return compound.tag or "*"


def _keys(node: Node) -> list[str]:
    attributes = node.attributes
    classes = dict.fromkeys(attributes.get("class", "").split())
    return ["*", node.tag, f"#{attributes.get('id', '')}", *(f".{name}" for name in classes)]


def _keyword(value: str) -> str:
    """Of `url(x.png) 2 2, pointer` the last one: what is shown where pictures fail."""
    return value.rpartition(",")[2].strip().lower()
