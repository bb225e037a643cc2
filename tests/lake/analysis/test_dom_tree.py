"""The DOM of a page, rebuilt from a stream."""

import json as json_
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.analysis.dom.dom_tree import DomTree
from lake.analysis.dom.nodes import Node
from tests.lake.analysis.streams import Page

law = settings(deadline=None, max_examples=60)


def tree_of(page: Page) -> DomTree:
    tree = DomTree()
    for event in page.events:
        if event["type"] == 2:
            tree.load_snapshot(event["data"])
        if event["data"].get("source") == 0:
            tree.apply_mutation(event["data"])
    return tree


def named(page: Page, name: str) -> Node:
    node = tree_of(page).get(page.ids[name])
    assert node
    return node


def tags(node: Node) -> list[str]:
    return [above.tag for above in node.climb()]


LIST = ("ul", {"name": "list", "class": "rows"}, ("li", {"name": "first"}, "One"))


def test_a_snapshot_shows_tags_attributes_parents_and_texts() -> None:
    page = Page(LIST)

    first = named(page, "first")

    assert tags(first) == ["li", "ul", "body", "html", "#document"]
    assert first.parent is not None
    assert first.parent.attributes == {"class": "rows"}
    assert [node.text for node in first.descend(10)] == ["", "One"]


def test_what_is_added_and_removed_is_there_and_gone() -> None:
    page = Page(LIST).insert("list", ("li", {"name": "second"}, ("b", {"name": "bold"}, "Two")))
    page.remove("first", "list")

    tree = tree_of(page)

    assert tags(named(page, "bold"))[:3] == ["b", "li", "ul"]
    assert tree.get(page.ids["first"]) is None
    assert tree.get(page.ids["first"] + 1) is None  # its text


def test_a_removed_subtree_still_hangs_together_in_its_change() -> None:
    page = Page(LIST)
    tree = tree_of(page)

    (change,) = tree.apply_mutation({"removes": [{"id": page.ids["first"]}]})

    assert (change.what, change.node.tag) == ("removed", "li")
    assert change.parent is tree.get(page.ids["list"])
    assert [node.text for node in change.node.descend(10)] == ["", "One"]


def test_an_added_subtree_is_told_by_its_top() -> None:
    page = Page(LIST)
    tree = tree_of(page)
    page.insert("list", ("li", {"name": "second"}, ("b", {}, "Two")))

    (change,) = tree.apply_mutation(page.events[-1]["data"])

    assert (change.what, change.node.id) == ("added", page.ids["second"])


def test_a_node_that_moves_keeps_its_children() -> None:
    page = Page(LIST, ("ol", {"name": "other"}))
    tree = tree_of(page)
    first, other = page.ids["first"], page.ids["other"]
    node = {"type": 2, "id": first, "tagName": "li", "attributes": {}, "childNodes": []}

    changes = tree.apply_mutation(
        {"removes": [{"id": first}], "adds": [{"parentId": other, "node": node}]}
    )

    moved = tree.get(first)
    assert [change.what for change in changes] == ["added"]
    assert moved is not None
    assert tags(moved)[:2] == ["li", "ol"]
    assert tree.get(first + 1) is not None


def test_attributes_change_and_go_and_styles_are_merged() -> None:
    page = Page(("a", {"name": "link", "href": "/a", "style": "color:red"}))
    page.set("link", href=None, title="Go").set("link", style={"cursor": "pointer", "color": False})

    link = named(page, "link")

    assert link.attributes == {"title": "Go", "style": "cursor:pointer"}


def test_a_child_that_comes_before_its_parent_finds_it() -> None:
    page = Page(LIST).insert("list", ("li", {"name": "late"}, ("b", {"name": "bold"})))
    page.events[-1]["data"]["adds"].reverse()

    assert tags(named(page, "bold"))[:3] == ["b", "li", "ul"]


def test_iframes_and_shadow_roots_hang_on_their_hosts() -> None:
    page = Page(("iframe", {"name": "frame"}), ("x-card", {"name": "card"}))
    inner = page.node(("html", {}, ("p", {"name": "inside"})))
    page.mutate(
        isAttachIframe=True,
        adds=[
            {
                "parentId": page.ids["frame"],
                "node": {"type": 0, "id": 900, "childNodes": [inner]},
            }
        ],
    )
    page.insert("card", ("p", {"name": "shadowed"}))
    page.events[-1]["data"]["adds"][0]["node"]["isShadow"] = True

    assert tags(named(page, "inside"))[:4] == ["p", "html", "#document", "iframe"]
    assert named(page, "shadowed").is_in_shadow


def test_a_ring_is_refused() -> None:
    page = Page(("div", {"name": "outer"}, ("div", {"name": "inner"})))
    node = {"type": 2, "id": page.ids["outer"], "tagName": "div", "childNodes": []}
    page.mutate(adds=[{"parentId": page.ids["inner"], "node": node}])

    assert len(list(named(page, "inner").climb())) < 10


def test_long_texts_and_attributes_are_cut() -> None:
    page = Page(("p", {"name": "p", "class": "x" * 5000}, "y" * 5000))

    top, text = named(page, "p").descend(2)

    assert (len(top.attributes["class"]), len(text.text)) == (1000, 300)


def test_more_nodes_than_the_limit_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.analysis.dom.lazy_nodes.NODES_MAX", 10)
    tree = tree_of(Page(("ul", {"name": "list"}, *[("li", {}, "x")] * 20)))

    assert len(tree) == 10


def test_nodes_that_went_leave_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.analysis.dom.lazy_nodes.NODES_MAX", 10)
    monkeypatch.setattr("lake.analysis.dom.lazy_nodes._CHARS_MAX", 50)
    page = Page()
    for _ in range(20):
        page.insert("body", ("p", {"name": "p"}, "Twenty letters of it")).remove("p")
    page.insert("body", ("p", {"name": "p"}, "Twenty letters of it"))

    assert [node.text for node in named(page, "p").descend(2)] == ["", "Twenty letters of it"]


def test_no_more_than_so_many_letters_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.analysis.dom.lazy_nodes._CHARS_MAX", 50)
    page = Page(*[("p", {"name": str(number)}, "Twenty letters of it") for number in range(9)])
    tree = tree_of(page)

    texts = [node.text for n in range(9) if (node := tree.get(page.ids[str(n)] + 1))]

    assert sum(map(len, texts)) == 60


def test_depth_costs_no_more_than_nodes() -> None:
    node: Any = {"type": 3, "id": 0, "textContent": "x"}
    for number in range(1, 50_000):
        node = {"type": 2, "id": number, "tagName": "div", "childNodes": [node]}
    tree = DomTree()

    tree.load_snapshot({"node": node})

    assert len(tree) == 50_000


json = st.recursive(
    st.none() | st.booleans() | st.integers(0, 6) | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "parentId", "node", "type", "tagName", "attributes", "childNodes"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
mutations = st.dictionaries(
    st.sampled_from(["adds", "removes", "texts", "attributes"]), json, max_size=4
)
ids = st.integers(1, 6)
nodes = st.builds(
    lambda i, t: {"type": t, "id": i, "tagName": "p"}, ids, st.sampled_from([0, 2, 3])
)
moves = st.fixed_dictionaries(
    {
        "adds": st.lists(st.fixed_dictionaries({"parentId": ids, "node": nodes}), max_size=4),
        "removes": st.lists(st.fixed_dictionaries({"id": ids}), max_size=3),
    }
)


@law
@given(st.lists(mutations | moves | json, max_size=8))
def test_any_stream_leaves_the_tree_a_forest(events: list[Any]) -> None:
    tree = DomTree()
    for event in events:
        tree.apply_mutation(event)

    for number in range(7):
        node = tree.get(number)
        for above in node.climb() if node else ():
            assert above.parent is None or above.parent.children[above.id] is above
        assert node is None or len(list(node.climb())) <= 7
        assert node is None or len(list(node.descend(100))) <= 7


Shape = tuple[str, list[Any]]  # a tag, and the shapes of its children
new_nodes: st.SearchStrategy[Shape] = st.recursive(
    st.sampled_from(["p", "li", "style", "#text"]).map(lambda tag: (tag, [])),
    lambda inner: st.tuples(st.sampled_from(["div", "ul"]), st.lists(inner, max_size=3)),
    max_leaves=6,
)
steps = st.one_of(
    st.tuples(st.just("insert"), st.integers(0, 30), new_nodes),
    st.tuples(st.just("move"), st.integers(0, 30), st.integers(0, 30)),
    st.tuples(st.just("remove"), st.integers(0, 30), st.none()),
    st.tuples(st.just("look"), st.integers(0, 30), st.none()),
    st.tuples(st.just("set"), st.integers(0, 30), st.none()),
)


class Writer:
    """Writes mutations of a page whose nodes are numbered as they come."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []

    def item(self, shape: Shape) -> dict[str, Any]:
        tag, children = shape
        item: dict[str, Any] = {"id": len(self.items) + 1}
        self.items.append(item)
        if tag == "#text":
            item |= {"type": 3, "textContent": f"text {item['id']}"}
        else:
            named = {"class": f"c{item['id']}"}
            item |= {"type": 2, "tagName": tag, "attributes": named}
            item["childNodes"] = [self.item(child) for child in children]
        return item

    def written(self, step: tuple[str, int, Any]) -> dict[str, Any]:
        what, at, more = step
        number = at % len(self.items) + 1
        if what == "insert":
            return {"adds": [{"parentId": number, "node": self.item(more)}]}
        if what == "move":
            node = {**self.items[number - 1], "childNodes": []}
            to = more % len(self.items) + 1
            return {"removes": [{"id": number}], "adds": [{"parentId": to, "node": node}]}
        if what == "remove":
            return {"removes": [{"id": number}]}
        if what == "set":
            return {"attributes": [{"id": number, "attributes": {"title": str(at)}}]}
        return {}


def look(tree: DomTree, numbers: range) -> list[Any]:
    looks = []
    for number in numbers:
        node = tree.get(number)
        above = node.parent.id if node and node.parent else None
        looks.append(node and (node.tag, node.text, node.attributes, above, sorted(node.children)))
    return looks


@law
@given(new_nodes, st.lists(steps, max_size=12))
def test_lazily_built_nodes_equal_eagerly_built_ones(first: Any, then: list[Any]) -> None:
    """The order of siblings that moved among themselves may differ."""
    writer = Writer()
    lazy, eager = DomTree(), DomTree()
    page = {"node": writer.item(("html", [first]))}
    for tree in (lazy, eager):
        tree.load_snapshot(json_.loads(json_.dumps(page)))
    for step in then:
        recorded = writer.written(step)
        if step[0] == "look":
            look(lazy, range(step[1], step[1] + 3))
        changes = [
            tree.apply_mutation(json_.loads(json_.dumps(recorded))) for tree in (lazy, eager)
        ]
        told_of = [[(c.what, c.node.id, c.name, c.before) for c in of_item] for of_item in changes]
        assert told_of[0] == told_of[1]
        below = [[sorted(n.id for n in c.node.descend(50)) for c in of_item] for of_item in changes]
        assert below[0] == below[1]
        look(eager, range(1, len(writer.items) + 1))

    everything = range(1, len(writer.items) + 1)
    assert look(lazy, everything) == look(eager, everything)
