"""Visits to the sites in `sites/`, as data, and the code that performs them."""

from collections.abc import Callable, Sequence

from playwright.sync_api import Locator, Page

Step = tuple[str, ...]

# What it is, then: verb, selector, argument. A selector "X in Y" is X inside of the frame Y.
WALKS: dict[str, Sequence[Step]] = {
    "table": [
        ("sorted", "click", "th[data-key=product]"),
        ("sorted the other way", "click", "th[data-key=product]"),
        ("next page", "click", "#pages [data-page='2']"),
        ("row moved up", "click", "tr:nth-child(3) .up"),
        ("row marked", "click", "tr:nth-child(4) td:first-child"),
        ("column added", "click", "#wide"),
        ("box scrolled", "scroll", "#box", "150"),
        ("filtered", "type", "#search", "la"),
        ("filtered more", "check", "#open-only"),
        ("nothing found", "type", "#search", "zz"),
        ("all again, sorted", "clear", "#search"),
        ("header rendered again", "click", "th[data-key=amount]"),
        ("order", "visit", "nav a"),
        ("line added", "click", "#add"),
        ("columns swapped", "click", "#swap"),
        ("table moved into a new box", "click", "#rebuild"),
    ],
    "shadow": [
        ("in shadow", "click", "#soup .pin"),
        ("nested shadow", "click", "#soup star-rating [data-star='4']"),
        ("folded", "click", "#bread .fold"),
        ("host added", "click", "#add"),
        ("added host used", "click", "recipe-card[heading=Salad] [data-star='5']"),
        ("root attached late", "click", "#attach"),
        ("slots changed", "click", "#note"),
        ("shared sheet replaced", "click", "#theme"),
        ("host moved", "click", "#move"),
        ("moved host used", "click", "#soup star-rating [data-star='1']"),
        ("cook", "visit", "#next"),
        ("defined late", "click", "#define"),
        ("ticked", "click", "#tick"),
        ("sheet adopted by a root", "click", "#sheet"),
        ("emptied", "click", "#empty"),
    ],
    "cssinjs": [
        ("rules inserted", "click", "[data-do=insert]"),
        ("rule deleted", "click", "[data-do=remove]"),
        ("nested rules", "click", "[data-do=media]"),
        ("rule's style set", "click", "[data-do=rule]"),
        ("rule's style removed", "click", "[data-do=unset]"),
        ("text of a style", "click", "[data-do=text]"),
        ("sheet adopted", "click", "[data-do=adopt]"),
        ("sheet replaced", "click", "[data-do=replace]"),
        ("class of the body", "click", "[data-do=dark]"),
        ("style attributes", "click", "[data-do=inline]"),
        ("variable", "click", "[data-do=variable]"),
        ("late sheet", "click", "[data-do=late]", "#stage.styled"),
        ("themes", "visit", "#next"),
        ("rule grown", "click", "#grow"),
        ("style added with rules", "click", "#swap"),
        ("style dropped", "click", "#drop"),
    ],
    "drag": [
        ("dragged to another lane", "drag", "#c2", "#doing"),
        ("dragged within", "drag", "#c3", "#c1"),
        ("dragged to an empty lane", "drag", "#c4", "#done"),
        ("card typed", "type", "#title", "Lay"),
        ("card added", "click", "#new button"),
        ("playlist", "visit", "#next"),
        ("held", "hold", "#t1", "20"),
        ("held further", "pull", "#t1", "70"),
        ("let go", "release", "#t1"),
    ],
    "virtual": [
        ("scrolled a little", "scroll", "#list", "130"),
        ("scrolled far", "scroll", "#list", "50000"),
        ("row chosen", "click", ".row[data-index='2505']"),
        ("jumped", "click", "#jump"),
        ("to the end", "scroll", "#list", "200000"),
        ("back to the top", "scroll", "#list", "0"),
        ("feed", "visit", "#next"),
        ("end reached", "scroll", "html", "100000"),
        ("end reached again", "scroll", "html", "100000"),
        ("first gone", "scroll", "html", "100000"),
        ("scrolled up", "scroll", "html", "300"),
    ],
    "canvas": [
        ("canvas drawn", "click", "#draw"),
        ("bars changed", "click", "#update"),
        ("line added", "click", "#line"),
        ("said in a frame", "click", "#say in #inner"),
        ("checked in a frame", "check", "#agree in #inner"),
        ("typed in a frame", "type", "#name in #inner", "Ann"),
        ("scrolled in a frame", "click", "#far in #inner"),
        ("frame added", "click", "#frame", "[title=Second]"),
        ("said in the added frame", "click", "#say in [title=Second]"),
        ("frame goes elsewhere", "click", "#leave"),
        ("more in the other widget", "click", "#more in #inner"),
        ("gallery", "visit", "#next"),
        ("image changed", "click", "#swap"),
        ("image grown", "click", "#big"),
        ("film added", "click", "#film"),
        ("frame written", "click", "#written"),
    ],
    "dialogs": [
        ("modal open", "click", "#show"),
        ("modal answered", "click", "#yes"),
        ("hint open", "click", "#plain"),
        ("hint closed", "click", "#plain"),
        ("details open", "click", "#more summary"),
        ("toast", "click", "#save"),
        ("toast gone", "click", ".toast >> nth=0"),
        ("route", "click", "[data-route=profile]"),
        ("rendered by the route", "click", "#rename"),
        ("other route", "click", "[data-route=home]"),
        ("gone back", "back"),
        ("text", "type", "#text", "Ann"),
        ("password", "type", "#password", "s3cret!"),
        ("number", "fill", "#number", "12"),
        ("date", "fill", "#date", "2026-02-03"),
        ("range", "fill", "#range", "70"),
        ("color", "fill", "#color", "#ff0000"),
        ("search", "type", "#search", "zoo"),
        ("unchecked", "uncheck", "#news"),
        ("radio", "check", "#large"),
        ("select", "select", "#city", "m"),
        ("text area", "type", "#area", "more"),
        ("public", "fill", "#public", "shown to all"),
        ("label changed", "click", "#label"),
        ("editor", "visit", "#next"),
        ("edited", "type", "#editor", " and new"),
        ("paragraph added", "key", "#editor", "Enter"),
        ("edited in public", "type", "#open", " here"),
        ("text split", "click", "#split"),
        ("text joined", "click", "#join"),
        ("markup replaced", "click", "#swap"),
        ("comment between texts", "click", "#comment"),
        ("window made narrow", "resize", "500", "600"),
    ],
}


def walk(page: Page, steps: Sequence[Step], read: Callable[[Page, str], None]) -> None:
    """Do the steps, and call `read` after each with its name."""
    for name, verb, *arguments in steps:
        _VERBS[verb](page, *arguments)
        read(page, name)


def find(page: Page, selector: str) -> Locator:
    """Return what `X`, or `X in FRAME`, stands for."""
    inner, _, frame = selector.partition(" in ")
    return page.frame_locator(frame).locator(inner) if frame else page.locator(inner)


def _click(page: Page, selector: str, awaited: str | None = None) -> None:
    find(page, selector).click()
    if awaited:
        page.wait_for_selector(awaited)


def _visit(page: Page, selector: str) -> None:
    with page.expect_navigation(wait_until="load"):
        page.click(selector)


def _hold(page: Page, selector: str, down: str) -> None:
    page.hover(selector)
    page.mouse.down()
    _pull(page, selector, down)


def _pull(page: Page, selector: str, down: str) -> None:
    """Move the pointer to `down` px below the middle of the list's first place."""
    box = page.locator(f":has(> {selector})").bounding_box()
    assert box
    page.mouse.move(box["x"] + 60, box["y"] + 15 + int(down), steps=6)


_VERBS: dict[str, Callable[..., object]] = {
    "back": lambda page: page.go_back(),
    "check": lambda page, selector: find(page, selector).check(),
    "clear": lambda page, selector: find(page, selector).fill(""),
    "click": _click,
    "drag": lambda page, selector, target: page.drag_and_drop(selector, target),
    "fill": lambda page, selector, text: find(page, selector).fill(text),
    "hold": _hold,
    "key": lambda page, selector, key: find(page, selector).press(key),
    "pull": _pull,
    "release": lambda page, _: page.mouse.up(),
    "resize": lambda page, width, height: page.set_viewport_size(
        {"width": int(width), "height": int(height)}
    ),
    "scroll": lambda page, selector, top: page.locator(selector).evaluate(
        "(node, top) => node.scrollTo(0, top)", int(top)
    ),
    "select": lambda page, selector, value: find(page, selector).select_option(value),
    "type": lambda page, selector, text: find(page, selector).press_sequentially(text),
    "uncheck": lambda page, selector: find(page, selector).uncheck(),
    "visit": _visit,
}
