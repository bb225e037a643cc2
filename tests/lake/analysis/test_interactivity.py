"""Interactivity of elements, from markup, class names and cursors."""

from typing import Any

import pytest

from lake.analysis.dom.budget import Budget
from lake.analysis.dom.css_cursors import Cursors
from lake.analysis.dom.dom_tree import DomTree
from lake.analysis.dom.selectors import parse
from lake.analysis.dom.targets import Target, target_of
from tests.lake.analysis.streams import Page


def target(page: Page, name: str = "it") -> Target:
    budget = Budget()
    cursors = Cursors(budget)
    tree = DomTree(cursors.read)
    for event in page.events:
        if event["type"] == 2:
            cursors.clear()
            tree.load_snapshot(event["data"])
        if event["data"].get("source") == 0:
            tree.apply_mutation(event["data"])
        if event["data"].get("source") in (8, 15):
            cursors.read_rules(event["data"])
    return target_of(tree.get(page.ids[name]), cursors, budget)


def it(tag: str, *children: Any, **attributes: str) -> Any:
    named = {key.strip("_").replace("_", "-"): value for key, value in attributes.items()}
    return (tag, {"name": "it", **named}, *children)


def inside(outer: Any) -> Any:
    """Put it into the innermost first child."""
    tag, attributes, *children = outer
    return (tag, attributes, inside(children[0])) if children else (*outer, it("span", "Go"))


@pytest.mark.parametrize(
    "shape",
    [
        it("a", href="/"),
        it("button"),
        it("input", type="checkbox"),
        it("summary"),
        it("canvas"),
        ("p", {"name": "it", "rr_width": "10px"}),
        it("div", role="button"),
        it("div", role="menuitemradio"),
        it("div", role="textbox"),
        it("div", contenteditable=""),
        it("div", tabindex="0"),
        it("div", draggable="true"),
        it("div", onclick="go()"),
        it("div", ng_click="go()"),
        it("div", data_bs_toggle="collapse"),
        it("div", data_toggle="tab"),
        it("div", data_action="click->menu#open"),
        it("div", aria_expanded="false"),
        it("th", aria_sort="none"),
        it("div", class_="card icon-btn"),
        it("div", class_="menu__toggle"),
        it("div", class_="accordion-header"),
        it("div", style="color: red; cursor: pointer"),
        it("label", for_="agree"),
        it("label", ("input", {"type": "checkbox"})),
        inside(("a", {"href": "/"})),
        inside(("label", {"for": "agree"})),
        inside(("div", {"class": "btn"}, ("i", {}))),
        inside(("div", {"onmousedown": "go()"})),
        inside(("div", {"style": "cursor:pointer"})),
    ],
    ids=str,
)
def test_it_invites_to_a_click(shape: Any) -> None:
    assert target(Page(shape)).is_interactive


@pytest.mark.parametrize(
    "shape",
    [
        it("p"),
        it("img", src="/a.png"),
        it("a"),
        it("label"),
        it("div", tabindex="-1"),
        it("div", draggable="false"),
        it("div", contenteditable="false"),
        it("div", class_="btn-group"),
        it("div", class_="tab-content accordion dropdown card"),
        it("div", class_="button-row toggle-list"),
        it("div", role="img"),
        it("table", data_toggle="table", data_url="/rows"),
        it("div", role="tabpanel", tabindex="0"),
        inside(("main", {"tabindex": "0"})),
        inside(("div", {"class": "sidebar-toggle"}, ("div", {}, ("div", {}, ("div", {}))))),
        it("div", aria_label="Offers", aria_live="polite"),
        it("div", data_target="menu.list", data_id="7"),
        it("div", style="cursor: default"),
        it("div", style="cursor: not-allowed"),
        inside(("div", {"style": "cursor:text"})),
        inside(("form", {"action": "/"})),
    ],
    ids=str,
)
def test_it_does_not(shape: Any) -> None:
    assert not target(Page(shape)).is_interactive


def test_what_is_said_of_the_body_is_said_of_nothing() -> None:
    page = Page(it("p"), css="body { cursor: pointer } html { cursor: pointer }")
    body = page.events[1]["data"]["node"]["childNodes"][0]["childNodes"][1]
    body["attributes"] |= {"onclick": "go()", "tabindex": "0", "class": "btn"}

    assert not target(page).is_interactive


NESTED: Any = (
    "section",
    {"class": "offers", "id": "s"},
    ("ul", {}, it("li", class_="card x", lang="de")),
)


@pytest.mark.parametrize(
    "selector",
    [
        "li",
        ".card",
        "li.card.x",
        "#s li",
        "section > ul > li",
        ".offers .card",
        "body li",
        "[lang]",
        "[lang=de]",
        "[lang='de']",
        '[lang^="d"]',
        "[class~=x]",
        "*",
        "li:hover",
        "li:not(.y)",
        "li:not(.y, [disabled])",
        ":is(p, li)",
        "p, li",
        "h1 + li",
        "li:first-child",
        "ul > :where(.card)",
        "section.offers",
        "ul",
    ],
)
def test_a_sheet_gives_it_a_hand(selector: str) -> None:
    assert target(
        Page(NESTED, css=f"p {{color:red}} {selector} {{ cursor: pointer; }}")
    ).is_interactive


@pytest.mark.parametrize(
    "selector",
    [
        "p",
        ".car",
        "li.card.y",
        "section > li",
        "#other li",
        "[lang=fr]",
        "[class^=x]",
        "li:not(.card)",
        "li:not([lang])",
        "li::before",
        "li:before",
        ":is(p, b)",
        "li:disabled",
        "section p, aside li",
        "li li",
        "@media print",
        "li..x",
        "<",
    ],
)
def test_a_sheet_gives_it_none(selector: str) -> None:
    assert not target(Page(NESTED, css=f"{selector} {{ cursor: pointer; }}")).is_interactive


@pytest.mark.parametrize(
    ("css", "is_hand"),
    [
        (".card{cursor:pointer}.x{cursor:default}", False),
        (".x{cursor:default}.card{cursor:pointer}", True),
        ("#s .card{cursor:pointer}.x{cursor:default}", True),
        ("ul{cursor:pointer}li{cursor:default}", False),
        ("ul{cursor:pointer}li{cursor:inherit}", True),
        (".card{cursor:url(hand.png) 2 2, pointer !important}", True),
        ("@media (hover:hover){.card{color:red;cursor:pointer}}", True),
        ("/* .card{cursor:pointer} */ p{cursor:pointer}", False),
        ("/* the cards */ .card{cursor:pointer}", True),
        (".card{--cursor:pointer}", False),
        (r".md\:card{cursor:pointer}", False),
    ],
)
def test_of_several_rules_the_weightier_and_the_later_one_counts(css: str, is_hand: bool) -> None:
    assert target(Page(NESTED, css=css)).is_interactive is is_hand


def test_escaped_names_are_read() -> None:
    page = Page(
        it("p", class_="hover:cursor-hand"), css=r".hover\:cursor-hand:hover{cursor:pointer}"
    )

    assert target(page).is_interactive


def test_sheets_that_come_later_count_too() -> None:
    text = Page(it("p")).insert("body", ("style", {}, "p{cursor:pointer}"))
    sheet = Page(it("p"), ("link", {"name": "sheet"})).set("sheet", _cssText="")
    sheet.events[-1]["data"]["attributes"][0]["attributes"] = {"_cssText": "p{cursor:pointer}"}
    rule = Page(it("p")).source(8, id=3, adds=[{"rule": "p{cursor:pointer}", "index": 0}])
    adopted = Page(it("p")).source(
        15, id=1, styles=[{"styleId": 1, "rules": [{"rule": "p{cursor:pointer}"}]}]
    )

    assert [target(page).is_interactive for page in (text, sheet, rule, adopted)] == [True] * 4


def test_a_new_snapshot_brings_its_own_sheets() -> None:
    page = Page(it("p"), css="p{cursor:pointer}")
    again = Page(it("p"))
    page.events += again.events
    page.ids = again.ids

    assert not target(page).is_interactive


def test_selectors_that_nest_for_ever_end() -> None:
    deep = ":not(" * 5000 + "p" + ")" * 5000

    assert list(parse(deep)) == []
    assert list(parse("a " * 5000)) == []


@pytest.mark.parametrize(
    ("shape", "path"),
    [
        (it("h2", class_="headline"), "html > body > h2.headline"),
        (it("h2", id="top"), "h2#top"),
        (it("h2", id="radix-1234"), "html > body > h2"),
        (it("a", data_testid="buy", class_="x"), 'html > body > a[data-testid="buy"]'),
        (it("p", class_="css-1x2y card big red"), "html > body > p.card.big"),
        (("main", {"id": "m"}, inside(("div", {}))), "main#m > div > span"),
        (("a", {}, ("b", {}, ("i", {}, inside(("u", {}))))), "body > a > b > i > u > span"),
    ],
)
def test_paths_are_those_of_our_recorder(shape: Any, path: str) -> None:
    assert target(Page(shape)).path == path.removeprefix("body > ")


def test_paths_cross_shadow_roots_and_end_at_frames() -> None:
    page = Page(("x-card", {"name": "card", "id": "card"}), ("iframe", {"name": "frame"}))
    page.insert("card", ("p", {"name": "shadowed"}))
    page.events[-1]["data"]["adds"][0]["node"]["isShadow"] = True
    inner = page.node(("html", {}, ("p", {"name": "framed"})))
    document = {"type": 0, "id": 900, "childNodes": [inner]}
    page.mutate(isAttachIframe=True, adds=[{"parentId": page.ids["frame"], "node": document}])

    assert target(page, "shadowed").path == "x-card#card >>> p"
    assert target(page, "framed").path == "html > p"
    assert not target(page, "framed").is_interactive


def test_the_text_is_the_controls() -> None:
    page = Page(("button", {}, "Add ", it("b", "to"), " basket"))

    assert target(page).text == "Add to basket"
