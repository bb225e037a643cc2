"""A light mirror of one page's DOM, kept by the snapshots and mutations of an rrweb stream.

It knows what rules ask: tags, attributes, parents and texts. The order of siblings is that of their
arrival. Long texts are cut, too many nodes left out, so that memory is bounded; nothing here raises
or recurses, whatever a stream says. What a change means is told elsewhere.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

NODES_MAX = 200_000  # ten times what a browser scrolls smoothly
_CHARS_MAX = 32 << 20  # of all texts and attributes
_TEXT_LENGTH_MAX = 300  # of one text; a label is shorter
_ATTRIBUTE_LENGTH_MAX = 1000  # frameworks write so many classes at one element
_ATTRIBUTES_MAX = 60
_ORPHANS_MAX = 10_000  # from one snapshot to the next; honest streams have few
_DEPTH_MAX = 512  # browsers' parsers nest no deeper

_CSS = "_cssText"  # the attribute of <style> and <link> in which rrweb puts a sheet
_DOCUMENT, _ELEMENT, _TEXT = 0, 2, 3  # of rrweb's types of nodes
DOCUMENT_TAG = "#document"
TEXT_TAG = "#text"
_SILENT = frozenset(("script", "style", "noscript", "template"))  # their texts are no words


class Node:
    """An element, a text (`#text`) or a document (`#document`, an iframe's too).

    `parent` is None at the top, and when the node is removed. `is_in_shadow`: a child of its host's
    shadow root. `place` is equal for those of one tag in one place, in each snapshot of the page,
    while `id` may be another in the next one. Names of tags are in small letters.
    """

    __slots__ = ("attributes", "children", "id", "is_in_shadow", "parent", "place", "tag", "text")

    def __init__(self, number: int) -> None:
        self.id = number
        self.tag = ""
        self.text = ""
        self.attributes: dict[str, str] = {}
        self.parent: Node | None = None
        self.children: dict[int, Node] = {}
        self.is_in_shadow = False
        self.place = 0

    def climb(self) -> "Iterator[Node]":
        """Yield the node and what it is in: ancestors, shadow hosts, iframes; not for ever."""
        node: Node | None = self
        for _ in range(_DEPTH_MAX):
            if node is None:
                return
            yield node
            node = node.parent

    def descend(self, nodes_max: int) -> "Iterator[Node]":
        """Yield the node and what is in it, in about the document's order, and not too much."""
        waiting = [self]
        while waiting and nodes_max > 0:
            nodes_max -= 1
            node = waiting.pop()
            yield node
            waiting.extend(reversed(list(islice(node.children.values(), nodes_max))))


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


class Mirror:
    """The nodes of a page by their numbers. `read_css` is given each stylesheet's text."""

    def __init__(self, read_css: Callable[[str], object] | None = None) -> None:
        self._read_css = read_css
        self._clear()

    def _clear(self) -> None:
        self._nodes: dict[int, Node] = {}
        self._orphans: dict[int, list[Node]] = {}  # by the number of the parent that is to come
        self._orphan_count = 0
        self._chars = 0

    def __len__(self) -> int:
        return len(self._nodes)

    def get(self, number: object) -> Node | None:
        """Return a node by what an event calls its id."""
        return self._nodes.get(number) if type(number) is int else None

    def show(self, data: object) -> None:
        """Take a full snapshot's data: what was there before is gone."""
        self._clear()
        self._grow(_field(data, "node"), None)

    def apply(self, data: object) -> list[Change]:
        """Take a mutation's data, in the replayer's order: removes, adds, texts, attributes."""
        added: dict[int, Node] = {}
        removed: dict[int, Change] = {}
        for remove in _items(data, "removes"):
            node = self.get(_field(remove, "id"))
            if node and node.id not in removed:
                removed[node.id] = Change("removed", node, node.parent)
                _detach(node)
        for add in _items(data, "adds"):
            node = self._add(add)
            if node:
                removed.pop(node.id, None)
                added[node.id] = node
        changes = [
            Change("added", node, node.parent)
            for node in added.values()
            if node.parent is None or node.parent.id not in added
        ]
        for change in removed.values():
            self._forget(change.node)
        changes += removed.values()
        for text in _items(data, "texts"):
            node = self.get(_field(text, "id"))
            value = _field(text, "value")
            if node and isinstance(value, str):
                changes.append(Change("text", node, node.parent, before=node.text))
                self._chars -= len(node.text)
                node.text = self._kept(value, _TEXT_LENGTH_MAX)
        for entry in _items(data, "attributes"):
            node = self.get(_field(entry, "id"))
            values = _field(entry, "attributes")
            if node and isinstance(values, dict):
                changes.extend(self._set(node, name, value) for name, value in values.items())
        return changes

    def _add(self, add: object) -> Node | None:
        parent_id = _field(add, "parentId")
        parent = self.get(parent_id)
        node = self._grow(_field(add, "node"), parent)
        if node and parent is None:
            _detach(node)
            if type(parent_id) is int and self._orphan_count < _ORPHANS_MAX:
                self._orphan_count += 1
                self._orphans.setdefault(parent_id, []).append(node)
        return node

    def _grow(self, serialized: object, parent: Node | None) -> Node | None:
        """Build a subtree below `parent` and return its top."""
        top: Node | None = None
        waiting: list[tuple[object, Node | None]] = [(serialized, parent)]
        while waiting:
            item, above = waiting.pop()
            node = self._build(item)
            if node is None:
                continue
            top = top or node
            if above:
                _attach(node, above)
            if self._read_css and (css := _css(item, node.tag, above)):
                self._read_css(css)
            if node.tag not in _SILENT:
                waiting += [(child, node) for child in reversed(_items(item, "childNodes"))]
        return top

    def _build(self, serialized: object) -> Node | None:
        """Make one node, or renew the one of that number, which keeps its children."""
        if not isinstance(serialized, dict):
            return None
        read = serialized.get
        number, kind = read("id"), read("type")
        if type(number) is not int or kind not in (_DOCUMENT, _ELEMENT, _TEXT):
            return None
        node = self._nodes.get(number)
        if node:
            self._chars -= _length(node)
            node.attributes = {}
            node.text = ""
        elif len(self._nodes) < NODES_MAX:
            node = self._nodes[number] = Node(number)
            for orphan in self._orphans.pop(number, ()):
                if self._nodes.get(orphan.id) is orphan and orphan.parent is None:
                    _attach(orphan, node)
        else:
            return None
        node.tag = TEXT_TAG if kind == _TEXT else DOCUMENT_TAG
        node.is_in_shadow = read("isShadow") is True
        if kind == _TEXT:
            text = read("textContent")
            node.text = self._kept(text, _TEXT_LENGTH_MAX) if isinstance(text, str) else ""
        if kind == _ELEMENT:
            tag, attributes = read("tagName"), read("attributes")
            node.tag = tag[:60].lower() if isinstance(tag, str) else ""
            for name, value in attributes.items() if isinstance(attributes, dict) else ():
                self._keep(node, name, value)
        return node

    def _set(self, node: Node, name: str, value: object) -> Change:
        if name == _CSS and self._read_css and isinstance(value, str):
            self._read_css(value)  # a sheet that has come late
        before = node.attributes.pop(name, None)
        self._chars -= len(before or "")
        if isinstance(value, dict):
            # Of a style, those of its properties that have changed.
            value = _restyled(before or "", value)
        self._keep(node, name, value)
        return Change("attribute", node, node.parent, name, before)

    def _keep(self, node: Node, name: str, value: object) -> None:
        """Keep an attribute. True is one without a value; false and null are none."""
        if value is True:
            value = ""
        if type(value) in (int, float):
            value = str(value)
        has_room = len(node.attributes) < _ATTRIBUTES_MAX and len(name) < _TEXT_LENGTH_MAX
        if isinstance(value, str) and has_room and name != _CSS:
            node.attributes[name] = self._kept(value, _ATTRIBUTE_LENGTH_MAX)

    def _kept(self, value: str, length_max: int) -> str:
        value = value[:length_max] if self._chars < _CHARS_MAX else ""
        self._chars += len(value)
        return value

    def _forget(self, top: Node) -> None:
        waiting = [top]
        while waiting:
            node = waiting.pop()
            if self._nodes.get(node.id) is node:
                del self._nodes[node.id]
                self._chars -= _length(node)
                waiting.extend(node.children.values())


def _attach(node: Node, parent: Node) -> None:
    # A ring would have no top; a node without children closes one with itself only.
    if node is parent or (node.children and any(above is node for above in parent.climb())):
        return
    _detach(node)
    node.parent = parent
    node.place = hash((parent.place, node.tag, node.attributes.get("id")))
    parent.children[node.id] = node


def _detach(node: Node) -> None:
    if node.parent:
        node.parent.children.pop(node.id, None)
        node.parent = None


def _length(node: Node) -> int:
    return len(node.text) + sum(map(len, node.attributes.values()))


def _restyled(before: str, style: dict[str, object]) -> str:
    """Change a style by `{"color": "red"}`. A value may be `[value, priority]`; false unsets."""
    pairs = (declaration.partition(":") for declaration in before.split(";"))
    styles: dict[str, object] = {name.strip(): value for name, colon, value in pairs if colon}
    styles |= {name: v[0] if isinstance(v, list) and v else v for name, v in style.items()}
    return ";".join(f"{name}:{v}" for name, v in styles.items() if isinstance(v, str))


def _css(serialized: object, tag: str, above: Node | None) -> str | None:
    """Return the text of a stylesheet: of its attribute, or of the texts in a <style>."""
    css: object = None
    if above and above.tag == "style":
        css = _field(serialized, "textContent")
    elif tag in ("style", "link"):
        css = _field(_field(serialized, "attributes"), _CSS)
        if css is None:
            texts = [_field(child, "textContent") for child in _items(serialized, "childNodes")]
            css = "".join(text for text in texts if isinstance(text, str))
    return css if isinstance(css, str) else None


def _field(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def _items(value: object, name: str) -> list[object]:
    items = _field(value, name)
    return items if isinstance(items, list) else []
