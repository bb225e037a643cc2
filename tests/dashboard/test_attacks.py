"""Hostile recordings in the real player: nothing runs, loads or leads away, and the rest plays.

Each is played three times over: what a page holds from its beginning, the same as a later change,
and what only a change can do. Two layers are tested alone as well: what is taken out of events
without the page's Content-Security-Policy, and that policy where nothing was taken out.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Route

from tests.conftest import eventually
from tests.dashboard.desk import Desk
from tests.dashboard.elsewhere import Elsewhere, elsewhere
from tests.dashboard.hostile import Hostile
from tests.dashboard.scenes import counting, element, moved, opened, text, wrote
from tests.dashboard.watching import Viewer, ago, record
from tests.query.recorded import Event, Session

LAST_WORD = "the rest plays"
ALL = tuple(number for number in range(1, 26) if number not in (22, 23, 24))
"""Those that are nodes; the others are numbers and depths."""


class Watched:
    """A viewer whose browser tells all that it does: `told` what it must not, `refused` what it
    would not."""

    def __init__(self, desk: Desk, there: Elsewhere) -> None:
        self.desk = desk
        self.there = there
        self.told: list[str] = []
        self.refused: list[str] = []
        self.viewer = Viewer(desk)
        self.tab = self.viewer.tab
        context = self.tab.context
        context.add_init_script("if (top === window) window.harm = []")
        context.on("page", lambda page: self.told.append(f"opened {page.url}"))
        context.on("request", lambda request: self._see(request.url))
        context.on("console", self._hear)
        self.tab.on("framenavigated", lambda frame: self._see(frame.url))
        self.tab.on("download", lambda download: self.told.append(f"saved {download.url}"))

    def _see(self, url: str) -> None:
        if not url.startswith((self.desk.url, "data:", "blob:", "about:blank")):
            self.told.append(f"went to {url}")

    def _hear(self, message: ConsoleMessage) -> None:
        said = message.text
        if said.startswith("harm"):
            self.told.append(said)
        if any(word in said for word in ("Content Security Policy", "sandboxed", "Not allowed")):
            self.refused.append(said)

    def forget(self) -> None:
        """Begin anew."""
        for told in (self.told, self.refused, self.there.hits, self.desk.complaints):
            told.clear()

    def plays_to_the_end(self, session: Session, wanted: str = LAST_WORD) -> None:
        """Open a session, and look at it until it ends."""
        self.viewer.watch(session)
        self.viewer.shows(wanted)
        self.tab.wait_for_selector(".player-play[title^=Play]")

    def is_unharmed(self) -> None:
        """Nothing ran, nothing was asked for, nobody left."""
        assert self.tab.evaluate("window.harm") == []
        assert self.told == []
        assert self.there.hits == []
        assert self.desk.complaints == []
        assert self.tab.url.startswith(f"{self.desk.url}/sessions/")
        assert self.tab.locator("iframe").count() == 1
        frame = self.tab.locator(".player-screen iframe")
        assert frame.get_attribute("sandbox") == "allow-same-origin"


@pytest.fixture(scope="module")
def there() -> Iterator[Elsewhere]:
    with elsewhere() as found:
        yield found


@pytest.fixture(scope="module")
def _watched(_desk: Desk, there: Elsewhere) -> Iterator[Watched]:
    """One tab for all of them: what one leaves behind, the next would suffer from."""
    watched = Watched(_desk, there)
    yield watched
    watched.tab.context.close()


@pytest.fixture
def watched(_watched: Watched) -> Watched:
    _watched.forget()
    return _watched


def hostile_session(desk: Desk, there: Elsewhere, *numbers: int) -> Session:
    """Hostile things at first and later, and a last word that is none."""
    hostile = Hostile(there.url)
    began = ago(3_600_000)
    last = element(90_000, "p", text(90_001, "before"))
    events = opened(began, *hostile.nodes(*numbers), last)
    at = began + 100
    for data in hostile.changes(*numbers):
        events.append({"type": 3, "timestamp": at, "data": data})
        at += 1
    events += [{"type": 3, "timestamp": at, "data": None}, wrote(at + 100, 90_001, LAST_WORD)]
    return record(desk, [*events, moved(at + 150)])


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param((1, 14), marks=pytest.mark.attack(1, 14)),
        pytest.param((2, 19), marks=pytest.mark.attack(2, 19)),
        pytest.param((3, 16), marks=pytest.mark.attack(3, 16)),
        pytest.param((4, 5, 6), marks=pytest.mark.attack(4, 5, 6)),
        pytest.param((8, 9, 10), marks=pytest.mark.attack(8, 9, 10)),
        pytest.param((11, 12, 13), marks=pytest.mark.attack(11, 12, 13)),
        pytest.param((15, 17, 18), marks=pytest.mark.attack(15, 17, 18)),
        pytest.param((20,), marks=pytest.mark.attack(20)),
        pytest.param((21,), marks=pytest.mark.attack(21)),
    ],
    ids=str,
)
def test_a_hostile_page_does_nothing_and_the_rest_plays(
    watched: Watched, numbers: tuple[int, ...]
) -> None:
    session = hostile_session(watched.desk, watched.there, *numbers)

    watched.plays_to_the_end(session)

    watched.is_unharmed()
    assert watched.refused == []  # nor was anything tried


@pytest.mark.attack(7, 25)
def test_who_clicks_and_types_into_a_recording_clicks_and_types_into_a_picture(
    watched: Watched,
) -> None:
    session = hostile_session(watched.desk, watched.there, 7, 25)
    watched.plays_to_the_end(session)
    tab = watched.tab
    box = tab.locator(".player-screen iframe").bounding_box()
    assert box

    # The link fills the view, and the form lies at its top.
    for y in (10, box["height"] / 2):
        tab.mouse.click(box["x"] + 20, box["y"] + y)
        tab.keyboard.type("secret")
        tab.keyboard.press("Enter")
        tab.keyboard.press("Tab")

    forms = "[...document.querySelector('.player-screen iframe').contentDocument.forms]"
    assert set(tab.evaluate(f"{forms}.map((form) => form[0].value)")) == {""}
    assert tab.evaluate("document.activeElement.localName") != "iframe"
    assert tab.evaluate(
        "document.querySelector('.player-screen iframe').closest('[inert]') !== null"
    )
    watched.is_unharmed()
    assert tab.get_by_role("region", name="Session replay").count() == 1


def test_what_events_hold_is_harmless_without_the_policy_too(watched: Watched) -> None:
    def bare(route: Route) -> None:
        answer = route.fetch()
        headers = dict(answer.headers)
        del headers["content-security-policy"]
        route.fulfill(response=answer, headers=headers)

    def is_page(url: str) -> bool:
        return "/sessions/" in url and "/api/" not in url

    watched.tab.route(is_page, bare)
    session = hostile_session(watched.desk, watched.there, *ALL)

    watched.plays_to_the_end(session)

    watched.tab.unroute(is_page)
    watched.is_unharmed()


def test_what_stayed_in_events_is_stopped_by_the_policy_and_the_sandbox(watched: Watched) -> None:
    """Put into the replay's frame as it is, by somebody whom no policy binds."""
    session = hostile_session(watched.desk, watched.there)
    watched.plays_to_the_end(session)
    run, at = "top.harm.push(0);console.log('harm')", watched.there.url
    raw = f"""<img src={at}/1 onerror="{run}"><svg onload="{run}"><image href={at}/2 /></svg>
      <style>@import url({at}/3);p{{background:url({at}/4);font-family:e}}
      @font-face{{font-family:e;src:url({at}/5)}}</style><p>x</p>
      <link rel=stylesheet href={at}/6><link rel=preload as=image href={at}/7>
      <iframe srcdoc="<script>{run}</script>"></iframe><iframe src="{at}/8"></iframe>
      <iframe src="javascript:{run}"></iframe><video src={at}/9 autoplay></video>
      <object data={at}/10></object><embed src={at}/11><base href={at}/12>
      <meta http-equiv=refresh content="0;url={at}/13"><img srcset="{at}/14 1x"><input autofocus
      onfocus="{run}"><form action={at}/15><button></button></form>"""
    tried = """(raw) => {
      const { contentDocument: page } = document.querySelector('.player-screen iframe');
      window.violated = [];
      for (const one of [document, page]) one.addEventListener('securitypolicyviolation',
        (event) => violated.push(event.violatedDirective));
      page.body.insertAdjacentHTML('beforeend', raw);
      const script = page.createElement('script');
      script.textContent = "top.harm.push(1)";
      page.body.append(script);
      page.forms[0].submit();
    }"""
    watched.tab.evaluate(tried, raw)
    eventually(lambda: len(watched.tab.evaluate("violated")) > 10)

    assert watched.tab.evaluate("window.harm") == []
    # Where a frame leads Chromium connects before it looks at the policy, and then asks nothing.
    assert set(watched.there.hits) <= {""}
    assert watched.tab.url.startswith(f"{watched.desk.url}/sessions/")
    watched.desk.complaints.clear()  # what was refused was asked for


def test_the_page_is_served_with_the_policy_that_is_promised(watched: Watched) -> None:
    for path in ("/", "/sessions", "/sessions/x", "/shared/x"):
        headers = watched.tab.request.get(path).headers
        assert headers["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
            "img-src data: blob:; font-src data:; media-src data: blob:; connect-src 'self'; "
            "frame-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        )


@pytest.mark.attack(22, 23)
def test_what_is_too_deep_too_wide_or_too_much_does_not_stop_the_tab(watched: Watched) -> None:
    began = ago(3_600_000)
    # What a browser does with 40,000 rules in a moment, one that compares each with each does not.
    sheet = "".join(f".c{number}:hover,#d{number}{{color:red}}" for number in range(40_000))
    events = opened(
        began,
        element(60, "style", _cssText=sheet),
        element(61, "style", text(62, ""), _cssText="a{}/* rr_split */" * 100_000),
        element(63, "div", rr_width="1000000000px", rr_height="1e9px", style="width:1e9px"),
        element(6, "p", text(7, "before")),
        width=1e9,
        height=1e9,
    )
    at = began + 100
    changes = [deeper(level) for level in range(0, 5_000, 1_000)]
    # Each stands before what there is not, or before each other.
    changes += [waiting(number) for number in range(20_000, 20_600, 3)]
    changes += [
        {"source": 4, "width": 1e9, "height": 1e9},
        {"source": 3, "id": 1, "x": 1e308, "y": -1e308},
        {"source": 1, "positions": [{"x": 1e308, "y": 1e9, "id": 6, "timeOffset": -1e12}]},
    ]
    events += [{"type": 3, "timestamp": at, "data": data} for data in changes]
    events += counting(at + 100, 4)[2:]
    session = record(watched.desk, events)

    watched.plays_to_the_end(session, "second 4")
    watched.tab.get_by_role("slider").focus()
    watched.tab.keyboard.press("Home")
    watched.viewer.shows("before")
    watched.tab.keyboard.press("End")
    watched.viewer.shows("second 4")

    frame = watched.tab.locator(".player-screen iframe")
    assert int(frame.get_attribute("width") or 0) <= 10_000
    deepest = """() => {
      let depth = 0;
      let node = document.querySelector('.player-screen iframe').contentDocument;
      for (node = node.querySelector('#d0'); node; node = node.firstElementChild) depth++;
      return depth;
    }"""
    assert 400 < watched.tab.evaluate(deepest) < 520
    watched.is_unharmed()


def deeper(first: int) -> Event:
    """A thousand boxes, one in the other, the first in the last of those before."""
    numbers = range(100_000 + first, 101_000 + first)
    adds = [
        {"parentId": number - 1, "nextId": None, "node": element(number, "div")}
        for number in numbers
    ]
    if first == 0:
        adds[0] = {"parentId": 5, "nextId": None, "node": element(100_000, "div", id="d0")}
    return {"source": 0, "adds": adds}


def waiting(number: int) -> Event:
    """Nodes of which each comes before another that is not there."""
    nexts = {number: number + 1, number + 1: number, number + 2: 999_999}
    return {
        "source": 0,
        "adds": [
            {"parentId": 5, "nextId": next_id, "node": element(one, "i")}
            for one, next_id in nexts.items()
        ],
    }


@pytest.mark.attack(24)
def test_ten_years_in_a_clock_are_a_break_and_no_wait(watched: Watched) -> None:
    began = ago(3_600_000)
    later = began + 10 * 365 * 86_400_000
    events = [*counting(began, 4), moved(later), wrote(later + 100, 7, "ten years on")]
    session = record(watched.desk, events)

    watched.plays_to_the_end(session, "ten years on")

    watched.is_unharmed()
