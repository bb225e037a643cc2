"""The heatmap in a real browser: heat on the page itself, and what it names."""

from urllib.parse import quote

from playwright.sync_api import Page, expect

from lake.control.websites import Website
from tests.conftest import eventually
from tests.dashboard.desk import SHOP, Desk, now_ms
from tests.dashboard.test_accessibility import findings
from tests.query_api.recorded import Event

_CART = f"{SHOP}/cart"
_WIDTH, _HEIGHT = 1200, 700
_HOUR_MS = 3_600_000
# How opaque the heat is at a place of the recorded view, and where the page in the frame is.
_HEAT_AT = """([x, y]) => {
  const canvas = document.querySelector(".heat canvas");
  const scale = canvas.width / 1200;
  return canvas.getContext("2d").getImageData(x * scale, y * scale, 1, 1).data[3];
}"""
_SCROLLED = "document.querySelector('.heat iframe').contentWindow.scrollY"


def snapshot(at_ms: int) -> Event:
    """A page of 3,000 px with a button, a hostile link, and what would load or run."""

    def element(number: int, tag: str, style: str = "", *inside: Event, **more: str) -> Event:
        attributes = {"style": style, **more}
        return {
            "type": 2, "id": number, "tagName": tag,
            "attributes": attributes, "childNodes": list(inside),
        }  # fmt: skip

    def text(number: int, content: str) -> Event:
        return {"type": 3, "id": number, "textContent": content}

    place = "position:absolute; width:200px; height:40px; left:{}px; top:{}px"
    body = element(
        5, "body", "margin:0; height:3000px",
        element(
            6, "button", place.format(100, 200),
            text(7, "Pay now"), element(13, "div", "", text(14, "and at once")),
        ),
        element(8, "a", place.format(800, 1500), text(9, "Delivery"), href="javascript:alert(1)"),
        element(10, "img", "", src="https://other.example/pixel.png", onerror="alert(2)"),
        element(11, "script", "", text(12, "alert(3)")),
    )  # fmt: skip
    html = element(3, "html", "", element(4, "head"), body)
    node = {"type": 0, "id": 1, "childNodes": [html]}
    data = {"node": node, "initialOffset": {"top": 0, "left": 0}}
    return {"type": 2, "timestamp": at_ms + 1, "data": data}


def visit(desk: Desk, website: Website, *happenings: Event, drawn: bool = True) -> None:
    """Store and compact a visit of the cart; each happening has its ms from the beginning."""
    began_ms = now_ms() - _HOUR_MS
    meta = {"href": f"{_CART}?id=7", "width": _WIDTH, "height": _HEIGHT}
    events: list[Event] = [{"type": 4, "timestamp": began_ms, "data": meta}]
    if drawn:
        events.append(snapshot(began_ms))
    events += [event | {"timestamp": began_ms + event["timestamp"]} for event in happenings]
    session = desk.lakeful.record(events, website, began_ms=began_ms)
    desk.lakeful.compact(session.day)


def click(at_ms: int, x: int, y: int) -> Event:
    return {
        "type": 3,
        "timestamp": at_ms,
        "data": {"source": 2, "type": 2, "id": 6, "x": x, "y": y},
    }


def scroll(at_ms: int, y: int) -> Event:
    return {"type": 3, "timestamp": at_ms, "data": {"source": 3, "id": 1, "x": 0, "y": y}}


def expect_rows(tab: Page, heading: str, *rows: str) -> None:
    """Wait until the table below a heading has these rows."""
    section = tab.locator("section", has=tab.get_by_role("heading", name=heading))
    expect(section.locator("tbody tr")).to_have_text(list(rows), use_inner_text=True)


def test_heatmap_overlays_the_page_and_lists_clicked_elements(desk: Desk) -> None:
    website = desk.website()
    visit(desk, website, *(click(3_000 + n * 900, 150, 220) for n in range(3)))
    visit(
        desk, website,
        click(3_000, 250, 210), click(3_900, 250, 215),
        scroll(5_000, 1_300), click(6_000, 900, 220),
    )  # fmt: skip
    tab = desk.open(website, f"/heatmap?url={quote(_CART)}")

    expect(tab.locator(".heat-sum")).to_have_text("2 views · 6 clicks")
    expect_rows(tab, "Most clicked", "Pay now 5 83 %", "Delivery 1 17 %")
    expect_rows(tab, "Seen down to", "90 % 700 px", "50 % 2,000 px")
    assert tab.evaluate(_HEAT_AT, [155, 225]) > 60
    assert tab.evaluate(_HEAT_AT, [600, 400]) == 0
    assert findings(tab) == []
    tab.locator(".heat").focus()
    for _ in range(2):
        tab.keyboard.press("PageDown")
    # The page in the frame, and the heat on it, go along.
    eventually(lambda: 900 < tab.evaluate(_SCROLLED) < 1500)
    eventually(lambda: tab.evaluate(_HEAT_AT, [905, 1525 - tab.evaluate(_SCROLLED)]) > 60)
    tab.get_by_role("button", name="Scroll depth").click()
    expect(tab.get_by_role("button", name="Scroll depth")).to_have_attribute("aria-pressed", "true")
    eventually(lambda: tab.evaluate(_HEAT_AT, [600, 650]) > 60)
    tab.get_by_role("link", name="Sessions that saw this page").click()
    expect(tab.locator("td.who a")).to_have_count(2)


def test_heatmap_without_snapshot_uses_an_empty_page(desk: Desk) -> None:
    website = desk.website()
    tab = desk.open(website, "/heatmap")
    expect(tab.get_by_role("heading", name="No page yet")).to_be_visible()
    visit(desk, website, click(3_000, 150, 220), click(3_900, 151, 221), drawn=False)
    tab.goto("/heatmap?viewport=mobile")

    expect(tab.get_by_role("heading", name="Nobody saw it on such a screen")).to_be_visible()
    tab.get_by_role("button", name="Desktop").click()
    expect(tab.locator(".heat-note")).to_contain_text("No recorded picture of this page")
    expect_rows(tab, "Most clicked", "13 % from the left, 220 px down 2 100 %")
    assert tab.locator(".heat iframe").count() == 0
    # Of its 1,440 px, the middle of the cell.
    eventually(lambda: tab.evaluate(_HEAT_AT, [1200 * 0.125, 1200 / 1440 * 225]) > 60)
