"""CSS selectors, as far as the recorded DOM can evaluate them.

Tags, ids, classes, attributes, `:not()`, `:is()`, `:where()`, descendants and children. Conditions
on siblings, the mouse or the focus count as true, because the element in question was clicked.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lake.analysis.dom.budget import Budget
from lake.analysis.dom.nodes import Node

_LENGTH_MAX = 500  # of one selector in a list
_PARTS_MAX = 12  # people write five at most
_NAME = r"(?:[\w\-\u0080-\U0010ffff]|\\.)+"
_TOKEN = re.compile(
    rf"(?P<combinator>\s*[>+~]\s*|\s+)|(?P<tag>\*|{_NAME})|\#(?P<id>{_NAME})|\.(?P<class>{_NAME})"
    r"|\[\s*(?P<attribute>[\w-]+)\s*(?:(?P<operator>[~|^$*]?=)\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\]\s]*)"
    r"\s*(?:[is]\s*)?)?\]"
    r"|(?P<colons>::?)(?P<pseudo>[\w-]+)(?:\((?P<inner>(?:[^()]|\([^()]*\))*)\))?"
)
_SIGN = re.compile(r"[()\[\],]")
_ESCAPED = re.compile(r"\\(.)")
_PSEUDO_ELEMENTS = frozenset(("before", "after", "first-line", "first-letter"))
_STATES = frozenset(("disabled", "checked"))  # those that are attributes as well


class Compound(NamedTuple):
    """Conditions on one element. Of each group in `ways` one must match, of `nots` none."""

    tag: str | None
    number: str | None
    classes: tuple[str, ...]
    attributes: tuple[tuple[str, str, str], ...]
    ways: tuple[tuple["Compound", ...], ...]
    nots: tuple["Compound", ...]

    @property
    def test_count(self) -> int:
        """The number of compounds to test, those in brackets included."""
        return 1 + len(self.nots) + sum(map(len, self.ways))

    def matches(self, node: Node) -> bool:
        """Whether the node meets all conditions."""
        attributes = node.attributes
        if self.tag is not None and self.tag != node.tag:
            return False
        if self.number is not None and self.number != attributes.get("id"):
            return False
        if self.classes and any(name not in node.tokens for name in self.classes):
            return False
        return (
            all(
                _attribute_matches(attributes.get(name), op, value)
                for name, op, value in self.attributes
            )
            and all(any(way.matches(node) for way in ways) for ways in self.ways)
            and not any(unwanted.matches(node) for unwanted in self.nots)
        )


class Selector(NamedTuple):
    """Compounds from right to left; `is_child[i]`: the next one applies to the parent itself.

    `weight` is the specificity of CSS: ids, classes, tags.
    """

    compounds: tuple[Compound, ...]
    is_child: tuple[bool, ...]
    weight: tuple[int, int, int]

    def matches(self, chain: Sequence[Node], start: int, budget: Budget) -> bool:
        """Whether the selector matches the element at `start` of a chain, which ends at the root.

        False also where the budget is exhausted.
        """
        first = self.compounds[0]
        places = [start] if budget.spend(first.test_count) and first.matches(chain[start]) else []
        for compound, is_child in zip(self.compounds[1:], self.is_child, strict=True):
            if not places:
                return False
            above = [at + 1 for at in places] if is_child else range(places[0] + 1, len(chain))
            if not budget.spend(compound.test_count * len(above)):
                return False
            places = [at for at in above if at < len(chain) and compound.matches(chain[at])]
        return bool(places)


def parse(text: str) -> Iterator[Selector]:
    """Yield the selectors of a list, `a, b`, without unreadable ones and pseudo-elements."""
    for part in split(text):
        selector = _parse_one(part.strip()) if len(part) <= _LENGTH_MAX else None
        if selector:
            yield selector


def split(text: str) -> Iterator[str]:
    """Split at commas outside of brackets."""
    depth = 0
    start = 0
    for match in _SIGN.finditer(text):
        sign = match[0]
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth <= 0:
            yield text[start : match.start()]
            start = match.end()
    yield text[start:]


def _parse_one(text: str) -> Selector | None:
    parts: list[_CompoundParser] = [_CompoundParser()]
    combinators: list[str] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match or len(parts) > _PARTS_MAX:
            return None
        at = match.end()
        if combinator := match["combinator"]:
            combinators.append(combinator.strip())
            parts.append(_CompoundParser())
        elif not parts[-1].take(match):
            return None
    if not text or any(part.is_empty for part in parts):
        return None
    compounds = [part.compound() for part in parts]
    # Siblings are not tested; they have the same ancestors as the compound right of `+` and `~`.
    for place in range(len(combinators) - 1, -1, -1):
        if combinators[place] in ("+", "~"):
            del compounds[place], combinators[place]
    weight = (
        sum(part.number is not None for part in parts),
        sum(len(part.classes) + len(part.attributes) + part.pseudos for part in parts),
        sum(part.tag is not None for part in parts),
    )
    is_child = tuple(combinator == ">" for combinator in reversed(combinators))
    return Selector(tuple(reversed(compounds)), is_child, weight)


class _CompoundParser:
    """A compound under construction."""

    def __init__(self) -> None:
        self.is_empty = True
        self.tag: str | None = None
        self.number: str | None = None
        self.classes: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.ways: list[tuple[Compound, ...]] = []
        self.nots: list[Compound] = []
        self.pseudos = 0

    def compound(self) -> Compound:
        return Compound(
            self.tag,
            self.number,
            tuple(self.classes),
            tuple(self.attributes),
            tuple(self.ways),
            tuple(self.nots),
        )

    def take(self, token: re.Match[str]) -> bool:
        """Add a token; return False where it cannot apply to an element."""
        if token["tag"]:
            if not self.is_empty:
                return False
            self.tag = None if token["tag"] == "*" else token["tag"].lower()
        elif token["id"]:
            self.number = _unescaped(token["id"])
        elif token["class"]:
            self.classes.append(_unescaped(token["class"]))
        elif token["attribute"]:
            value = (token["value"] or "").strip("\"'")
            self.attributes.append((token["attribute"].lower(), token["operator"] or "", value))
        elif not self._take_pseudo(token):
            return False
        self.is_empty = False
        return True

    def _take_pseudo(self, token: re.Match[str]) -> bool:
        name = token["pseudo"].lower()
        if token["colons"] == "::" or name in _PSEUDO_ELEMENTS:
            return False
        if name in _STATES:
            self.attributes.append((name, "", ""))
            return True
        if name in ("not", "is", "where", "-webkit-any", "-moz-any"):
            # Inside brackets only conditions on the element itself are read.
            inner = [s for part in split(token["inner"] or "") if (s := _parse_inner(part.strip()))]
            if name == "not":
                self.nots += inner
            elif inner:
                self.ways.append(tuple(inner))
            return True
        self.pseudos += 1
        return True


def _parse_inner(text: str) -> Compound | None:
    """Parse one compound without brackets of its own, which bounds the recursion."""
    reading = _CompoundParser()
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match or match["combinator"] or match["inner"] or not reading.take(match):
            return None
        # A negated state of the mouse, as in `:not(:hover)`, would match everything.
        if reading.pseudos:
            return None
        at = match.end()
    return None if reading.is_empty else reading.compound()


def _attribute_matches(value: str | None, operator: str, wanted: str) -> bool:
    if value is None:
        return False
    match operator:
        case "":
            return True
        case "=":
            return value == wanted
        case "~=":
            return wanted in value.split()
        case "|=":
            return value == wanted or value.startswith(f"{wanted}-")
        case "^=":
            return bool(wanted) and value.startswith(wanted)
        case "$=":
            return bool(wanted) and value.endswith(wanted)
        case _:
            return bool(wanted) and wanted in value


def _unescaped(name: str) -> str:
    return _ESCAPED.sub(r"\1", name)
