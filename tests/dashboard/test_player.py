"""The player in a real browser: what it shows, its keys, and what hostile pages get."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, Route

from lake.settings import Settings
from lake.store import open_store
from tests.conftest import eventually
from tests.processes import QUERY, Server, serving
from tests.query.recorded import Clock, Event, Lakeful, Session, note, recording, script_error
from tests.recorder.browser import launched

KANBAN = "kanban_js_errors.json.zst"
_TEXT = "document.querySelector('.player-screen iframe')?.contentDocument?.body?.innerText ?? ''"


class Desk(NamedTuple):
    """Somebody with a key of a website, at a browser."""

    lakeful: Lakeful
    server: Server
    browser: Browser

    def sit_down(self, role: str = "admin") -> Page:
        page = self.browser.new_context().new_page()
        page.goto(f"{self.server.url}/docs")  # cookies are taken for a host that was visited
        signed_in = page.request.post(
            f"{self.server.url}/api/session",
            data=json.dumps({"key": self.lakeful.key(role=role)}),
            headers={"x-requested-with": "replaylake"},
        )
        assert signed_in.ok, signed_in.text()
        return page

    def record(self, *pages: list[Event]) -> Session:
        """Store a session of some page loads, and compact it."""
        session = self.lakeful.session(began_ms=int(pages[0][0]["timestamp"]))
        for events in pages:
            page_id = session.new_page()
            self.lakeful.append(session.chunks(events, page_id=page_id, size=100))
        self.lakeful.compact(session.day)
        return session

    def watch(self, page: Page, session: Session, query: str = "") -> None:
        page.goto(f"{self.server.url}/sessions/{session.session_id}{query}")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("player")
    settings = Settings(lake=str(folder / "lake"), pending_refresh_ms=100)
    lakeful = Lakeful(open_store(settings), settings, Clock(int(time.time() * 1000)))
    with (
        serving(settings, folder / "query.log", command=QUERY) as server,
        launched() as browser,
    ):
        yield Desk(lakeful, server, browser)


@pytest.fixture
def page(desk: Desk) -> Iterator[Page]:
    page = desk.sit_down()
    yield page
    page.context.close()


def ago(ms: int) -> int:
    return int(time.time() * 1000) - ms


def element(number: int, tag: Any, *children: Event, **attributes: Any) -> Event:
    return {
        "type": 2,
        "id": number,
        "tagName": tag,
        "attributes": attributes,
        "childNodes": list(children),
    }


def text(number: int, content: str) -> Event:
    return {"type": 3, "id": number, "textContent": content}


def opened(
    at_ms: float, *body: Event, url: str = "https://shop.example/", **view: Any
) -> list[Event]:
    """What a page begins with: Meta and full snapshot."""
    html = element(3, "html", element(4, "head"), element(5, "body", *body))
    node = {"type": 0, "id": 1, "childNodes": [{"type": 1, "id": 2, "name": "html"}, html]}
    return [
        {"type": 4, "timestamp": at_ms, "data": {"href": url, "width": 800, "height": 600} | view},
        {
            "type": 2,
            "timestamp": at_ms + 1,
            "data": {"node": node, "initialOffset": {"top": 0, "left": 0}},
        },
    ]


def wrote(at_ms: float, number: int, content: str) -> Event:
    """A text of the page changed."""
    change = {
        "texts": [{"id": number, "value": content}],
        "attributes": [],
        "removes": [],
        "adds": [],
    }
    return {"type": 3, "timestamp": at_ms, "data": {"source": 0} | change}


def moved(at_ms: float) -> Event:
    """The mouse moved, so that this is no silence."""
    positions = [{"x": 5, "y": 5, "id": 5, "timeOffset": 0}]
    return {"type": 3, "timestamp": at_ms, "data": {"source": 1, "positions": positions}}


def counting(at_ms: float, seconds: int) -> list[Event]:
    """A page that shows how many seconds it is old."""
    events = opened(at_ms, element(6, "p", text(7, "second 0")))
    for second in range(1, seconds + 1):
        events += [moved(at_ms + second * 1000 - 500)]
        events += [wrote(at_ms + second * 1000, 7, f"second {second}")]
    return events


def shown(page: Page) -> str:
    """The text of the page in the screen."""
    return str(page.evaluate(_TEXT))


def at_s(page: Page) -> int:
    """Where the player is, s."""
    return int(page.get_by_role("slider").get_attribute("aria-valuenow") or -1)


def shows(page: Page, wanted: str) -> None:
    eventually(lambda: wanted in shown(page))


def test_a_session_plays_by_itself_to_its_end(desk: Desk, page: Page) -> None:
    events = recording(KANBAN)
    shift = ago(3_600_000) - events[0]["timestamp"]
    session = desk.record([event | {"timestamp": event["timestamp"] + shift} for event in events])
    page.set_default_timeout(60_000)

    desk.watch(page, session)
    page.get_by_role("button", name="8×").click()
    page.wait_for_selector(".player-play[title^=Play]")

    assert at_s(page) == round((events[-1]["timestamp"] - events[0]["timestamp"]) / 1000)
    assert len(shown(page)) > 100
    assert page.locator(".player-mark[data-kind=error]").count() > 0


def test_keys_do_what_the_help_says(desk: Desk, page: Page) -> None:
    began = ago(3_600_000)
    events = counting(began, 40)
    session = desk.record(
        sorted(
            [*events, script_error(began + 20_200, "it broke")], key=lambda one: one["timestamp"]
        )
    )
    desk.watch(page, session, "?t=10")
    shows(page, "second 10")
    press = page.keyboard.press

    press("ArrowRight")
    shows(page, "second 15")
    press("ArrowLeft")
    shows(page, "second 10")
    press(".")  # the mouse
    press(".")
    shows(page, "second 11")
    press(",")
    press(",")
    shows(page, "second 10")
    press("n")
    shows(page, "second 18")
    assert "it broke" in page.locator(".player-error").inner_text()
    press("p")
    shows(page, "second 0")
    press("4")
    assert page.get_by_role("button", name="4×").get_attribute("aria-pressed") == "true"
    press(" ")
    page.wait_for_selector(".player-play[title^=Pause]")
    press(" ")
    page.wait_for_selector(".player-play[title^=Play]")
    press("?")
    assert page.get_by_role("dialog").inner_text().count("\n") > 8
    press("Escape")
    eventually(lambda: page.get_by_role("dialog").count() == 0)


def test_silence_is_passed_over_unless_it_is_not_wanted(desk: Desk, page: Page) -> None:
    began = ago(7_200_000)
    events = [
        *counting(began, 3),
        moved(began + 3_600_000),
        wrote(began + 3_600_100, 7, "back again"),
    ]
    session = desk.record(events)

    desk.watch(page, session)

    shows(page, "back again")  # an hour, in less than the time that a test may wait
    page.keyboard.press("s")
    page.keyboard.press("Home")
    assert not page.get_by_label("Skip inactivity").is_checked()


def test_of_two_tabs_that_one_is_watched_on_which_a_view_began_last(desk: Desk, page: Page) -> None:
    began = ago(3_600_000)
    second = [
        *opened(began + 10_000, element(6, "p", text(7, "the second"))),
        moved(began + 25_000),
    ]
    again = note(began + 20_000, "page", url="https://shop.example/again", title="Again")
    first = [*counting(began, 5), again, wrote(began + 20_500, 7, "the first again")]
    session = desk.record(first, second)

    for at, wanted in (
        (4, "second 4"),
        (12, "the second"),
        (24, "the first again"),
        (11, "the second"),
    ):
        desk.watch(page, session, f"?t={at}")
        shows(page, wanted)


def test_a_cut_answer_shows_what_came_and_says_so(desk: Desk, page: Page) -> None:
    session = desk.record(counting(ago(3_600_000), 30))

    def cut(route: Route) -> None:
        answer = route.fetch()
        half = answer.body()[: len(answer.body()) // 2]
        headers = {"x-event-count": answer.headers["x-event-count"]}
        route.fulfill(status=200, body=half, headers=headers)

    page.route(lambda url: "/api/replay/" in url and "from_ms" in url, cut)
    desk.watch(page, session, "?t=5")

    shows(page, "second 5")
    page.get_by_text("Part of this recording is damaged").wait_for()


def test_a_page_without_a_picture_says_so(desk: Desk, page: Page) -> None:
    began = ago(3_600_000)
    session = desk.record([moved(began), moved(began + 500), script_error(began + 900)])

    desk.watch(page, session)

    page.get_by_text("No picture of this page arrived").wait_for()


def test_a_session_that_goes_on_is_followed(desk: Desk, page: Page) -> None:
    began = ago(20_000)
    session = desk.lakeful.session(began_ms=began)
    desk.lakeful.append(session.chunks(counting(began, 12)))
    desk.watch(page, session)
    shows(page, "second")

    desk.lakeful.append(session.chunks([moved(began + 14_000), wrote(began + 14_100, 7, "and on")]))

    shows(page, "and on")


def test_a_link_shows_the_session_to_whoever_has_it(desk: Desk, page: Page) -> None:
    session = desk.record(counting(ago(3_600_000), 8))
    desk.watch(page, session)
    page.get_by_title("Share this session").click()
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_label("Link", exact=True).input_value()

    with desk.browser.new_context() as context:
        stranger = context.new_page()
        stranger.goto(f"{link}?t=6")
        shows(stranger, "second 6")
        assert stranger.get_by_title("Share this session").count() == 0
        assert stranger.get_by_title("Delete this session").count() == 0


def test_only_an_admin_deletes_and_is_told_what_that_means(desk: Desk, page: Page) -> None:
    session = desk.record(counting(ago(3_600_000), 8))
    viewer = desk.sit_down("viewer")
    desk.watch(viewer, session)
    shows(viewer, "second")
    assert viewer.get_by_title("Delete this session").count() == 0
    viewer.context.close()

    desk.watch(page, session)
    page.get_by_title("Delete this session").click()
    assert "cannot be undone" in page.get_by_role("dialog").inner_text()
    page.get_by_role("button", name="Delete for ever").click()

    eventually(
        lambda: page.request.get(f"{desk.server.url}/api/replay/{session.session_id}").status == 404
    )


HOSTILE = (
    element(20, "img", src="https://evil.test/1", onerror="top.harm=1"),
    element(21, "SCRIPT", text(22, "top.harm=2")),
    element(23, "iframe", srcdoc="<script>top.harm=4</script>"),
    element(24, "iframe", src="javascript:top.harm=5", sandbox="allow-scripts"),
    element(25, "a", text(26, "link"), href="javascript:top.harm=7"),
    element(27, "base", href="https://evil.test/"),
    element(28, "meta", content="0;url=https://evil.test/9", **{"http-equiv": "refresh"}),
    element(29, "link", rel="stylesheet", href="https://evil.test/10"),
    element(
        30, "style", _cssText="@import url(https://evil.test/11);p{background:url(//evil.test)}"
    ),
    element(31, "img", rr_dataURL="https://evil.test/14"),
    element(32, "video", src="https://evil.test/15", autoplay=True, rr_mediaState="played"),
    element(33, "object", data="https://evil.test/17"),
    element(34, "link", rel="preconnect", href="https://evil.test/18"),
    element(35, "constructor", text(36, "odd")),
    element(37, "__proto__"),
    element(38, "a b"),
    {"type": 2, "id": 39, "tagName": "p"},
    element(
        40, "form", element(41, "input", type="password", autofocus=True), action="//evil.test"
    ),
    element(50, "p", text(51, "before")),
)


def deeper(at_ms: float, levels: int) -> Event:
    """One box in the other, that many."""
    adds = [
        {"parentId": 10_000 + level - 1 if level else 5, "nextId": None}
        | {"node": element(10_000 + level, "div")}
        for level in range(levels)
    ]
    change = {"source": 0, "adds": adds, "texts": [], "attributes": [], "removes": []}
    return {"type": 3, "timestamp": at_ms, "data": change}


def test_hostile_pages_run_nothing_load_nothing_and_play_on(desk: Desk, page: Page) -> None:
    began = ago(3_600_000)
    events = opened(began, *HOSTILE, width=1e9, height=1e9)
    canvas = {"rr_type": "Function", "args": ["top.harm=19"]}
    attributes = [
        {"id": 20, "attributes": {"onerror": "top.harm=20", "src": "https://evil.test/20"}}
    ]
    events += [
        {
            "type": 3,
            "timestamp": began + 500,
            "data": {"source": 9, "id": 20, "commands": [canvas]},
        },
        {"type": 3, "timestamp": began + 600, "data": {"source": 0, "attributes": attributes}},
        {"type": 3, "timestamp": began + 700, "data": {"source": 2, "type": 2, "id": 25}},
        {"type": 3, "timestamp": began + 800, "data": None},
        deeper(began + 900, 5_000),
        wrote(began + 1_000, 51, "the rest plays"),
    ]
    session = desk.record(events)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script("window.harm = 0")

    desk.watch(page, session)
    shows(page, "the rest plays")

    assert page.evaluate("window.harm") == 0
    strangers = [url for url in asked if not url.startswith((desk.server.url, "data:", "blob:"))]
    assert strangers == []
    frame = page.locator(".player-screen iframe")
    assert frame.get_attribute("sandbox") == "allow-same-origin"
    assert int(frame.get_attribute("width") or 0) <= 10_000


def test_ten_years_in_a_clock_are_a_break_and_no_wait(desk: Desk, page: Page) -> None:
    began = ago(3_600_000)
    later = began + 10 * 365 * 86_400_000
    session = desk.record(
        [*counting(began, 4), moved(later), wrote(later + 100, 7, "ten years on")]
    )

    desk.watch(page, session)

    shows(page, "ten years on")


def test_masked_and_foreign_things_are_seen_to_be(desk: Desk, page: Page) -> None:
    began = ago(3_600_000)
    body = (
        element(6, "p", text(7, "*****")),
        element(8, "div", rr_width="50px", rr_height="20px"),
        element(9, "img", src="https://elsewhere.test/a.png"),
        element(10, "p", text(11, "plain")),
    )
    session = desk.record(
        [*opened(began, *body), moved(began + 2_000), note(began + 3_000, "page")]
    )
    desk.watch(page, session, "?t=1")
    shows(page, "plain")

    looks = page.evaluate(
        """[...document.querySelector('.player-screen iframe').contentDocument.body.children]
           .map(node => getComputedStyle(node).backgroundImage.startsWith('repeating'))"""
    )

    assert looks == [True, True, True, False]


def test_a_long_session_begins_with_what_is_asked_for(desk: Desk, page: Page) -> None:
    began = ago(7_200_000)
    filler = "x" * 700_000
    events: list[Event] = []
    for minute in range(20):
        at = began + minute * 60_000
        events += opened(
            at, element(6, "p", text(7, f"minute {minute}")), element(8, "i", text(9, filler))
        )
        events += [moved(at + second * 1_000) for second in range(2, 60)]
    session = desk.record(events)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    desk.watch(page, session, "?t=905")
    shows(page, "minute 15")
    parts = [re.search(r"from_ms=([\d.]+)&to_ms=([\d.]+)", url) for url in asked]
    first = next(part for part in parts if part)
    assert 700_000 < float(first[1]) <= 905_000
    page.keyboard.press("Home")  # of nothing that has the focus
    page.get_by_role("slider").focus()
    page.keyboard.press("Home")
    shows(page, "minute 0")
