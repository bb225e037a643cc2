"""Nodes of a page's DOM: tags, attributes, parents and texts."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

DOCUMENT_TAG = "#document"
TEXT_TAG = "#text"
DEPTH_MAX = 512  # browsers' parsers nest no deeper

Value = TypeVar("Value")


class Node:
    """An element, a text (`#text`) or a document (`#document`, an iframe's too).

    `parent` is None at the root and of a removed node. `is_in_shadow`: a child of its host's shadow
    root. Tags are in lower case. Children are built on first access: `build_children` builds
    those that are missing.
    """

    __slots__ = (
        "_children",
        "_derived",
        "_place",
        "attributes",
        "build_children",
        "id",
        "is_in_shadow",
        "parent",
        "tag",
        "text",
    )

    def __init__(self, node_id: int) -> None:
        self.id = node_id
        self.tag = ""
        self.text = ""
        self.attributes: dict[str, str] = {}
        self.parent: Node | None = None
        self.is_in_shadow = False
        self.build_children: Callable[[Node], None] | None = None
        self._children: dict[int, Node] = {}
        self._place: int | None = None
        self._derived: dict[Callable[[Node], Any], Any] | None = None

    def derived(self, derive: Callable[["Node"], Value]) -> Value:
        """Return `derive(self)`, computed once until the tag or the attributes change."""
        if self._derived is None:
            self._derived = {}
        if derive not in self._derived:
            self._derived[derive] = derive(self)
        value: Value = self._derived[derive]
        return value

    def clear_derived(self) -> None:
        """Clear derived values after a change of the tag or the attributes."""
        self._derived = None

    @property
    def tokens(self) -> tuple[str, ...]:
        """The classes in order."""
        return self.derived(_tokens)

    @property
    def children(self) -> "dict[int, Node]":
        """The children by id, in approximate document order."""
        if self.build_children:
            make, self.build_children = self.build_children, None
            make(self)
        return self._children

    @property
    def place(self) -> int:
        """A hash of tag and position, equal in every snapshot, unlike the node id."""
        if self._place is None:
            unplaced, place = [], 0
            for node in self.climb():
                if node._place is not None:
                    place = node._place
                    break
                unplaced.append(node)
            for node in reversed(unplaced):
                key = (place, node.tag, node.attributes.get("id"))
                place = node._place = hash(key) if node.parent else 0
        return self._place or 0

    def climb(self) -> "Iterator[Node]":
        """Yield the node and its ancestors, through shadow hosts and iframes, up to `DEPTH_MAX`."""
        node: Node | None = self
        for _ in range(DEPTH_MAX):
            if node is None:
                return
            yield node
            node = node.parent

    def descend(self, nodes_max: int) -> "Iterator[Node]":
        """Yield the node and at most `nodes_max` in all of its subtree, in document order."""
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
        """Become a child of `parent`, unless that would close a cycle."""
        # A cycle would have no root; a node without children can only close one with itself.
        if self is parent:
            return
        if self._children or self.build_children:
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
        """Leave the parent."""
        if self.parent is not None:
            self.parent._children.pop(self.id, None)
            self.parent = None

    def move_to_end(self, node_ids: list[int]) -> None:
        """Move the children of these ids behind the others, in this order."""
        for node_id in node_ids:
            child = self._children.pop(node_id, None)
            if child is not None:
                self._children[node_id] = child


def _tokens(node: Node) -> tuple[str, ...]:
    return tuple(node.attributes.get("class", "").split())


class Change(NamedTuple):
    """One change of a mutation.

    `what` is `added`, `removed`, `attribute` (its `name`) or `text`. `parent` is the former or
    present parent; `before` the former value of an attribute or a text. An added or removed
    subtree is one change of its top node, and a removed one stays connected; a moved node counts
    as added.
    """

    what: str
    node: Node
    parent: Node | None
    name: str | None = None
    before: str | None = None
