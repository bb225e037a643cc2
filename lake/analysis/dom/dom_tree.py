"""The DOM of one page, rebuilt from the snapshots and mutations of an rrweb stream.

Nodes are stored and built in `lake.analysis.dom.lazy_nodes`; here events change them. Nothing
raises, whatever a stream contains. What a change means is decided by the detectors in
`lake.analysis.inferred`.
"""

from collections.abc import Callable
from typing import Any

from lake.analysis.dom.lazy_nodes import LazyNodes
from lake.analysis.dom.nodes import Change, Node
from lake.analysis.dom.serialized_nodes import (
    CSS_ATTRIBUTE,
    NODE_TYPES,
    TEXT,
    Json,
    field,
    items,
    node_id_of,
    updated_style,
)


class DomTree:
    """The nodes of a page by their ids.

    Example: `tree.load_snapshot(data)` for a full snapshot, `tree.apply_mutation(data)` for each
    mutation, `tree.get(id)` for a node at that moment.

    Args:
        read_css: Receives the text of each stylesheet.
    """

    def __init__(self, read_css: Callable[[str], object] | None = None) -> None:
        self._nodes = LazyNodes(read_css)

    def __len__(self) -> int:
        return len(self._nodes)

    def get(self, node_id: object) -> Node | None:
        """Return a node by the id that an event names, None where there is none."""
        return self._nodes.get(node_id)

    def load_snapshot(self, data: object, char_count: int = 0) -> None:
        """Replace all nodes by those of a full snapshot.

        Args:
            data: The event's data.
            char_count: Length of the event as JSON.
        """
        self._nodes.clear()
        root = field(data, "node")
        if isinstance(root, dict):
            self._nodes.index(root, None)
        self._nodes.count_received(char_count)

    def apply_mutation(self, data: object, char_count: int = 0) -> list[Change]:
        """Apply a mutation in the replayer's order: removes, adds, texts, attributes.

        Args:
            data: The event's data.
            char_count: Length of the event as JSON.

        Returns:
            The changes, an added or removed subtree as its top node alone.
        """
        adds = items(data, "adds")
        removed = self._apply_removes(items(data, "removes"), adds)
        added: dict[int, int | None] = {}
        for add in adds:
            node_id, parent_id = self._add(add), field(add, "parentId")
            if node_id is not None:
                removed.pop(node_id, None)
                added[node_id] = parent_id if type(parent_id) is int else None
        changes = [
            Change("added", node, node.parent)
            for node_id, parent_id in added.items()
            if parent_id not in added and (node := self.get(node_id))
        ]
        for change in removed.values():
            self._nodes.drop(change.node)
        changes += removed.values()
        changes += self._apply_texts(items(data, "texts"))
        changes += self._apply_attributes(items(data, "attributes"))
        self._nodes.count_received(char_count)
        return changes

    def _apply_removes(self, removes: list[Any], adds: list[Any]) -> dict[int, Change]:
        readded = {node_id_of(field(add, "node")) for add in adds}
        removed: dict[int, Change] = {}
        for remove in removes:
            node_id = node_id_of(remove)
            if node_id in self._nodes.serialized and node_id in readded:
                continue  # it only moves
            node = self.get(node_id)
            if node and node.id not in removed:
                removed[node.id] = Change("removed", node, node.parent)
                node.detach()
        return removed

    def _apply_texts(self, texts: list[Any]) -> list[Change]:
        changes = []
        for text in texts:
            node, value = self.get(field(text, "id")), field(text, "value")
            if node and isinstance(value, str):
                changes.append(Change("text", node, node.parent, before=node.text))
                self._nodes.set_text(node, value)
        return changes

    def _apply_attributes(self, entries: list[Any]) -> list[Change]:
        changes: list[Change] = []
        for entry in entries:
            node, values = self.get(field(entry, "id")), field(entry, "attributes")
            if node and isinstance(values, dict):
                changes += [self._set(node, name, value) for name, value in values.items()]
        return changes

    def _set(self, node: Node, name: str, value: object) -> Change:
        if name == CSS_ATTRIBUTE and self._nodes.read_css and isinstance(value, str):
            self._nodes.read_css(value)  # a stylesheet that loaded late
        before = self._nodes.remove_attribute(node, name)
        if isinstance(value, dict):
            value = updated_style(before or "", value)
        self._nodes.set_attribute(node, name, value)
        node.clear_derived()
        return Change("attribute", node, node.parent, name, before)

    def _add(self, add: object) -> int | None:
        """Add or move one node; return its id, None where the entry is not a node."""
        if type(add) is not dict:
            return None
        item: Any = add.get("node")
        parent_id: Any = add.get("parentId")
        if type(item) is not dict:
            return None
        nodes = self._nodes
        node_id, kind = item.get("id"), item.get("type")
        if type(node_id) is not int or kind not in NODE_TYPES:
            return None
        built, serialized = nodes.built, nodes.serialized
        has_parent = type(parent_id) is int and (parent_id in built or parent_id in serialized)
        can_move = has_parent and node_id in serialized
        if can_move and nodes.move_serialized(node_id, item, parent_id):
            return node_id
        if node_id in built or node_id in serialized:
            self._move(node_id, item, parent_id if has_parent else None)
        elif not self._insert(node_id, item, parent_id if has_parent else None):
            return None
        if not has_parent and (node := self.get(node_id)):
            node.detach()
            if type(parent_id) is int:
                nodes.add_orphan(parent_id, node)
        return node_id

    def _insert(self, node_id: int, item: Json, parent_id: int | None) -> bool:
        """Take in a new node; return False where there is no room for it."""
        nodes = self._nodes
        if item.get("type") == TEXT and not nodes.orphans and nodes.has_room:
            nodes.serialized[node_id] = item, parent_id
        else:
            nodes.index(item, parent_id)
        if node_id not in nodes.built and node_id not in nodes.serialized:
            return False
        if parent_id is not None:
            nodes.append_child(parent_id, item)
        return True

    def _move(self, node_id: int, item: Json, parent_id: int | None) -> None:
        """Set a node that is described a second time; its children stay."""
        node = self.get(node_id)
        if node is None:
            return
        self._nodes.rewrite(node, item)
        for child in items(item, "childNodes"):
            self._nodes.index_child(child, node_id)
        parent = self.get(parent_id)
        if parent:
            node.attach(parent)
