"""Cursor rules of a page's stylesheets, and the cursor over an element.

A pointer cursor marks an element as clickable where its markup does not. Recorders write the
stylesheets into the snapshot; only their cursor rules are kept. Media queries are assumed to match.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from lake.analysis.dom.budget import Budget
from lake.analysis.dom.nodes import Node
from lake.analysis.dom.selectors import Compound, Selector, parse
from lake.bounded_cache import BoundedCache

ROOT_TAGS = ("body", "html")  # their cursor applies everywhere and so marks nothing
RULES_MAX = 5000  # of one page
_SELECTORS_LENGTH_MAX = 4000  # of one rule: resets list all controls
_RULE_LENGTH_MAX = 4000  # from its brace to the cursor
_TESTS_MAX = 5000  # rules tried for one element
_WORD_LENGTH_MAX = 40  # of a cursor's name
# Begins with the literal word, which is the fastest to search for.
_CURSOR = re.compile(r"cursor(?<![\w-]cursor)\s*:\s*([^;}!]*)")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
# Values with which an element inherits its parent's cursor.
_INHERITING = frozenset(("inherit", "unset", "revert", "revert-layer", "auto", ""))


_SHEET_CACHE_BYTES_MAX = 8 << 20  # of the rules of all stylesheets
_RULE_BYTES = 1000  # estimate for one rule
# By the stylesheet's digest: sessions of a website share them. Their rules are not secret.
_SHEET_CACHE = BoundedCache(_SHEET_CACHE_BYTES_MAX)


class _Rule(NamedTuple):
    selector: Selector
    cursor: str
    order: int


class Cursors:
    """The cursor rules of one page."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.clear()

    def clear(self) -> None:
        """Drop all rules; the next snapshot brings them again."""
        self._by_key: dict[str, list[_Rule]] = {}
        self._count = 0

    def read(self, css: str) -> None:
        """Add the rules of a stylesheet's or a rule's text. Repeated texts come from a cache."""
        if "cursor" not in css:
            return
        digest = hashlib.blake2b(css.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        rules = _SHEET_CACHE.get([digest]).get(digest)
        if rules is None:
            rules = [
                (_index_key(selector.compounds[0]), selector, cursor)
                for selector, cursor in islice(_rules(css), RULES_MAX)
            ]
            _SHEET_CACHE.put([(digest, rules, _RULE_BYTES * (1 + len(rules)))])
        for key, selector, cursor in rules[: RULES_MAX - self._count]:
            self._count += 1
            self._by_key.setdefault(key, []).append(_Rule(selector, cursor, self._count))

    def read_rules(self, data: dict[str, object]) -> None:
        """Add the rules of an event that inserts rules or replaces a stylesheet."""
        sheets = data.get("styles")
        for holder in [data, *sheets] if isinstance(sheets, list) else [data]:
            if isinstance(holder, dict):
                rules = [holder.get("replace"), holder.get("replaceSync")]
                for name in ("adds", "rules"):
                    added = holder.get(name)
                    entries = added if isinstance(added, list) else []
                    rules += [entry.get("rule") for entry in entries if isinstance(entry, dict)]
                for rule in rules:
                    if isinstance(rule, str):
                        self.read(rule)

    def of(self, chain: Sequence[Node]) -> str:
        """Return the cursor over the first of a chain (an element and its ancestors), or "auto"."""
        tests = 0
        for place, node in enumerate(chain):
            if node.tag in ROOT_TAGS:
                break
            inline = node.derived(_inline_cursor)
            if inline not in _INHERITING:
                return inline
            best: tuple[tuple[int, int, int], int, str] | None = None
            keys = node.derived(_index_keys)
            if not self._budget.spend(len(keys)):
                return "auto"
            for key in keys:
                for rule in self._by_key.get(key, ()):
                    tests += 1
                    if tests > _TESTS_MAX:
                        return "auto"
                    if rule.selector.matches(chain, place, self._budget):
                        best = max(
                            best or ((-1, 0, 0), 0, ""),
                            (rule.selector.weight, rule.order, rule.cursor),
                        )
            if best and best[2] not in _INHERITING:
                return best[2]
        return "auto"


def _rules(css: str) -> Iterator[tuple[Selector, str]]:
    css = _COMMENT.sub(" ", css)
    before_opened = -1
    selectors: list[Selector] = []
    for match in _CURSOR.finditer(css):
        opened = css.rfind("{", max(0, match.start() - _RULE_LENGTH_MAX), match.start())
        if opened < 0:
            continue
        if opened == before_opened:  # another declaration in the same rule
            yield from ((selector, _keyword(match[1])) for selector in selectors)
            continue
        before_opened, selectors = opened, []
        start = max(0, opened - _SELECTORS_LENGTH_MAX)
        before = css[start:opened]
        cut = max(before.rfind(sign) for sign in "{};")
        # A selector list whose beginning is out of reach is too long to be handwritten.
        if cut >= 0 or start == 0:
            selectors = list(parse(before[cut + 1 :]))
            yield from ((selector, _keyword(match[1])) for selector in selectors)


def _index_key(compound: Compound) -> str:
    if compound.number is not None:
        return f"#{compound.number}"
    if compound.classes:
        return f".{compound.classes[0]}"
    return compound.tag or "*"


def _index_keys(node: Node) -> list[str]:
    attributes = node.attributes
    classes = dict.fromkeys(attributes.get("class", "").split())
    return ["*", node.tag, f"#{attributes.get('id', '')}", *(f".{name}" for name in classes)]


def _inline_cursor(node: Node) -> str:
    """Return the cursor of an element's own style, or ""."""
    written = _CURSOR.findall(node.attributes.get("style", ""))
    return _keyword(written[-1]) if written else ""


def _keyword(value: str) -> str:
    """Return the keyword of a value, `pointer` of `url(x.png) 2 2, pointer`."""
    return value.rpartition(",")[2].strip()[:_WORD_LENGTH_MAX].lower()
