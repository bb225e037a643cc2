"""Nodes of one page by id, built from their JSON when they are first read.

Most nodes are never read. They stay as the JSON of the stream, indexed by id, and are built
together with their ancestors on demand. Memory is bounded: long texts are cut and nodes beyond
the limit dropped. Nothing here raises or recurses, whatever a stream contains. Mutations are
applied in `lake.analysis.dom.dom_tree`.
"""

from collections.abc import Callable
from functools import partial

from lake.analysis.dom.nodes import DEPTH_MAX, DOCUMENT_TAG, TEXT_TAG, Node
from lake.analysis.dom.serialized_nodes import (
    CSS_ATTRIBUTE,
    ELEMENT,
    NODE_TYPES,
    TEXT,
    Json,
    css_of,
    items,
    node_id_of,
    tag_of,
    without_css,
)

NODES_MAX = 200_000  # ten times what a browser scrolls smoothly
_ORPHANS_MAX = 10_000  # between two snapshots; honest streams have few
_CHARS_MAX = 32 << 20  # of all texts and attributes
_LAZY_CHARS_MAX = 3 << 20  # of JSON that is not built yet
_TEXT_LENGTH_MAX = 300  # of one text; a label is shorter
_ATTRIBUTE_LENGTH_MAX = 1000  # frameworks write that many classes on one element
_ATTRIBUTES_MAX = 60
_NAME_LENGTH_MAX = 64

_STYLING = frozenset(("style", "link"))
_SILENT = frozenset(("script", "style", "noscript", "template"))  # nobody sees their text
_SPECIAL = _STYLING | _SILENT
_ABSENT: tuple[Json, int | None] = ({}, None)


class LazyNodes:
    """The nodes of a page by id.

    A node is either built (a `Node`) or serialized (its JSON and its parent's id).

    Args:
        read_css: Receives the text of each stylesheet.
    """

    def __init__(self, read_css: Callable[[str], object] | None) -> None:
        self.read_css = read_css
        self.clear()

    def clear(self) -> None:
        """Drop all nodes."""
        self.built: dict[int, Node] = {}
        self.serialized: dict[int, tuple[Json, int | None]] = {}
        self._serialized_chars = 0
        self._child_items: dict[int, list[Json]] = {}  # children to build, by their parent's id
        self.orphans: dict[int, list[Node]] = {}  # by the id of the parent that is still missing
        self._orphan_count = 0
        self._chars = 0

    def __len__(self) -> int:
        return len(self.built) + len(self.serialized)

    @property
    def has_room(self) -> bool:
        """Whether one more node fits."""
        return len(self) < NODES_MAX

    def get(self, node_id: object) -> Node | None:
        """Return a node by the id that an event names, None where there is none."""
        if type(node_id) is not int:
            return None
        node = self.built.get(node_id)
        if node is not None or node_id not in self.serialized:
            return node
        return self._build_with_ancestors(node_id)

    def index(self, top: object, parent_id: int | None) -> None:
        """Take in a serialized subtree, to be built later."""
        serialized, built, orphans = self.serialized, self.built, self.orphans
        room = NODES_MAX - len(self)
        awaited: list[int] = []
        waiting: list[tuple[object, int | None]] = [(top, parent_id)]
        while waiting and room > 0:
            item, above = waiting.pop()
            if type(item) is not dict:
                continue
            read = item.get
            node_id, kind = read("id"), read("type")
            if type(node_id) is not int or kind not in NODE_TYPES:
                continue
            if node_id in serialized or node_id in built:
                continue
            serialized[node_id] = item, above
            room -= 1
            if node_id in orphans:
                awaited.append(node_id)
            if kind == TEXT:
                continue
            children, tag = read("childNodes"), read("tagName")
            if type(tag) is str and tag.lower() in _SPECIAL:
                if tag.lower() in _STYLING:
                    self._read_sheet(node_id, item, above)
                if tag.lower() in _SILENT:
                    continue
            if children and type(children) is list:
                waiting += [(child, node_id) for child in reversed(children)]
        for node_id in awaited:
            self.get(node_id)  # attaches the orphans that wait for it

    def index_child(self, item: object, parent_id: int) -> None:
        """Take in a serialized child that a node brings along, unless it is built already."""
        node_id = node_id_of(item)
        if node_id is not None and isinstance(item, dict) and node_id not in self.built:
            self.index(item, parent_id)
            if self.serialized.get(node_id, _ABSENT)[1] == parent_id:
                self.append_child(parent_id, item)

    def append_child(self, parent_id: int, item: Json) -> None:
        """Note a serialized child, so that it is built with its parent's children."""
        self._child_items.setdefault(parent_id, []).append(item)
        parent = self.built.get(parent_id)
        if parent is not None:
            parent.build_children = self._build_children
        text = item.get("textContent")
        if text and self.read_css and isinstance(text, str):
            tag = parent.tag if parent else tag_of(self.serialized[parent_id][0])
            if tag == "style":
                self.read_css(text)

    def move_serialized(self, node_id: int, item: Json, parent_id: int) -> bool:
        """Move a serialized node with its subtree.

        Returns:
            False where it cannot be moved without building it first.
        """
        if item.get("childNodes"):
            return False
        above: int | None = parent_id
        for _ in range(DEPTH_MAX):
            if above is None or above not in self.serialized:
                break
            if above == node_id:  # a cycle would have no root
                self._build_with_ancestors(node_id).detach()
                return True
            above = self.serialized[above][1]
        else:
            return False  # so deep that looking for a cycle takes long
        children = self.serialized[node_id][0].get("childNodes")
        item = {**item, "childNodes": children} if children else item
        self.serialized[node_id] = item, parent_id
        self.append_child(parent_id, item)
        return True

    def add_orphan(self, parent_id: int, node: Node) -> None:
        """Keep a node until its parent arrives; of too many none is attached."""
        if self._orphan_count < _ORPHANS_MAX:
            self._orphan_count += 1
            self.orphans.setdefault(parent_id, []).append(node)

    def count_received(self, char_count: int) -> None:
        """Count the JSON of an event. Beyond the limit all nodes are built, which cuts them."""
        self._serialized_chars += char_count
        if self._serialized_chars > _LAZY_CHARS_MAX:
            for node_id in list(self.serialized):
                self.get(node_id)
            for node in self.built.values():
                _ = node.children
            self._serialized_chars = 0

    def write(self, node: Node, item: Json) -> None:
        """Set a node's tag, attributes and text from its JSON."""
        kind = item.get("type")
        node.is_in_shadow = item.get("isShadow") is True
        if kind == ELEMENT:
            node.tag = tag_of(item)
            attributes = item.get("attributes")
            for name, value in attributes.items() if isinstance(attributes, dict) else ():
                self.set_attribute(node, name, value)
            node.clear_derived()
        elif kind == TEXT:
            node.tag = TEXT_TAG
            text = item.get("textContent")
            node.text = self._cut(text, _TEXT_LENGTH_MAX) if isinstance(text, str) else ""
        else:
            node.tag = DOCUMENT_TAG

    def rewrite(self, node: Node, item: Json) -> None:
        """Set a node from JSON that describes it a second time; its children stay."""
        self._chars -= _length(node)
        node.attributes = {}
        node.text = ""
        self.write(node, item)

    def set_attribute(self, node: Node, name: str, value: object) -> None:
        """Set an attribute. True means present without a value; false and null mean absent."""
        if value is True:
            value = ""
        if type(value) in (int, float):
            value = str(value)
        has_room = len(node.attributes) < _ATTRIBUTES_MAX and len(name) <= _NAME_LENGTH_MAX
        if isinstance(value, str) and has_room and name != CSS_ATTRIBUTE:
            node.attributes[name] = self._cut(value, _ATTRIBUTE_LENGTH_MAX)

    def remove_attribute(self, node: Node, name: str) -> str | None:
        """Remove an attribute and return its value, None where it was absent."""
        value = node.attributes.pop(name, None)
        self._chars -= len(value or "")
        return value

    def set_text(self, node: Node, text: str) -> None:
        """Replace the text of a node."""
        self._chars -= len(node.text)
        node.text = self._cut(text, _TEXT_LENGTH_MAX)

    def drop(self, top: Node) -> None:
        """Drop a removed subtree from the index. Its nodes can still be read from `top`."""
        waiting = [top]
        while waiting:
            node = waiting.pop()
            if self.built.get(node.id) is node:
                del self.built[node.id]
                self._chars -= _length(node)
                node.build_children, build = None, node.build_children
                waiting.extend(node.children.values())
                if build:
                    removed = self._drop_serialized(node.id)
                    node.build_children = partial(self._build_removed, removed)

    def _drop_serialized(self, top_id: int) -> dict[int, list[Json]]:
        """Drop the serialized nodes below a node and return them by their parents' ids."""
        removed: dict[int, list[Json]] = {}
        waiting = [(top_id, self._child_items.pop(top_id, []))]
        while waiting:
            parent_id, children = waiting.pop()
            for item in children:
                node_id = node_id_of(item)
                entry = _ABSENT if node_id is None else self.serialized.get(node_id, _ABSENT)
                if node_id is not None and entry[1] == parent_id:
                    del self.serialized[node_id]
                    removed.setdefault(parent_id, []).append(entry[0])
                    below = [
                        *items(entry[0], "childNodes"),
                        *self._child_items.pop(node_id, ()),
                    ]
                    if below:
                        waiting.append((node_id, below))
        return removed

    def _build_removed(self, removed: dict[int, list[Json]], node: Node) -> None:
        chars = self._chars
        for item in removed.pop(node.id, ()):
            child = Node(item["id"])
            self.write(child, item)
            child.build_children = partial(self._build_removed, removed)
            child.attach(node)
        self._chars = chars  # removed nodes do not count

    def _read_sheet(self, node_id: int, item: Json, parent_id: int | None) -> None:
        css = css_of(item)
        if css is None:
            return
        if self.read_css:
            self.read_css(css)
        self.serialized[node_id] = without_css(item), parent_id

    def _build_with_ancestors(self, node_id: int) -> Node:
        chain = [node_id]
        while (above := self.serialized[chain[-1]][1]) is not None and above in self.serialized:
            chain.append(above)
        for chained_id in reversed(chain):
            self._build(chained_id)
        return self.built[node_id]

    def _build(self, node_id: int) -> None:
        item, parent_id = self.serialized.pop(node_id)
        node = self.built[node_id] = Node(node_id)
        self.write(node, item)
        children = item.get("childNodes")
        if (children and type(children) is list) or node_id in self._child_items:
            self._child_items[node_id] = [
                *items(item, "childNodes"),
                *self._child_items.get(node_id, ()),
            ]
            node.build_children = self._build_children
        parent = self.built.get(parent_id) if parent_id is not None else None
        if parent is not None:
            node.attach(parent)
        if self.orphans:
            for orphan in self.orphans.pop(node_id, ()):
                if self.built.get(orphan.id) is orphan and orphan.parent is None:
                    orphan.attach(node)

    def _build_children(self, node: Node) -> None:
        node_ids = []
        for item in self._child_items.pop(node.id, ()):
            node_id = node_id_of(item)
            if node_id is not None:
                node_ids.append(node_id)
                if self.serialized.get(node_id, _ABSENT)[1] == node.id:
                    self._build(node_id)
        node.move_to_end(node_ids)

    def _cut(self, value: str, length_max: int) -> str:
        value = value[:length_max] if self._chars < _CHARS_MAX else ""
        self._chars += len(value)
        return value


def _length(node: Node) -> int:
    return len(node.text) + sum(map(len, node.attributes.values()))
