"""Hostile recordings in the real player: nothing runs, loads or leads away, and the rest plays.

Each is played three times over: what a page holds from its beginning, the same as a later change,
and what only a change can do. Two layers are tested alone as well: what is taken out of events
without the page's Content-Security-Policy, and that policy where nothing was taken out.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Route

from tests.conftest import eventually
from tests.dashboard.desk import Desk
from tests.dashboard.elsewhere import Elsewhere, elsewhere
from tests.dashboard.guarded import NODES, Guarded, hostile_session
from tests.dashboard.scenes import counting, element, moved, opened, text, wrote
from tests.dashboard.watching import TEXT, Viewer, ago, record
from tests.query_api.recorded import Event, Session


@pytest.fixture(scope="module")
def there() -> Iterator[Elsewhere]:
    with elsewhere() as server:
        yield server


@pytest.fixture(scope="module")
def _guarded(the_desk: Desk, there: Elsewhere) -> Iterator[Guarded]:
    """One tab for all tests, so that a test also fails on what an earlier one left behind."""
    tab = Viewer(the_desk).tab
    yield Guarded(tab, the_desk.url, there)
    tab.context.close()


@pytest.fixture
def guarded(_guarded: Guarded) -> Guarded:
    _guarded.forget()
    return _guarded


def path_of(session: Session) -> str:
    return f"/sessions/{session.session_id}"


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
def test_hostile_page_runs_nothing_and_replay_goes_on(
    guarded: Guarded, the_desk: Desk, numbers: tuple[int, ...]
) -> None:
    session = hostile_session(the_desk, guarded.there, *numbers)

    guarded.plays_to_the_end(path_of(session))

    guarded.is_unharmed()
    assert guarded.refused == []  # nor was anything tried


@pytest.mark.attack(7, 25)
def test_clicks_and_keys_in_a_replay_have_no_effect(
    guarded: Guarded,
    the_desk: Desk,
) -> None:
    session = hostile_session(the_desk, guarded.there, 7, 25)
    guarded.plays_to_the_end(path_of(session))
    tab = guarded.tab
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
    guarded.is_unharmed()
    assert tab.get_by_role("region", name="Session replay").count() == 1


def test_hostile_events_are_harmless_without_the_policy(guarded: Guarded, the_desk: Desk) -> None:
    def bare(route: Route) -> None:
        answer = route.fetch()
        headers = dict(answer.headers)
        del headers["content-security-policy"]
        route.fulfill(response=answer, headers=headers)

    def is_page(url: str) -> bool:
        return "/sessions/" in url and "/api/" not in url

    guarded.tab.route(is_page, bare)
    session = hostile_session(the_desk, guarded.there, *NODES)

    guarded.plays_to_the_end(path_of(session))

    guarded.tab.unroute(is_page)
    guarded.is_unharmed()


def test_policy_and_sandbox_stop_unsanitised_events(guarded: Guarded, the_desk: Desk) -> None:
    """The events reach the frame's document without the player's sanitizer."""
    session = hostile_session(the_desk, guarded.there)
    guarded.plays_to_the_end(path_of(session))
    run, at = "top.harm.push(0);console.log('harm')", guarded.there.url
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
    guarded.tab.evaluate(tried, raw)
    eventually(lambda: len(guarded.tab.evaluate("violated")) > 10)

    assert guarded.tab.evaluate("window.harm") == []
    # Where a frame leads Chromium connects before it looks at the policy, and then asks nothing.
    assert set(guarded.there.hits) <= {""}
    assert guarded.tab.url.startswith(f"{guarded.home}/sessions/")


def test_dashboard_page_carries_the_documented_policy(guarded: Guarded, the_desk: Desk) -> None:
    for path in ("/", "/sessions", "/sessions/x", "/shared/x"):
        headers = guarded.tab.request.get(path).headers
        assert headers["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
            "img-src data: blob:; font-src data:; media-src data: blob:; connect-src 'self'; "
            "frame-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        )


@pytest.mark.attack(22, 23)
def test_oversized_trees_do_not_stop_the_tab(guarded: Guarded, the_desk: Desk) -> None:
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
    changes += [out_of_order(number) for number in range(20_000, 20_600, 3)]
    changes += [
        {"source": 4, "width": 1e9, "height": 1e9},
        {"source": 3, "id": 1, "x": 1e308, "y": -1e308},
        {"source": 1, "positions": [{"x": 1e308, "y": 1e9, "id": 6, "timeOffset": -1e12}]},
    ]
    events += [{"type": 3, "timestamp": at, "data": data} for data in changes]
    events += counting(at + 100, 4)[2:]
    session = record(the_desk, events)

    guarded.plays_to_the_end(path_of(session), "second 4")

    def shows(wanted: str) -> None:
        eventually(lambda: wanted in str(guarded.tab.evaluate(TEXT)))

    guarded.tab.get_by_role("slider").focus()
    guarded.tab.keyboard.press("Home")
    shows("before")
    guarded.tab.keyboard.press("End")
    shows("second 4")

    frame = guarded.tab.locator(".player-screen iframe")
    assert int(frame.get_attribute("width") or 0) <= 10_000
    deepest = """() => {
      let depth = 0;
      let node = document.querySelector('.player-screen iframe').contentDocument;
      for (node = node.querySelector('#d0'); node; node = node.firstElementChild) depth++;
      return depth;
    }"""
    assert 400 < guarded.tab.evaluate(deepest) < 520
    guarded.is_unharmed()


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


def out_of_order(number: int) -> Event:
    """Nodes of which each comes before another that is not there."""
    nexts = {number: number + 1, number + 1: number, number + 2: 999_999}
    return {
        "source": 0,
        "adds": [
            {"parentId": 5, "nextId": next_id, "node": element(node_id, "i")}
            for node_id, next_id in nexts.items()
        ],
    }


@pytest.mark.attack(24)
def test_ten_year_clock_jump_is_skipped_in_replay(guarded: Guarded, the_desk: Desk) -> None:
    began = ago(3_600_000)
    later = began + 10 * 365 * 86_400_000
    events = [*counting(began, 4), moved(later), wrote(later + 100, 7, "ten years on")]
    session = record(the_desk, events)

    guarded.plays_to_the_end(path_of(session), "ten years on")

    guarded.is_unharmed()
