"""Clicks and scrolls of a page, against what stands in the session files."""

import json
from collections import Counter
from typing import Any

import pytest
from pydantic import TypeAdapter

from lake import erasure
from lake.control.websites import Website
from lake.raw.redaction import scrub_url
from lake.reading.lake_snapshot import Lake
from lake.tables import session_rows
from lake.tables.delta_table import Table
from query_api import schemas
from tests.query_api.recorded import (
    NOW_MS,
    RECORDINGS,
    Event,
    Lakeful,
    Session,
    moves,
    page,
    recording,
)
from tests.support.asgi import AppClient
from tests.support.lakes import rows, stored

pytestmark = pytest.mark.folder  # the store makes no difference here

START = NOW_MS - 7_200_000
SHOP = "https://shop.example"


def read_heatmap(
    client: AppClient, lakeful: Lakeful, url: str, website: Website | None = None, /, **params: str
) -> dict[str, Any]:
    website = website or lakeful.website
    answer = client.get(
        f"/api/websites/{website.website_id}/heatmap",
        params={"url": url, **params},
        headers=lakeful.headers(website),
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    TypeAdapter(schemas.Heatmap).validate_python(body, strict=True, extra="forbid")
    views = [step["views"] for step in body["scroll"]]
    assert views == sorted(views, reverse=True)
    assert body["clicksShown"] == sum(cell["count"] for cell in body["clicks"])
    return body


def screen(at_ms: float, url: str, width: int, height: int = 600) -> list[Event]:
    """Meta and full snapshot of a page on a screen of another size."""
    meta, snapshot = page(at_ms, url)
    meta["data"] |= {"width": width, "height": height}
    return [meta, snapshot]


def click(at_ms: float, **place: float) -> Event:
    return {"type": 3, "timestamp": at_ms, "data": {"source": 2, "type": 2, "id": 2, **place}}


def scroll(at_ms: float, y: float, *, node: int = 1) -> Event:
    return {"type": 3, "timestamp": at_ms, "data": {"source": 3, "id": node, "x": 0, "y": y}}


def test_clicks_and_views_are_those_in_the_session_files(
    client: AppClient, lakeful: Lakeful
) -> None:
    other = lakeful.new_website()
    for number, name in enumerate(RECORDINGS):
        session = lakeful.session(began_ms=START + number)
        lakeful.append(session.chunks(recording(name)))
    theirs = lakeful.session(other, began_ms=START)
    lakeful.append(theirs.chunks(recording(RECORDINGS[-1])))
    lakeful.compact(session.day)
    clicks: dict[str, Counter[str]] = {w.website_id: Counter() for w in (lakeful.website, other)}
    views: dict[str, Counter[str]] = {website_id: Counter() for website_id in clicks}
    for row in rows(lakeful.store, "sessions"):
        url, before = "", ""
        for _, _, event in stored(lakeful.store, row).events:
            data = event["data"]
            if event["type"] == 4:
                url = scrub_url(data["href"])
                address = url.split("?")[0].split("#")[0]
                views[row["website_id"]][address] += url != before
                before = url
            elif event["type"] == 3 and (data["source"], data.get("type")) == (2, 2):
                clicks[row["website_id"]][address] += 1

    assert sum(clicks[lakeful.website.website_id].values()) > 50
    for website in (lakeful.website, other):
        mine = website.website_id
        assert set(views[mine]) >= set(clicks[mine])
        for address, view_count in views[mine].items():
            heatmap = read_heatmap(client, lakeful, f"{address}?any=1#part", website)
            assert (heatmap["viewCount"], heatmap["clickCount"]) == (
                view_count,
                clicks[mine][address],
            ), address
            assert heatmap["clicksShown"] == heatmap["clickCount"], address
        answer = client.get(f"/api/websites/{mine}/pages", headers=lakeful.headers(website))
        recorded = TypeAdapter(schemas.ClickedPages).validate_python(
            answer.json(), strict=True, extra="forbid"
        )
        by_address = {item["url"]: (item["views"], item["clicks"]) for item in recorded["pages"]}
        assert by_address == {a: (count, clicks[mine][a]) for a, count in views[mine].items()}
        assert [item["clicks"] for item in recorded["pages"]] == sorted(
            clicks[mine].values(), reverse=True
        ) + [0] * (len(views[mine]) - len(clicks[mine]))
    (address,) = set(views[other.website_id]) & {"http://shop.test/item/index.html"}
    assert read_heatmap(client, lakeful, address, viewport="mobile")["viewCount"] == 0


def test_clicks_have_document_positions_at_any_screen_width(
    client: AppClient, lakeful: Lakeful
) -> None:
    wide = [
        *screen(START, f"{SHOP}/cart?id=1", 2000),
        click(START + 10, x=205, y=57),
        scroll(START + 20, 1000),
        scroll(START + 21, 9000, node=7),  # a box within the page
        click(START + 30, x=200, y=59),
        click(START + 40, x=2500, y=0),
        click(START + 50),  # by a key
    ]
    narrow = [*screen(START, f"{SHOP}/cart#top", 1024), click(START + 10, x=112, y=50)]
    phone = [*screen(START, f"{SHOP}/cart", 767), click(START + 10, x=0, y=0)]
    tablet = [*screen(START, f"{SHOP}/cart", 768), *screen(START + 9, f"{SHOP}/cart/2", 768)]
    for events in (wide, narrow, phone, tablet):
        session = lakeful.record(events, began_ms=START)
    lakeful.compact(session.day)

    answer = client.get(
        f"/api/websites/{lakeful.website.website_id}/pages?limit=1", headers=lakeful.headers()
    )
    (cart,) = answer.json()["pages"]
    assert cart == {"url": f"{SHOP}/cart", "views": 4, "sessions": 4, "clicks": 6}
    assert answer.json()["total"] == 2
    desktop = read_heatmap(client, lakeful, f"{SHOP}/cart", viewport="desktop")
    assert (desktop["viewCount"], desktop["clickCount"], desktop["clicksShown"]) == (2, 5, 4)
    assert desktop["clicks"] == [
        {"x": 100, "y": 50, "count": 2},
        {"x": 1000, "y": 1000, "count": 1},
        {"x": 100, "y": 1050, "count": 1},
    ]
    assert desktop["scroll"] == [
        {"y": y, "views": 2 if y <= 600 else 1} for y in range(100, 1601, 100)
    ]
    mobile = read_heatmap(client, lakeful, f"{SHOP}/cart", viewport="mobile")
    assert (mobile["viewCount"], mobile["clicks"]) == (1, [{"x": 0, "y": 0, "count": 1}])
    on_tablet = read_heatmap(client, lakeful, f"{SHOP}/cart", viewport="tablet")
    assert (on_tablet["viewCount"], on_tablet["clickCount"]) == (1, 0)
    assert read_heatmap(client, lakeful, f"{SHOP}/cart")["viewCount"] == 4
    assert read_heatmap(client, lakeful, f"{SHOP}/car")["viewCount"] == 0


def change_pages(lakeful: Lakeful, sessions: list[Session], **columns: list[Any]) -> None:
    """Write other values into the first page's row of each session."""
    table = Table(lakeful.store, "pages")
    wanted = {
        (session.website_id, session.session_id): number for number, session in enumerate(sessions)
    }
    to_dicts = session_rows.rows_of(table.snapshot(), wanted).to_dicts()
    parts = {(row["website_id"], row["session_id"]): row.pop("part") for row in to_dicts}
    for row in to_dicts:
        number = wanted[row["website_id"], row["session_id"]]
        row |= {name: values[number] for name, values in columns.items()}
    session_rows.replace(table, table.snapshot(), parts, to_dicts)
    lakeful.clock.tick()


def test_very_many_places_are_cut_to_those_with_the_most_clicks(
    client: AppClient, lakeful: Lakeful
) -> None:
    sessions = [
        lakeful.record(screen(START, f"{SHOP}/", 1000), began_ms=START + n) for n in range(14)
    ]
    lakeful.compact(sessions[0].day)
    places = [[[n * 10, y * 10] for y in range(500)] for n in range(14)]
    places[13] = [[5, 5]] * 7
    change_pages(
        lakeful,
        sessions,
        clicks=[json.dumps(place) for place in places],
        click_count=[700] * 13 + [7],
        seen_px=[2**31 - 1] * 14,
    )

    heatmap = read_heatmap(client, lakeful, f"{SHOP}/")
    assert heatmap["clickCount"] == 13 * 700 + 7
    assert (len(heatmap["clicks"]), heatmap["clicksShown"]) == (5000, 5007)
    assert heatmap["clicks"][0] == {"x": 0, "y": 0, "count": 8}
    assert (len(heatmap["scroll"]), heatmap["scroll"][-1]["views"]) == (1000, 14)


def test_sessions_compacted_before_heatmaps_count_as_views_only(
    client: AppClient, lakeful: Lakeful
) -> None:
    session = lakeful.record([*page(START, f"{SHOP}/"), click(START, x=1, y=1)], began_ms=START)
    lakeful.compact(session.day)
    unknown = ("click_count", "clicks", "seen_px", "viewport_width", "viewport_height")
    change_pages(lakeful, [session], **{name: [None] for name in unknown})

    heatmap = read_heatmap(client, lakeful, f"{SHOP}/")
    assert (heatmap["viewCount"], heatmap["clickCount"], heatmap["clicks"]) == (1, 0, [])
    assert heatmap["scroll"] == []


def test_the_background_is_a_recent_view_that_can_be_drawn(
    client: AppClient, lakeful: Lakeful
) -> None:
    headers = lakeful.headers()
    began = START + 10_000
    settled = [
        *page(began, f"{SHOP}/", "first"),
        *moves(began + 100, 9),
        *page(began + 1000, f"{SHOP}/cart?id=1", "settled"),
        *moves(began + 1100, 40),
    ]
    chosen = lakeful.record(settled, began_ms=began)
    lakeful.record(settled, began_ms=began - 1)
    # Later ones, of which one was left at once, one has an unusual width, and one cannot be drawn.
    lakeful.record(page(began, f"{SHOP}/cart", "hasty"), began_ms=began + 1)
    narrow = [*screen(began, f"{SHOP}/cart", 900), *moves(began + 100, 40)]
    lakeful.record(narrow, began_ms=began + 3)
    cut = lakeful.session(began_ms=began + 2)
    lakeful.append(cut.chunks(settled, size=8)[1:])
    lakeful.compact(chosen.day)

    drawn = read_heatmap(client, lakeful, f"{SHOP}/cart")["background"]
    assert drawn == {
        "sessionId": chosen.session_id,
        "pageId": next(iter(chosen.page_seqs)),
        "atMs": 3000,
        "viewport": {"width": 1280, "height": 720},
    }
    replay = client.get(
        f"/api/replay/{drawn['sessionId']}",
        params={"from_ms": drawn["atMs"], "page": drawn["pageId"]},
        headers=headers,
    )
    assert '"settled"' in replay.text
    assert '"first"' not in replay.text


@pytest.mark.parametrize("who", ["session", "visitor"])
def test_who_is_erased_left_no_click_and_no_background(
    client: AppClient, lakeful: Lakeful, who: str
) -> None:
    events = [*page(START, f"{SHOP}/"), click(START + 5, x=1, y=1)]
    session = lakeful.record(events, began_ms=START)
    lakeful.compact(session.day)
    assert read_heatmap(client, lakeful, f"{SHOP}/")["clickCount"] == 1
    targets = (
        erasure.ErasureTargets(sessions=(session.session_id,))
        if who == "session"
        else erasure.ErasureTargets(visitor_id=session.client.visitor_id)
    )
    lake = Lake(lakeful.store, lakeful.settings, lakeful.clock)
    erasure.request_erasure(lake, session.website_id, targets, by="a test")

    assert read_heatmap(client, lakeful, f"{SHOP}/") == {
        "url": f"{SHOP}/",
        "viewport": None,
        "viewCount": 0,
        "clickCount": 0,
        "clicksShown": 0,
        "clicks": [],
        "scroll": [],
        "background": None,
    }


def test_expired_sessions_and_other_periods_have_no_clicks(
    client: AppClient, lakeful: Lakeful
) -> None:
    events = [*page(START, f"{SHOP}/"), click(START + 5, x=1, y=1)]
    session = lakeful.record(events, began_ms=START)
    lakeful.compact(session.day)

    def counts(**params: str) -> tuple[int, int]:
        heatmap = read_heatmap(client, lakeful, f"{SHOP}/", **params)
        return heatmap["viewCount"], heatmap["clickCount"]

    assert counts(**{"from": "2026-11-18"}) == (1, 1)
    assert counts(to="2026-11-18") == (0, 0)
    midnight = (START // 86_400_000 + 61) * 86_400_000
    lakeful.clock.ms = midnight - 1
    assert counts() == (1, 1)
    lakeful.clock.ms = midnight
    assert counts() == (0, 0)


@pytest.mark.parametrize(
    ("params", "name"),
    [({}, "url"), ({"url": ""}, "url"), ({"url": "x", "viewport": "watch"}, "viewport")],
)
def test_a_page_must_be_named_and_a_screen_be_known(
    client: AppClient, lakeful: Lakeful, params: dict[str, str], name: str
) -> None:
    url = f"/api/websites/{lakeful.website.website_id}/heatmap"
    answer = client.get(url, params=params, headers=lakeful.headers())

    assert (answer.status_code, answer.json()["parameter"]) == (400, name)
