"""A light mirror of one page's DOM, kept by the snapshots and mutations of an rrweb stream.

Of most nodes nobody ever asks anything: they are kept as the JSON says them, by their numbers, and
made when they are asked for, with what they are in. Long texts are cut, too many nodes left out,
so that memory is bounded; nothing here raises or recurses, whatever a stream says. What a change
means is told elsewhere.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from lake.analysis.dom.nodes import DEPTH_MAX, DOCUMENT_TAG, TEXT_TAG, Change, Node

NODES_MAX = 200_000  # ten times what a browser scrolls smoothly
_CHARS_MAX = 32 << 20  # of all texts and attributes
_LAZY_CHARS_MAX = 3 << 20  # letters of JSON that are kept as they came
_TEXT_LENGTH_MAX = 300  # of one text; a label is shorter
_ATTRIBUTE_LENGTH_MAX = 1000  # frameworks write so many classes at one element
_ATTRIBUTES_MAX = 60
_NAME_LENGTH_MAX = 64
_ORPHANS_MAX = 10_000  # from one snapshot to the next; honest streams have few

_CSS = "_cssText"  # the attribute of <style> and <link> in which rrweb puts a sheet
_DOCUMENT, _ELEMENT, _TEXT = 0, 2, 3  # of rrweb's types of nodes
_STYLING = frozenset(("style", "link"))
_SILENT = frozenset(("script", "style", "noscript", "template"))  # their texts are no words
_SPECIAL = _STYLING | _SILENT
_Json = dict[str, Any]
_NOWHERE: tuple[_Json, int | None] = ({}, None)


class DomTree:
    """The nodes of a page by their numbers. `read_css` is given each stylesheet's text."""

    def __init__(self, read_css: Callable[[str], object] | None = None) -> None:
        self._read_css = read_css
        self._clear()

    def _clear(self) -> None:
        self._nodes: dict[int, Node] = {}
        self._unmade: dict[int, tuple[_Json, int | None]] = {}  # with the number of the parent
        self._unmade_chars = 0
        self._more: dict[int, list[_Json]] = {}  # children to be made, by their parent
        self._orphans: dict[int, list[Node]] = {}  # by the number of the parent that is to come
        self._orphan_count = 0
        self._chars = 0

    def __len__(self) -> int:
        return len(self._nodes) + len(self._unmade)

    def get(self, number: object) -> Node | None:
        """Return a node by what an event calls its id."""
        if type(number) is not int:
            return None
        node = self._nodes.get(number)
        return node if node is not None or number not in self._unmade else self._made(number)

    def show(self, data: object, size: int = 0) -> None:
        """Take a full snapshot's data, of `size` letters: what was there before is gone."""
        self._clear()
        top = _field(data, "node")
        if isinstance(top, dict):
            self._index(top, None)
        self._count_unmade(size)

    def apply(self, data: object, size: int = 0) -> list[Change]:
        """Take a mutation's data, in the replayer's order: removes, adds, texts, attributes."""
        added: dict[int, int | None] = {}
        removed: dict[int, Change] = {}
        adds = _items(data, "adds")
        again = {_number_of(_field(add, "node")) for add in adds}
        for remove in _items(data, "removes"):
            number = _number_of(remove)
            if number in self._unmade and number in again:
                continue  # it only moves
            node = self.get(number)
            if node and node.id not in removed:
                removed[node.id] = Change("removed", node, node.parent)
                node.detach()
        for add in adds:
            number, above = self._add(add), _field(add, "parentId")
            if number is not None:
                removed.pop(number, None)
                added[number] = above if type(above) is int else None
        changes = [
            Change("added", node, node.parent)
            for number, above in added.items()
            if above not in added and (node := self.get(number))
        ]
        for change in removed.values():
            self._forget(change.node)
        changes += removed.values()
        for text in _items(data, "texts"):
            node, value = self.get(_field(text, "id")), _field(text, "value")
            if node and isinstance(value, str):
                changes.append(Change("text", node, node.parent, before=node.text))
                self._chars -= len(node.text)
                node.text = self._kept(value, _TEXT_LENGTH_MAX)
        for entry in _items(data, "attributes"):
            node, values = self.get(_field(entry, "id")), _field(entry, "attributes")
            if node and isinstance(values, dict):
                changes.extend(self._set(node, name, value) for name, value in values.items())
        self._count_unmade(size)
        return changes

    # Nodes as the JSON says them.

    def _index(self, top: _Json, parent: int | None) -> None:
        """Keep a subtree to be made later."""
        unmade, nodes, orphans = self._unmade, self._nodes, self._orphans
        room = NODES_MAX - len(self)
        wanted: list[int] = []
        waiting: list[tuple[object, int | None]] = [(top, parent)]
        while waiting and room > 0:
            item, above = waiting.pop()
            if type(item) is not dict:
                continue
            read = item.get
            number, kind = read("id"), read("type")
            if type(number) is not int or kind not in (_DOCUMENT, _ELEMENT, _TEXT):
                continue
            if number in unmade or number in nodes:
                continue
            unmade[number] = item, above
            room -= 1
            if number in orphans:
                wanted.append(number)
            if kind == _TEXT:
                continue
            children, tag = read("childNodes"), read("tagName")
            if type(tag) is str and tag.lower() in _SPECIAL:
                if tag.lower() in _STYLING:
                    self._take_css(number, item, above)
                if tag.lower() in _SILENT:
                    continue
            if children and type(children) is list:
                waiting += [(child, number) for child in reversed(children)]
        for number in wanted:
            self.get(number)  # takes what waits for it

    def _take_css(self, number: int, item: _Json, above: int | None) -> None:
        css = _css(item)
        if css is None:
            return
        if self._read_css:
            self._read_css(css)
        attributes = item.get("attributes")
        if isinstance(attributes, dict):  # most of what a snapshot says is sheets
            attributes = {name: value for name, value in attributes.items() if name != _CSS}
        self._unmade[number] = {**item, "attributes": attributes, "childNodes": None}, above

    def _count_unmade(self, size: int) -> None:
        """Of pages that say much, make all: what is made is cut."""
        self._unmade_chars += size
        if self._unmade_chars > _LAZY_CHARS_MAX:
            for number in list(self._unmade):
                self.get(number)
            for node in self._nodes.values():
                _ = node.children
            self._unmade_chars = 0

    def _made(self, number: int) -> Node:
        """Make a node and what it is in."""
        chain = [number]
        while (above := self._unmade[chain[-1]][1]) is not None and above in self._unmade:
            chain.append(above)
        for one in reversed(chain):
            self._make(one)
        return self._nodes[number]

    def _make(self, number: int) -> None:
        item, above = self._unmade.pop(number)
        node = self._nodes[number] = Node(number)
        self._write(node, item)
        children = item.get("childNodes")
        if (children and type(children) is list) or number in self._more:
            self._more[number] = [*_items(item, "childNodes"), *self._more.get(number, ())]
            node.unmade = self._make_children
        parent = self._nodes.get(above) if above is not None else None
        if parent is not None:
            node.attach(parent)
        if self._orphans:
            for orphan in self._orphans.pop(number, ()):
                if self._nodes.get(orphan.id) is orphan and orphan.parent is None:
                    orphan.attach(node)

    def _make_children(self, node: Node) -> None:
        numbers = []
        for item in self._more.pop(node.id, ()):
            number = _number_of(item)
            if number is not None:
                numbers.append(number)
                if self._unmade.get(number, _NOWHERE)[1] == node.id:
                    self._make(number)
        node.sort(numbers)

    # Changes.

    def _add(self, add: object) -> int | None:
        """Take one node; return its number, None where it is none."""
        if type(add) is not dict:
            return None
        item: Any = add.get("node")
        above: Any = add.get("parentId")
        if type(item) is not dict:
            return None
        number, kind = item.get("id"), item.get("type")
        if type(number) is not int or kind not in (_DOCUMENT, _ELEMENT, _TEXT):
            return None
        is_under = type(above) is int and (above in self._nodes or above in self._unmade)
        if is_under and number in self._unmade and self._move_unmade(number, item, above):
            return number
        if number in self._nodes or number in self._unmade:
            self._move(number, item, above if is_under else None)
        else:
            if kind == _TEXT and not self._orphans and len(self) < NODES_MAX:
                self._unmade[number] = item, above if is_under else None
            else:
                self._index(item, above if is_under else None)
            if number not in self._unmade and number not in self._nodes:
                return None
            if is_under:
                self._put(above, item)
        if not is_under and (node := self.get(number)):
            node.detach()
            if type(above) is int and self._orphan_count < _ORPHANS_MAX:
                self._orphan_count += 1
                self._orphans.setdefault(above, []).append(node)
        return number

    def _put(self, above: int, item: _Json) -> None:
        """Let what is not made yet stand in the node of the number `above`."""
        self._more.setdefault(above, []).append(item)
        parent = self._nodes.get(above)
        if parent is not None:
            parent.unmade = self._make_children
        text = item.get("textContent")
        if text and self._read_css and isinstance(text, str):
            tag = parent.tag if parent else _tag_of(self._unmade[above][0])
            if tag == "style":
                self._read_css(text)

    def _move_unmade(self, number: int, item: _Json, above: int) -> bool:
        """Let it stand elsewhere, with what is in it; False where it must be made for that."""
        if item.get("childNodes"):
            return False
        up: int | None = above
        for _ in range(DEPTH_MAX):
            if up is None or up not in self._unmade:
                break
            if up == number:  # a ring would have no top
                self._made(number).detach()
                return True
            up = self._unmade[up][1]
        else:
            return False  # so deep that it takes long to see whether this is a ring
        children = self._unmade[number][0].get("childNodes")
        item = {**item, "childNodes": children} if children else item
        self._unmade[number] = item, above
        self._put(above, item)
        return True

    def _move(self, number: int, item: _Json, above: int | None) -> None:
        """Take what is said of a node once more; it keeps its children."""
        node = self.get(number)
        if node is None:
            return
        self._chars -= _length(node)
        node.attributes = {}
        node.text = ""
        self._write(node, item)
        for child in _items(item, "childNodes"):
            self._index_or_move(child, number)
        parent = self.get(above)
        if parent:
            node.attach(parent)

    def _index_or_move(self, item: object, above: int) -> None:
        number = _number_of(item)
        if number is not None and isinstance(item, dict) and number not in self._nodes:
            self._index(item, above)
            if self._unmade.get(number, _NOWHERE)[1] == above:
                self._put(above, item)

    def _write(self, node: Node, item: _Json) -> None:
        kind = item.get("type")
        node.is_in_shadow = item.get("isShadow") is True
        if kind == _ELEMENT:
            node.tag = _tag_of(item)
            attributes = item.get("attributes")
            for name, value in attributes.items() if isinstance(attributes, dict) else ():
                self._keep(node, name, value)
            node.forget_judged()
        elif kind == _TEXT:
            node.tag = TEXT_TAG
            text = item.get("textContent")
            node.text = self._kept(text, _TEXT_LENGTH_MAX) if isinstance(text, str) else ""
        else:
            node.tag = DOCUMENT_TAG

    def _set(self, node: Node, name: str, value: object) -> Change:
        if name == _CSS and self._read_css and isinstance(value, str):
            self._read_css(value)  # a sheet that has come late
        before = node.attributes.pop(name, None)
        self._chars -= len(before or "")
        if isinstance(value, dict):
            # Of a style, those of its properties that have changed.
            value = _restyled(before or "", value)
        self._keep(node, name, value)
        node.forget_judged()
        return Change("attribute", node, node.parent, name, before)

    def _keep(self, node: Node, name: str, value: object) -> None:
        """Keep an attribute. True is one without a value; false and null are none."""
        if value is True:
            value = ""
        if type(value) in (int, float):
            value = str(value)
        has_room = len(node.attributes) < _ATTRIBUTES_MAX and len(name) <= _NAME_LENGTH_MAX
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
                node.unmade, unmade = None, node.unmade
                waiting.extend(node.children.values())
                if unmade:
                    node.unmade = partial(self._make_lost, self._drop(node.id))

    def _drop(self, top: int) -> dict[int, list[_Json]]:
        """Forget what is below a node and not made; return it by the numbers of parents."""
        lost: dict[int, list[_Json]] = {}
        waiting = [(top, self._more.pop(top, []))]
        while waiting:
            above, items = waiting.pop()
            for item in items:
                number = _number_of(item)
                held = _NOWHERE if number is None else self._unmade.get(number, _NOWHERE)
                if number is not None and held[1] == above:
                    del self._unmade[number]
                    lost.setdefault(above, []).append(held[0])
                    below = [*_items(held[0], "childNodes"), *self._more.pop(number, ())]
                    if below:
                        waiting.append((number, below))
        return lost

    def _make_lost(self, lost: dict[int, list[_Json]], node: Node) -> None:
        chars = self._chars
        for item in lost.pop(node.id, ()):
            child = Node(item["id"])
            self._write(child, item)
            child.unmade = partial(self._make_lost, lost)
            child.attach(node)
        self._chars = chars  # they are not kept


def _tag_of(item: _Json) -> str:
    tag = item.get("tagName")
    return tag[:60].lower() if isinstance(tag, str) else ""


def _number_of(item: object) -> int | None:
    number = item.get("id") if type(item) is dict else None
    return number if type(number) is int else None


def _length(node: Node) -> int:
    return len(node.text) + sum(map(len, node.attributes.values()))


def _restyled(before: str, style: dict[str, object]) -> str:
    """Change a style by `{"color": "red"}`. A value may be `[value, priority]`; false unsets."""
    pairs = (declaration.partition(":") for declaration in before.split(";"))
    styles: dict[str, object] = {name.strip(): value for name, colon, value in pairs if colon}
    styles |= {name: v[0] if isinstance(v, list) and v else v for name, v in style.items()}
    return ";".join(f"{name}:{v}" for name, v in styles.items() if isinstance(v, str))


def _css(item: _Json) -> str | None:
    """Return the text of a stylesheet: of its attribute, or of the texts in a <style>."""
    css: object = _field(item.get("attributes"), _CSS)
    if css is None:
        texts = [_field(child, "textContent") for child in _items(item, "childNodes")]
        css = "".join(text for text in texts if isinstance(text, str))
    return css if isinstance(css, str) else None


def _field(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _items(value: object, name: str) -> list[Any]:
    items = _field(value, name)
    return items if isinstance(items, list) else []
