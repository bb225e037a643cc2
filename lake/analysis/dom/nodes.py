"""Nodes of a foreign page, as rules ask for them: tags, attributes, parents and texts."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

DOCUMENT_TAG = "#document"
TEXT_TAG = "#text"
DEPTH_MAX = 512  # browsers' parsers nest no deeper

Value = TypeVar("Value")


class Node:
    """An element, a text (`#text`) or a document (`#document`, an iframe's too).

    `parent` is None at the top, and when the node is removed. `is_in_shadow`: a child of its host's
    shadow root. Names of tags are in small letters. Children are made when somebody asks for them:
    `unmade` makes those that are not there yet.
    """

    __slots__ = (
        "_children",
        "_judged",
        "_place",
        "attributes",
        "id",
        "is_in_shadow",
        "parent",
        "tag",
        "text",
        "unmade",
    )

    def __init__(self, number: int) -> None:
        self.id = number
        self.tag = ""
        self.text = ""
        self.attributes: dict[str, str] = {}
        self.parent: Node | None = None
        self.is_in_shadow = False
        self.unmade: Callable[[Node], None] | None = None
        self._children: dict[int, Node] = {}
        self._place: int | None = None
        self._judged: dict[Callable[[Node], Any], Any] | None = None

    def judged(self, judge: Callable[["Node"], Value]) -> Value:
        """Return what `judge` makes of the tag and the attributes, once until they change."""
        if self._judged is None:
            self._judged = {}
        if judge not in self._judged:
            self._judged[judge] = judge(self)
        found: Value = self._judged[judge]
        return found

    def forget_judged(self) -> None:
        """Call this after a change of the tag or the attributes."""
        self._judged = None

    @property
    def tokens(self) -> tuple[str, ...]:
        """The classes, as they stand."""
        return self.judged(_tokens)

    @property
    def children(self) -> "dict[int, Node]":
        """The children by their numbers, about as they stand."""
        if self.unmade:
            make, self.unmade = self.unmade, None
            make(self)
        return self._children

    @property
    def place(self) -> int:
        """Equal for those of one tag in one place, in each snapshot, where ids are others."""
        if self._place is None:
            below, place = [], 0
            for node in self.climb():
                if node._place is not None:
                    place = node._place
                    break
                below.append(node)
            for node in reversed(below):
                key = (place, node.tag, node.attributes.get("id"))
                place = node._place = hash(key) if node.parent else 0
        return self._place or 0

    def climb(self) -> "Iterator[Node]":
        """Yield the node and what it is in: ancestors, shadow hosts, iframes; not for ever."""
        node: Node | None = self
        for _ in range(DEPTH_MAX):
            if node is None:
                return
            yield node
            node = node.parent

    def descend(self, nodes_max: int) -> "Iterator[Node]":
        """Yield the node and what is in it, in about the document's order, and not too much."""
        waiting: list[Iterator[Node]] = [iter((self,))]
        while waiting and nodes_max > 0:
            node = next(waiting[-1], None)
            if node is None:
                waiting.pop()
                continue
            nodes_max -= 1
            yield node
            waiting.append(iter(node.children.values()))

    def attach(self, parent: "Node") -> None:
        """Stand in `parent`, unless that would close a ring."""
        # A ring would have no top; a node without children closes one with itself only.
        if self is parent:
            return
        if self._children or self.unmade:
            above: Node | None = parent
            for _ in range(DEPTH_MAX):
                if above is self:
                    return
                if above is None:
                    break
                above = above.parent
        self.detach()
        self.parent = parent
        self._place = None
        parent._children[self.id] = self

    def detach(self) -> None:
        """Stand nowhere."""
        if self.parent is not None:
            self.parent._children.pop(self.id, None)
            self.parent = None

    def sort(self, numbers: list[int]) -> None:
        """Let the children of these numbers stand behind the others, in this order."""
        for number in numbers:
            child = self._children.pop(number, None)
            if child is not None:
                self._children[number] = child


def _tokens(node: Node) -> tuple[str, ...]:
    return tuple(node.attributes.get("class", "").split())


class Change(NamedTuple):
    """One change that a mutation made.

    `what` is `added`, `removed`, `attribute` (its `name`) or `text`. `parent` is where the node
    stood or stands now; `before` the value that an attribute or a text had. An added or removed
    subtree is told by its top alone, and the latter still hangs together; what was only moved is
    told as added.
    """

    what: str
    node: Node
    parent: Node | None
    name: str | None = None
    before: str | None = None
