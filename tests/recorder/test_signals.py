"""Signals that the recorder adds to the DOM events: each one, and cases that are none.

Where something must not be noted, the test waits for a note that comes later in any case: that of
a click, which takes a second, or of an error thrown at the end.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, Route

RECORDER = Path(__file__).parents[2] / "ingest_api" / "recorder"
HARNESS = Path(__file__).with_name("signals_harness.ts")
ORIGIN = "http://shop.test"
INGEST = "http://ingest.test"
# As in browsers without the Navigation API.
WITHOUT_NAVIGATION = "delete window.navigation; window.navigation = undefined"

Note = dict[str, Any]


@pytest.fixture(scope="module")
def harness() -> str:
    """The signals and a fake recording, as one script."""
    command = [
        str(RECORDER / "node_modules/.bin/esbuild"),
        str(HARNESS),
        "--bundle",
        "--format=iife",
    ]
    done = subprocess.run([*command, "--target=es2020"], capture_output=True, text=True, check=True)
    return done.stdout


class Shop:
    """A page of a shop that the signals listen to."""

    def __init__(self, browser: Browser, harness: str) -> None:
        self.context = browser.new_context(viewport={"width": 800, "height": 600})
        self.page: Page = self.context.new_page()
        self.html = ""
        self.before = ""
        self.panel = True
        self.status = 200  # of documents
        self.answers: dict[str, int] = {}  # status by path; 0: the connection breaks
        self._harness = harness
        self.context.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        path = route.request.url.partition("://")[2].partition("/")[2].partition("?")[0]
        if f"/{path}" in self.answers:
            status = self.answers[f"/{path}"]
            cors = {"access-control-allow-origin": "*"}
            if status:
                route.fulfill(status=status, body="{}", headers=cors)
            else:
                route.abort("connectionrefused")
        elif route.request.resource_type == "document":
            options = json.dumps({"network_panel": self.panel, "ingest": INGEST})
            start = f"window.stop = harness.listen({options})"
            html = (
                f"<!doctype html><title>Shop</title><script>{self.before}</script>"
                f"<script>{self._harness}</script><script>{start}</script><body>{self.html}"
            )
            route.fulfill(status=self.status, body=html, content_type="text/html; charset=utf-8")
        else:
            route.fulfill(status=204)

    def open(self, html: str, *, before: str = "", panel: bool = True) -> "Shop":
        self.html, self.before, self.panel = html, before, panel
        self.page.goto(f"{ORIGIN}/")
        return self

    def notes(self, tag: str) -> list[Note]:
        everything = self.page.evaluate("JSON.parse(sessionStorage.getItem('notes') ?? '[]')")
        return [note["payload"] for note in everything if note["tag"] == f"replaylake.{tag}"]

    def wait(self, tag: str, count: int = 1) -> list[Note]:
        """Return the notes of this tag once there are `count`; fail if there are more."""
        self.page.wait_for_function(
            "([tag, count]) => JSON.parse(sessionStorage.getItem('notes') ?? '[]')"
            ".filter((note) => note.tag === tag).length >= count",
            arg=[f"replaylake.{tag}", count],
        )
        notes = self.notes(tag)
        assert len(notes) == count, notes
        return notes

    def centre(self, selector: str) -> tuple[float, float]:
        box = self.page.locator(selector).bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def clicks(
        self, *at: tuple[float, float, float], details: tuple[int, ...] | None = None
    ) -> None:
        """Click at (ms, x, y), by the clock that the events carry."""
        cdp = self.context.new_cdp_session(self.page)
        # Stamps from before the page would all be those of its begin.
        self.page.wait_for_function("(ms) => performance.now() > ms + 200", arg=at[-1][0])
        start = time.time() - at[-1][0] / 1000
        for i, (ms, x, y) in enumerate(at):
            for kind in ("mousePressed", "mouseReleased"):
                cdp.send(
                    "Input.dispatchMouseEvent",
                    {
                        "type": kind,
                        "x": x,
                        "y": y,
                        "button": "left",
                        "clickCount": details[i] if details else 1,
                        "timestamp": start + ms / 1000,
                    },
                )
        cdp.detach()

    def burst(self, selector: str, count: int, *, details: tuple[int, ...] | None = None) -> None:
        """Click that often on the middle of an element, 100 ms apart."""
        x, y = self.centre(selector)
        self.clicks(*((100.0 * i, x, y) for i in range(count)), details=details)


@pytest.fixture
def shop(browser: Browser, harness: str) -> Iterator[Shop]:
    shop = Shop(browser, harness)
    yield shop
    if not shop.page.is_closed():
        assert shop.page.evaluate("harness.failures()") == 0
    shop.context.close()


# Clicks


def test_click_on_plain_text_without_reaction_is_dead(shop: Shop) -> None:
    shop.open("<main id=content><p class='lead'>Nothing   here</p></main>")

    shop.page.click("p")

    (click,) = shop.wait("click")
    assert (click["interactive"], click["reacted"]) == (False, False)
    assert click["target"] == "main#content > p.lead"
    assert click["text"] == "Nothing here"
    assert click["id"] == shop.page.evaluate("harness.idOf(document.querySelector('p'))")
    assert (click["x"], click["y"]) == tuple(int(c) for c in shop.centre("p"))
    assert abs(click["at_ms"] - time.time() * 1000) < 60_000


@pytest.mark.parametrize(
    "html",
    [
        "<button><b id=t>Buy</b></button>",
        "<a href='#x'><b id=t>Buy</b></a>",
        "<input id=t type=checkbox>",
        "<input id=t>",
        "<label><i id=t>Gift</i><input type=checkbox></label>",
        "<details><summary id=t>More</summary>x</details>",
        "<div role=tab><b id=t>Tab</b></div>",
        "<div role=menuitemcheckbox id=t>Item</div>",
        "<div contenteditable id=t>Write</div>",
        "<div tabindex=0><b id=t>x</b></div>",
        "<div onclick='void 0'><b id=t>x</b></div>",
        "<div @click='x'><b id=t>x</b></div>",
        "<div ng-click='x'><b id=t>x</b></div>",
        "<div style='cursor: pointer'><b id=t>x</b></div>",
        "<div draggable=true id=t>x</div>",
        "<video controls id=t></video>",
        "<canvas id=t></canvas>",
        "<div data-private=block><b id=t>x</b></div>",
        "<b id=t>x</b><script>t.onclick = () => {}</script>",
        "<p id=p><b id=t>x</b></p><script>p.__reactProps$abc = {onClick() {}}</script>",
        "<b id=t>x</b><script>t[Symbol('_vei')] = {onClick() {}}</script>",
        "<b id=t>x</b><script>t._vei = {onMousedown() {}}</script>",
        "<b id=t>x</b><script>t.jQuery361 = {events: {click: [1]}, handle() {}}</script>",
        "<b id=t>x</b><script>t.l = {clickfalse() {}}</script>",
        "<b id=t>x</b><script>t.__click = () => {}</script>",
    ],
)
def test_element_that_invites_clicks_is_interactive(shop: Shop, html: str) -> None:
    shop.open(html)

    assert shop.page.evaluate("harness.isInteractive(t)") is True


@pytest.mark.parametrize(
    "html",
    [
        "<p id=t>x</p>",
        "<a><b id=t>an anchor without an address</b></a>",
        "<label id=t>of nothing</label>",
        "<main tabindex=-1><p id=t>x</p></main>",
        "<div contenteditable=false id=t>x</div>",
        "<p id=t data-id=1 aria-live=polite>x</p>",
        "<form><input name=click hidden><p id=t>x</p></form>",
        "<p id=t>x</p><script>t.__reactProps$a = {onClick: undefined, className: 'x'}</script>",
        # React sets an empty handler on its root, whatever is inside.
        "<p id=r><b id=t>x</b><script>r.onclick = () => {}; r._reactListening1 = 1</script>",
        "<p id=t>x</p><script>document.body.onclick = () => {}</script>",
        "<img id=t width=50 height=50 alt=''>",
    ],
)
def test_element_that_invites_no_click_is_not_interactive(shop: Shop, html: str) -> None:
    shop.open(html)

    assert shop.page.evaluate("harness.isInteractive(t)") is False


@pytest.mark.parametrize(
    "reaction",
    [
        "t.textContent = 'y'",
        "setTimeout(() => document.body.append('late'), 300)",
        "scrollTo(0, 500)",
        "history.pushState(0, '', '/next')",
        "getSelection().selectAllChildren(t)",
        "document.querySelector('input').focus()",
        "document.querySelector('dialog:not([open])').showModal()",
        "document.querySelector('dialog[open]').close()",
        "document.querySelector('input').click()",
        "alert('hello')",
        "window.dispatchEvent(new Event('blur'))",
        "location.href = '/slow'",
    ],
)
def test_reaction_of_the_page_marks_the_click_as_reacted(shop: Shop, reaction: str) -> None:
    shop.open(
        "<p id=t>x</p><input><dialog open>d</dialog><dialog>e</dialog>"
        "<div style='height: 3000px'></div>"
    )
    shop.page.evaluate(f"t.addEventListener('click', () => {{ {reaction} }})")

    def accept(dialog: Dialog) -> None:
        # Nobody reads faster than that; the page stands still meanwhile.
        shop.page.wait_for_timeout(1500)
        dialog.accept()

    shop.page.on("dialog", accept)

    shop.page.click("#t", no_wait_after=True)

    (click,) = shop.wait("click")
    assert (click["interactive"], click["reacted"]) == (False, True)


def test_menu_opened_on_mousedown_counts_as_a_reaction(shop: Shop) -> None:
    shop.open("<p id=t>x</p>")
    shop.page.evaluate("t.addEventListener('pointerdown', () => t.classList.add('open'))")

    shop.page.click("#t", delay=50)

    (click,) = shop.wait("click")
    assert click["reacted"] is True


def test_click_that_leaves_the_page_is_recorded_as_reacted(shop: Shop) -> None:
    shop.open("<p id=t>x</p>", before=WITHOUT_NAVIGATION)
    shop.page.evaluate("t.addEventListener('click', () => { location.href = '/next' })")

    with shop.page.expect_navigation():
        shop.page.click("#t")

    (click,) = shop.wait("click")
    assert click["reacted"] is True


def test_click_in_an_open_shadow_root_has_its_real_target(shop: Shop) -> None:
    shop.open("<div id=host></div>")
    shop.page.evaluate(
        "host.attachShadow({mode: 'open'}).innerHTML = '<section><p id=in>deep</p></section>'"
    )

    shop.page.click("#in")
    shop.page.evaluate("host.setAttribute('role', 'button')")
    shop.page.click("#in")

    inner, button = shop.wait("click", 2)
    assert inner["target"] == "p#in"
    assert (inner["interactive"], button["interactive"]) == (False, True)


def test_click_on_a_label_counts_one_click(shop: Shop) -> None:
    shop.open("<label for=c id=l>Gift</label> <input type=checkbox id=c>")

    shop.page.click("#l")
    shop.page.click("#c")

    first, second = shop.wait("click", 2)
    assert first["target"] == "label#l"
    assert second["target"] == "input#c"
    assert (first["interactive"], first["reacted"]) == (True, True)


def test_scripted_click_is_ignored(shop: Shop) -> None:
    shop.open("<button id=b>b</button><p>x</p>")

    shop.page.evaluate("b.click(); b.dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    shop.page.click("p")

    (click,) = shop.wait("click")
    assert click["target"] == "html > body > p"


CLOCK = "let n = 0; setInterval(() => { tick(++n); window.ticks = n }, 150);"
TICKS = [
    "const tick = (n) => { c.textContent = n };",
    "const tick = (n) => { c.style.opacity = n % 2 };",
    "const tick = (n) => { c.innerHTML = `<tr><td>${n}</td></tr>` };",
    "const tick = (n) => { c.append(document.createElement('li')) };",
]


def ticked(shop: Shop, tick: str, html: str = "") -> None:
    """A page that has ticked for a while since its recording began, beside a text."""
    shop.open(f"<b id=c>0</b><p id=t>x</p>{html}<script>{tick}{CLOCK}</script>")
    before = shop.page.evaluate("window.ticks ?? 0")
    shop.page.wait_for_function("before => window.ticks > before + 5", arg=before)


@pytest.mark.parametrize("tick", TICKS)
def test_background_change_is_no_reaction(shop: Shop, tick: str) -> None:
    ticked(shop, tick)

    shop.page.click("#t")

    (click,) = shop.wait("click")
    assert (click["interactive"], click["reacted"]) == (False, False)


@pytest.mark.parametrize(
    "answer",
    [
        "c.textContent = 'now'",
        "setTimeout(() => { t.textContent = 'y' }, 300)",
        "setTimeout(() => document.body.append('late'), 300)",
        "scrollTo(0, 500)",
    ],
)
def test_reaction_on_a_ticking_page_is_detected(shop: Shop, answer: str) -> None:
    ticked(shop, TICKS[0], "<div style='height: 3000px'></div>")
    shop.page.evaluate(f"t.addEventListener('click', () => {{ {answer} }})")

    shop.page.click("#t")

    (click,) = shop.wait("click")
    assert click["reacted"] is True


def test_rare_repeated_change_counts_as_a_reaction(shop: Shop) -> None:
    shop.open("<b id=c>0</b><p id=t>x</p>")
    # As at the end of a load: twice within a moment, and then never again.
    shop.page.evaluate(
        "new Promise((done) => setTimeout(() => { c.textContent = 1;"
        " setTimeout(() => { c.textContent = 2; setTimeout(done, 900) }, 50) }))"
    )
    shop.page.evaluate(
        "t.addEventListener('click', () => setTimeout(() => { c.textContent = 3 }, 100))"
    )

    shop.page.click("#t")

    (click,) = shop.wait("click")
    assert click["reacted"] is True


def test_hover_effect_is_no_reaction(shop: Shop) -> None:
    shop.open("<i id=c style='position: fixed; pointer-events: none'>o</i><p id=t>x</p>")
    shop.page.evaluate("addEventListener('mousemove', (e) => { c.style.left = `${e.clientX}px` })")
    x, y = shop.centre("#t")
    shop.page.mouse.move(x + 90, y + 90, steps=5)

    shop.page.click("#t")
    shop.page.mouse.move(x + 200, y + 90, steps=5)

    (click,) = shop.wait("click")
    assert click["reacted"] is False


TALL = "<a id=a href='#end'>x</a><p style='height: 4000px'>y</p><p id=end>z</p>"


@pytest.mark.parametrize("way", ["scrollTo(0, 900)", "a.click()"])
def test_scroll_by_the_page_is_recorded(shop: Shop, way: str) -> None:
    shop.open(TALL)

    shop.page.evaluate(way)

    (note,) = shop.wait("own_scroll")
    assert note["id"] == shop.page.evaluate("harness.idOf(document)")


def test_scroll_after_an_anchor_click_is_the_pages_own(shop: Shop) -> None:
    shop.open(TALL)

    shop.page.click("#a")

    shop.wait("own_scroll")


def test_scroll_by_the_visitor_is_not_the_pages_own(shop: Shop) -> None:
    shop.open(TALL)
    shop.page.mouse.move(50, 90)
    for act in ("wheel", "key", "drag"):
        before = shop.page.evaluate("scrollY")
        if act == "wheel":
            shop.page.mouse.wheel(0, 700)
        elif act == "key":
            shop.page.keyboard.press("PageDown")
        else:
            shop.page.mouse.down()  # as on the thumb of a scroll bar
            shop.page.evaluate("scrollBy(0, 300)")
        shop.page.wait_for_function("before => scrollY > before + 200", arg=before)

    assert shop.notes("own_scroll") == []


def test_lost_focus_is_no_reaction(shop: Shop) -> None:
    shop.open("<button id=b>b</button><p id=t>x</p>")
    shop.page.focus("#b")

    shop.page.click("#t")

    (click,) = shop.wait("click")
    assert click["reacted"] is False


def test_scroll_by_the_visitor_is_no_reaction(shop: Shop) -> None:
    shop.open("<p id=t>x</p><div style='height: 3000px'></div>")
    shop.page.evaluate("addEventListener('scroll', () => { t.className = 'stuck' })")

    shop.page.click("#t")
    shop.page.mouse.wheel(0, 300)

    (click,) = shop.wait("click")
    assert click["reacted"] is False
    assert shop.page.evaluate("scrollY") > 0


def test_double_click_selecting_a_word_reacts_to_both_clicks(shop: Shop) -> None:
    shop.open("<p id=t>word</p>")

    shop.burst("#t", 2, details=(1, 2))

    assert [click["reacted"] for click in shop.wait("click", 2)] == [True, True]


def test_reaction_to_a_click_does_not_count_for_the_previous(shop: Shop) -> None:
    shop.open("<p id=t>x</p><p id=u>y</p><script>u.onclick = () => u.append('!')</script>")

    shop.page.click("#t")
    shop.page.click("#u")

    dead, answered = shop.wait("click", 2)
    assert (dead["reacted"], answered["reacted"]) == (False, True)


def test_drag_is_not_a_click(shop: Shop) -> None:
    shop.open("<p id=t style='height: 200px; user-select: none'>x</p><b id=u>y</b>")

    x, y = shop.centre("#t")
    shop.page.mouse.move(x, y)
    shop.page.mouse.down()
    shop.page.mouse.move(x + 60, y, steps=3)
    shop.page.mouse.up()
    shop.page.click("#u")

    (click,) = shop.wait("click")
    assert click["target"] == "b#u"


# Rage clicks


def test_rage_on_a_dead_button_beside_a_clock_is_recorded(shop: Shop) -> None:
    ticked(shop, TICKS[0], "<button id=pay>Pay</button>")

    shop.burst("#pay", 4)

    (rage,) = shop.wait("rage_click")
    assert rage["count"] == 4


def test_fast_clicks_on_a_rotating_carousel_are_no_rage(shop: Shop) -> None:
    ticked(shop, TICKS[0], "<button id=next>next</button>")
    shop.page.evaluate("next.onclick = () => { c.textContent = `clicked ${performance.now()}` }")

    shop.burst("#next", 5)
    shop.wait("click", 5)

    assert shop.notes("rage_click") == []


def test_three_dead_clicks_in_half_a_second_are_one_rage_click(shop: Shop) -> None:
    shop.open("<button id=pay>Pay</button>")

    shop.burst("#pay", 3)
    shop.wait("click", 3)

    (rage,) = shop.wait("rage_click")
    x, y = shop.centre("#pay")
    assert (rage["count"], rage["target"], rage["x"], rage["y"]) == (
        3,
        "button#pay",
        int(x),
        int(y),
    )
    assert rage["at_ms"] == shop.notes("click")[0]["at_ms"]


def test_all_clicks_of_a_burst_are_one_rage_click(shop: Shop) -> None:
    shop.open("<button id=pay>Pay</button>")

    shop.burst("#pay", 9)
    shop.wait("click", 9)

    (rage,) = shop.wait("rage_click")
    assert rage["count"] == 9


def test_slow_click_before_a_burst_does_not_hide_it(shop: Shop) -> None:
    shop.open("<button id=pay>Pay</button>")
    x, y = shop.centre("#pay")

    shop.clicks((0, x, y), (400, x, y), (600, x, y), (800, x, y))

    (rage,) = shop.wait("rage_click")
    assert rage["count"] == 3


@pytest.mark.parametrize(
    ("times", "steps"),
    [
        ((0, 300, 600), (0, 0, 0)),
        ((0, 100, 200), (0, 31, 62)),
        ((0, 100, 200), (0, 0, 31)),
        ((0, 100), (0, 0)),
    ],
)
def test_clicks_too_slow_too_far_or_too_few_are_no_rage(
    shop: Shop, times: tuple[int, ...], steps: tuple[int, ...]
) -> None:
    shop.open("<button style='width: 400px; height: 200px'>Pay</button>")

    shop.clicks(*((ms, 50.0 + step, 50.0) for ms, step in zip(times, steps, strict=True)))
    shop.wait("click", len(times))

    assert shop.notes("rage_click") == []


def test_clicks_within_thirty_pixels_and_half_a_second_are_rage(shop: Shop) -> None:
    shop.open("<button style='width: 400px; height: 200px'>Pay</button>")

    shop.clicks((0, 50, 50), (250, 80, 50), (500, 50, 80))

    (rage,) = shop.wait("rage_click")
    assert rage["count"] == 3


def test_triple_click_selecting_a_paragraph_is_no_rage(shop: Shop) -> None:
    shop.open("<p>Some words to copy from here</p>")

    shop.burst("p", 3, details=(1, 2, 3))
    shop.wait("click", 3)

    assert shop.page.evaluate("getSelection().toString()").startswith("Some words")
    assert shop.notes("rage_click") == []


def test_more_clicks_than_a_selection_needs_are_rage_on_text(shop: Shop) -> None:
    shop.open("<p>Some words that look like a link</p>")

    shop.burst("p", 5, details=(1, 2, 3, 4, 5))

    (rage,) = shop.wait("rage_click")
    assert rage["count"] == 5


def test_rage_on_a_button_with_selected_text_is_recorded(shop: Shop) -> None:
    shop.open("<div role=button id=more>Load more</div>")

    shop.burst("#more", 3, details=(1, 2, 3))

    shop.wait("rage_click")


@pytest.mark.parametrize(
    ("html", "script"),
    [
        (
            "<button id=t>+</button><output id=o>1</output>",
            "t.onclick = () => o.textContent = +o.textContent + 1",
        ),
        ("<button id=t>+</button><input id=o value=1>", "t.onclick = () => o.value = +o.value + 1"),
        (
            "<button id=t>next</button><div id=o></div>",
            "t.onclick = () => o.style.transform = `translateX(${performance.now()}px)`",
        ),
        ("<input type=checkbox id=t>", ""),
        ("<label id=t>Gift <input type=checkbox></label>", ""),
        ("<details><summary id=t>More</summary>x</details>", ""),
        ("<input id=t value='some words'>", ""),
        ("<input id=t type=number value=3>", ""),
        ("<textarea id=t>some words</textarea>", ""),
        ("<div id=t contenteditable>some words</div>", ""),
        ("<canvas id=t></canvas>", ""),
    ],
    ids=lambda text: text[:28],
)
def test_fast_clicks_that_all_react_are_no_rage(shop: Shop, html: str, script: str) -> None:
    shop.open(html)
    shop.page.evaluate(script)

    shop.burst("#t", 4, details=(1, 2, 3, 4))
    shop.wait("click", 4)

    assert shop.notes("rage_click") == []


def test_reacting_clicks_in_one_clock_tick_are_no_rage(shop: Shop) -> None:
    """As where a page was busy, or a browser that resists fingerprinting rounds its clock."""
    shop.open("<input type=checkbox id=t>")
    shop.page.evaluate("((now) => { performance.now = () => now; })(performance.now() + 500)")

    shop.burst("#t", 4, details=(1, 2, 3, 4))
    shop.wait("click", 4)

    assert shop.notes("rage_click") == []


def test_rage_on_a_stepper_that_stopped_reacting_is_recorded(shop: Shop) -> None:
    shop.open("<button id=t>+</button><output id=o>1</output>")
    shop.page.evaluate("t.onclick = () => { if (o.textContent < 2) o.textContent = 2 }")

    shop.burst("#t", 4)

    (rage,) = shop.wait("rage_click")
    assert rage["count"] == 4


def test_label_clicked_twice_is_no_rage(shop: Shop) -> None:
    shop.open("<label id=t>Gift <input type=checkbox onclick='event.preventDefault()'></label>")

    shop.burst("#t", 2)
    shop.wait("click", 2)

    assert shop.notes("rage_click") == []


def test_burst_ending_with_the_page_is_not_lost(shop: Shop) -> None:
    shop.open("<button id=t>Pay</button>")

    shop.burst("#t", 3)
    shop.page.goto(f"{ORIGIN}/next")

    shop.wait("rage_click")


# Errors


def test_uncaught_error_is_recorded_with_its_location(shop: Shop) -> None:
    shop.open("<script>setTimeout(() => { null.x })</script>")

    (error,) = shop.wait("error")
    assert error["source"] == "error"
    assert error["message"].startswith("Uncaught TypeError: Cannot read properties of null")
    assert error["file"] == f"{ORIGIN}/"
    assert error["line"] > 0
    assert error["column"] > 0
    assert "at http://shop.test/" in error["stack"]


def test_image_that_fails_to_load_is_no_script_error(shop: Shop) -> None:
    shop.answers["/gone.png"] = 404
    shop.open("<img src=/gone.png onerror='setTimeout(() => { throw Error(\"last\") })'>")

    (error,) = shop.wait("error")
    assert error["message"] == "Uncaught Error: last"


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("new RangeError('too much')", "RangeError: too much"),
        ("'plain text'", "plain text"),
        ("undefined", "undefined"),
        ("{card: '4111 1111 1111 1111', message: 'secret'}", "[Object]"),
        ("{get message() { throw 1 }, get stack() { throw 1 }}", "[Object]"),
        ("new Proxy({}, {getPrototypeOf() { throw 1 }, get() { throw 1 }})", "[Object]"),
        ("(({proxy, revoke}) => (revoke(), proxy))(Proxy.revocable({}, {}))", "[Object]"),
        ("Object.defineProperty(new Error('x'), 'message', {get() { throw 1 }})", "Error: "),
        ("Object.defineProperty(new Error('x'), 'stack', {get() { throw 1 }})", "Error: x"),
        ("Object.assign(new Error('x'), {message: {}})", "Error: "),
        ("Symbol('s')", "[symbol]"),
        ("12n", "[bigint]"),
        ("new DOMException('m', 'DataError')", "DataError: m"),
    ],
)
def test_rejection_with_any_reason_is_recorded_harmlessly(
    shop: Shop, reason: str, message: str
) -> None:
    shop.open("")

    shop.page.evaluate(f"void Promise.reject({reason})")

    (error,) = shop.wait("error")
    assert (error["source"], error["message"]) == ("rejection", message)


def test_console_calls_record_only_texts_and_types(shop: Shop) -> None:
    shop.open("<div id=d class=secret>x</div>")

    shop.page.evaluate(
        "console.error('Payment', new Error('refused'), {card: '4111'}, [1, 2, 3], d, 4111, null)"
    )

    (error,) = shop.wait("error")
    assert error["source"] == "console"
    assert error["message"] == (
        "Payment Error: refused [Object] [Array(3)] [Element div] [number] null"
    )
    assert error["stack"].startswith("Error: refused\n")


def test_page_console_receives_every_logged_message(shop: Shop) -> None:
    shop.open(
        "",
        before="window.logged = []; const was = console.error;"
        "console.error = function (...args) { logged.push([this === console, ...args]) };"
        "window.theirs = console.error",
    )

    result = shop.page.evaluate("[console.error('a', 1), logged]")

    assert result == [None, [[True, "a", 1]]]
    shop.wait("error")
    assert shop.page.evaluate("(window.stop(), console.error === theirs)") is True


def test_console_patch_by_the_page_survives_stop(shop: Shop) -> None:
    shop.open("")
    shop.page.evaluate(
        "for (const [o, k] of [[console, 'error'], [window, 'fetch'],"
        " [XMLHttpRequest.prototype, 'open'], [XMLHttpRequest.prototype, 'send']]) {"
        " const was = o[k]; o[k] = function (...a) { window.seen = (window.seen ?? 0) + 1;"
        " return was.apply(this, a) }; o[k].theirs = true }"
    )

    shop.page.evaluate("window.stop()")

    assert shop.page.evaluate(
        "[console.error, fetch, XMLHttpRequest.prototype.open, XMLHttpRequest.prototype.send]"
        ".every((f) => f.theirs)"
    )
    shop.answers["/gone"] = 500
    assert shop.page.evaluate("fetch('/gone').then((r) => r.status)") == 500
    shop.page.evaluate("console.error('after')")
    assert shop.page.evaluate("window.seen") == 2
    assert shop.notes("error") == []
    assert shop.notes("network") == []


def test_stop_restores_every_patched_function(shop: Shop) -> None:
    keys = (
        "[console.error, window.fetch, XMLHttpRequest.prototype.open,"
        " history.pushState, history.replaceState,"
        " EventTarget.prototype.addEventListener]"
    )
    shop.open(
        "<p>x</p>",
        before=f"{WITHOUT_NAVIGATION}; was = {keys}",
    )
    assert shop.page.evaluate(f"{keys}.filter((f, i) => f !== was[i]).length") == 5

    shop.page.evaluate("window.stop()")

    assert shop.page.evaluate(f"{keys}.every((f, i) => f === was[i])")


def test_no_event_is_recorded_after_stop(shop: Shop) -> None:
    shop.open("<p>x</p><form onsubmit='return false'><input><button>b</button></form>")
    shop.page.click("p")
    shop.page.fill("input", "x")

    shop.page.evaluate("window.stop(); window.stop()")
    shop.page.click("button")
    shop.page.evaluate("history.pushState(0, '', '/b'); setTimeout(() => { throw Error('x') })")
    shop.page.evaluate("new Promise((r) => setTimeout(r, 1600))")

    assert shop.page.evaluate("sessionStorage.getItem('notes')") is None


def test_error_logged_and_rethrown_is_recorded_once(shop: Shop) -> None:
    shop.open("")

    shop.page.evaluate(
        "const e = new Error('boom'); console.error(e); console.error('In <App>', e);"
        "setTimeout(() => { throw e }); setTimeout(() => { throw new Error('boom') });"
        "setTimeout(() => { throw Error('last') })"
    )

    shop.page.wait_for_function("sessionStorage.getItem('notes')?.includes('last')")
    messages = [error["message"] for error in shop.notes("error")]
    assert messages == ["Error: boom", "Uncaught Error: last"]


def test_error_storm_is_recorded_at_ten_per_second(shop: Shop) -> None:
    shop.open("")

    shop.page.evaluate("for (let i = 0; i < 500; i++) console.error(`number ${i}`)")

    assert 10 <= len(shop.notes("error")) <= 20
    shop.page.evaluate(
        "new Promise((done) => { let i = 0; const at = performance.now;"
        " let now = 10_000; performance.now = () => (now += 1001);"
        " for (; i < 200; i++) console.error(`later ${i}`);"
        " performance.now = at; done() })"
    )
    assert len(shop.notes("error")) == 100


def test_long_message_is_truncated(shop: Shop) -> None:
    shop.open("")

    shop.page.evaluate("console.error('x'.repeat(1e6))")

    assert len(shop.wait("error")[0]["message"]) == 20_000


def test_logs_caused_by_reading_an_error_are_ignored(shop: Shop) -> None:
    shop.open("", before="console.error = () => {}")  # the browser's own would ask as well

    shop.page.evaluate(
        "const e = new Error('x'); Object.defineProperty(e, 'message',"
        " {get() { console.error('getter'); return 'mine' }}); console.error(e)"
    )

    assert shop.wait("error")[0]["message"] == "Error: mine"


def test_resize_observer_loop_notice_is_no_error(shop: Shop) -> None:
    shop.open("<div id=d>x</div>")

    shop.page.evaluate(
        "new Promise((done) => { addEventListener('error', done, {once: true});"
        " new ResizeObserver(() => { d.style.width = `${d.clientWidth - 1}px` }).observe(d) })"
    )
    shop.page.evaluate("setTimeout(() => { throw Error('last') })")

    assert shop.wait("error")[0]["message"] == "Uncaught Error: last"


# Forms

FORM = (
    "<form id=pay {attributes}><input name=who><input name=mail><textarea name=note></textarea>"
    "<button>Pay</button></form>"
)
SEND = "onsubmit=\"event.preventDefault(); fetch('/api', {method: 'POST'})\""


def steps(shop: Shop) -> list[str]:
    return [note["step"] for note in shop.notes("form")]


@pytest.mark.parametrize(("status", "step"), [(200, "succeeded"), (422, "failed"), (503, "failed")])
def test_submission_outcome_equals_its_requests_outcome(shop: Shop, status: int, step: str) -> None:
    shop.answers["/api"] = status
    shop.open(FORM.format(attributes=SEND))
    shop.page.fill("[name=who]", "Ada")

    shop.page.click("button")

    submitted, ended = shop.wait("form", 2)
    assert submitted["step"] == "submit"
    assert (ended["step"], ended["status"]) == (step, status)
    assert ended["form"] == "form#pay"
    assert ended["id"] == shop.page.evaluate("harness.idOf(pay)")


def test_button_sending_without_submit_event_is_a_submission(shop: Shop) -> None:
    shop.answers["/api"] = 500
    shop.open(
        "<div role=form id=pay><input><button type=button><b>Pay</b></button></div>"
        "<script>document.querySelector('button').onclick = () => {"
        " const x = new XMLHttpRequest(); x.open('POST', '/api'); x.send() }</script>"
    )

    shop.page.click("b")

    (failed,) = shop.wait("form")
    assert (failed["step"], failed["status"], failed["form"]) == ("failed", 500, "div#pay")


def test_enter_submits_a_form_without_a_button(shop: Shop) -> None:
    shop.answers["/api"] = 200
    shop.open(
        "<div role=form><input id=i></div><script>i.onkeydown = (e) => {"
        " if (e.key === 'Enter') fetch('/api') }</script>"
    )

    shop.page.focus("#i")
    shop.page.keyboard.press("Enter")

    (ended,) = shop.wait("form")
    assert ended["step"] == "succeeded"


def test_token_request_before_is_not_the_submissions_outcome(shop: Shop) -> None:
    shop.answers |= {"/token": 200, "/api": 403}
    shop.open(
        FORM.format(
            attributes='onsubmit="event.preventDefault();'
            " fetch('/token').then(() => fetch('/api', {method: 'POST'}))\""
        )
    )

    shop.page.click("button")

    assert shop.wait("form", 2)[1]["step"] == "failed"


def test_earlier_and_own_requests_decide_no_submission(shop: Shop) -> None:
    shop.answers |= {"/poll": 500, "/v1/chunks": 500}
    shop.open(
        FORM.format(attributes=f"onsubmit=\"event.preventDefault(); fetch('{INGEST}/v1/chunks')\"")
    )
    shop.page.evaluate("fetch('/poll')")

    shop.page.click("button")
    shop.wait("click")

    assert steps(shop) == ["submit"]


def test_invalid_form_is_recorded_once_per_attempt(shop: Shop) -> None:
    shop.open(
        "<form id=f><input required><input required><input required><button>b</button></form>"
    )

    shop.page.click("button")
    shop.wait("form", 1)
    shop.page.keyboard.press("Escape")
    shop.page.click("button")
    shop.wait("click", 2)

    assert steps(shop) == ["invalid", "invalid"]


def test_validity_check_on_each_key_is_no_invalid_submission(shop: Shop) -> None:
    shop.open(
        "<form onsubmit='return false'><input id=i type=email required><button>b</button></form>"
        "<script>i.oninput = () => i.form.checkValidity()</script>"
    )

    shop.page.locator("#i").press_sequentially("ada")
    shop.page.click("#i")
    shop.wait("click")

    assert steps(shop) == []


def test_fields_marked_as_wrong_make_a_submission_invalid(shop: Shop) -> None:
    shop.open(
        '<form onsubmit=\'event.preventDefault(); i.setAttribute("aria-invalid", "true")\'>'
        "<input id=i><button>b</button></form>"
    )

    shop.page.click("button")

    submitted, refused = shop.wait("form", 2)
    assert (submitted["step"], refused["step"]) == ("submit", "invalid")


@pytest.mark.parametrize(
    "mark",
    [
        "i.classList.add('is-invalid')",
        "i.parentElement.className = 'field field--error'",
        "i.insertAdjacentHTML('afterend', '<p class=error>Needed</p>')",
        "i.insertAdjacentHTML('afterend', '<p role=alert>Needed</p>')",
    ],
)
def test_every_way_of_marking_errors_makes_it_invalid(shop: Shop, mark: str) -> None:
    shop.open(
        f'<form onsubmit="event.preventDefault(); {mark}">'
        "<div><input id=i></div><button>b</button></form>"
    )

    shop.page.click("button")

    submitted, refused = shop.wait("form", 2)
    assert (submitted["step"], refused["step"]) == ("submit", "invalid")


@pytest.mark.parametrize(
    "html",
    [
        "<p class=error></p>",
        "<p class=error hidden>Needed</p>",
        "<p class=terrors>Ghosts</p>",
        "<p class=error-free>Good</p>",
        "<div role=alert></div>",
    ],
)
def test_empty_error_element_makes_no_submission_invalid(shop: Shop, html: str) -> None:
    shop.open(f"<form onsubmit='return false'>{html}<button>b</button></form>")

    shop.page.click("button")
    shop.wait("click")

    assert steps(shop) == ["submit"]


def test_submission_without_a_request_stays_submitted(shop: Shop) -> None:
    shop.open(FORM.format(attributes="onsubmit='return false'"))
    shop.page.fill("[name=who]", "Ada")

    shop.page.click("button")
    shop.wait("click")
    shop.page.goto(f"{ORIGIN}/next")

    assert steps(shop) == ["submit"]


def test_native_form_submission_stays_submitted(shop: Shop) -> None:
    shop.open(FORM.format(attributes="action=/next"))
    shop.page.fill("[name=who]", "Ada")

    with shop.page.expect_navigation():
        shop.page.click("button")

    assert steps(shop) == ["submit"]


def test_native_submission_fails_with_the_response_page(shop: Shop) -> None:
    shop.open(FORM.format(attributes="action=/refused"))
    shop.status = 422

    with shop.page.expect_navigation():
        shop.page.click("button")

    submitted, failed = shop.wait("form", 2)
    assert (submitted["step"], failed["step"], failed["status"]) == ("submit", "failed", 422)
    assert failed["form"] == submitted["form"] == "form#pay"
    shop.page.reload()
    shop.page.click("textarea")
    shop.wait("click")
    assert len(steps(shop)) == 2


@pytest.mark.parametrize(
    "leave",
    [
        "location.href = '/next'",
        "history.pushState(0, '', '/next')",
        "pay.remove()",
        "document.body.innerHTML = ''",
    ],
)
def test_form_typed_in_and_left_is_abandoned(shop: Shop, leave: str) -> None:
    shop.open(FORM.format(attributes=SEND))
    shop.page.fill("[name=who]", "Ada")
    shop.page.locator("[name=who]").press_sequentially("x")
    shop.page.locator("[name=note]").press_sequentially("hello")
    shop.page.locator("[name=mail]").press_sequentially("a")
    shop.page.locator("[name=mail]").press("Backspace")

    shop.page.evaluate(leave)

    (left,) = shop.wait("form")
    assert (left["step"], left["fields"], left["form"]) == ("abandoned", 2, "form#pay")


def test_form_that_failed_and_was_left_is_abandoned(shop: Shop) -> None:
    shop.answers["/api"] = 500
    shop.open(FORM.format(attributes=SEND))
    shop.page.locator("[name=who]").press_sequentially("Ada")

    shop.page.click("button")
    shop.wait("form", 2)
    shop.page.evaluate("pay.remove()")

    assert shop.wait("form", 3)[2]["step"] == "abandoned"


@pytest.mark.parametrize(
    ("html", "act"),
    [
        (FORM.format(attributes=SEND), ""),
        (FORM.format(attributes=SEND), "document.querySelector('[name=who]').value = 'by script'"),
        ("<form id=pay><input type=checkbox></form>", "CLICK"),
        ("<form id=pay><input type=search></form>", "TYPE"),
        ("<form id=pay role=search><input></form>", "TYPE"),
        ("<div id=pay><input></div>", "TYPE"),
        ("<form id=pay><input></form>", "TYPE then pay.reset()"),
    ],
)
def test_untouched_form_is_not_abandoned(shop: Shop, html: str, act: str) -> None:
    shop.open(html)
    if act.startswith("TYPE"):
        shop.page.locator("input").press_sequentially("abc")
    elif act == "CLICK":
        shop.page.click("input")
    shop.page.evaluate(act.partition("then ")[2] or (act if act.startswith("doc") else "0"))

    shop.page.goto(f"{ORIGIN}/next")

    assert steps(shop) == []


def test_submitted_form_is_not_abandoned(shop: Shop) -> None:
    shop.answers["/api"] = 200
    shop.open(FORM.format(attributes=SEND))
    shop.page.locator("[name=who]").press_sequentially("Ada")

    shop.page.click("button")
    shop.page.evaluate("history.pushState(0, '', '/thanks'); pay.remove()")
    shop.wait("form", 2)
    shop.page.goto(f"{ORIGIN}/next")

    assert steps(shop) == ["submit", "succeeded"]


def test_success_just_before_the_page_ends_is_recorded(shop: Shop) -> None:
    shop.answers["/api"] = 200
    shop.open(FORM.format(attributes=SEND))

    with shop.page.expect_response("**/api"):
        shop.page.click("button")
    shop.page.wait_for_function("performance.getEntriesByName(location.origin + '/api').length")
    shop.page.evaluate("new Promise((r) => setTimeout(r))")
    shop.page.goto(f"{ORIGIN}/next")

    assert steps(shop) == ["submit", "succeeded"]


# Requests


def test_failed_request_is_recorded_without_its_query(shop: Shop) -> None:
    shop.answers |= {"/api/cart": 404, "/far": 503, "/down": 0}
    shop.open("")

    shop.page.evaluate("fetch('/api/cart?card=4111#x', {method: 'put'})")
    shop.wait("network")
    shop.page.evaluate("fetch(new Request('http://other.test/far?a=1', {method: 'POST'}))")
    shop.wait("network", 2)
    shop.page.evaluate("fetch(new URL('/down?x', location)).catch(() => {})")

    cart, far, down = shop.wait("network", 3)
    assert cart["duration_ms"] >= 0
    assert [(n["method"], n["path"], n["status"]) for n in (cart, far, down)] == [
        ("PUT", "/api/cart", 404),
        ("POST", "other.test/far", 503),
        ("GET", "/down", 0),
    ]


def test_failed_reused_xhr_is_recorded_once_per_request(shop: Shop) -> None:
    shop.answers |= {"/a": 404, "/b": 0, "/c": 200}
    shop.open("")

    shop.page.evaluate(
        "(async () => { const x = new XMLHttpRequest();"
        " for (const path of ['/a?q', '/b', '/c', '/a']) { x.open('post', path);"
        " await new Promise((done) => { x.onloadend = done; x.send('body') }) } })()"
    )

    notes = [(n["method"], n["path"], n["status"]) for n in shop.wait("network", 3)]
    assert notes == [("POST", "/a", 404), ("POST", "/b", 0), ("POST", "/a", 404)]


def test_successful_aborted_and_own_requests_are_not_recorded(shop: Shop) -> None:
    shop.answers |= {"/ok": 200, "/v1/chunks": 503, "/last": 500}
    shop.open("")

    shop.page.evaluate(
        "(async () => { await fetch('/ok');"
        f" await fetch('{INGEST}/v1/chunks');"
        " const c = new AbortController(); const p = fetch('/ok', {signal: c.signal}); c.abort();"
        " await p.catch(() => {});"
        " const d = new AbortController(); const q = fetch('/ok', {signal: d.signal});"
        " d.abort('no');"
        " await q.catch(() => {});"
        " const x = new XMLHttpRequest(); x.open('GET', '/ok'); x.send(); x.abort();"
        " await fetch('/last') })()"
    )

    assert shop.wait("network")[0]["path"] == "/last"


def test_patched_fetch_returns_the_pages_promise_and_errors(shop: Shop) -> None:
    shop.open(
        "",
        before="window.fetch = function (...args) { this_ = this; args_ = args;"
        " return (promise_ = Promise.reject(Error('theirs'))) }",
    )

    same, message, args = shop.page.evaluate(
        "(async () => { const p = fetch('/x', {a: 1});"
        " return [p === promise_, await p.catch((e) => e.message), args_] })()"
    )

    assert (same, message, args) == (True, "theirs", ["/x", {"a": 1}])
    assert shop.page.evaluate(
        "(() => { try { fetch.call(1) } catch {} return this_ === 1 || typeof this_ })()"
    )


def test_without_network_panel_nothing_is_patched(shop: Shop) -> None:
    shop.open("", panel=False, before="was = [fetch, XMLHttpRequest.prototype.open]")

    assert shop.page.evaluate("was[0] === fetch && was[1] === XMLHttpRequest.prototype.open")


@pytest.mark.parametrize(("ms", "count"), [(2_000, 0), (3_000, 1)])
def test_request_of_three_seconds_is_recorded_as_slow(shop: Shop, ms: int, count: int) -> None:
    shop.answers |= {"/slow": 200, "/last": 500}
    shop.open(
        "",
        before="let late = 0; const now = performance.now.bind(performance);"
        f"performance.now = () => now() + late; window.wait = () => {{ late += {ms} }}",
    )

    shop.page.evaluate(
        "(async () => { const p = fetch('/slow'); wait(); await p; await fetch('/last') })()"
    )

    *slow, last = shop.wait("network", count + 1)
    assert last["path"] == "/last"
    assert [(note["path"], note["status"]) for note in slow] == [("/slow", 200)] * count


def test_failing_requests_are_recorded_up_to_a_limit(shop: Shop) -> None:
    shop.answers["/down"] = 500
    shop.open("")

    shop.page.evaluate("Promise.all(Array.from({length: 210}, () => fetch('/down')))")

    assert len(shop.notes("network")) == 200


# Page views


@pytest.mark.parametrize("before", ["", WITHOUT_NAVIGATION], ids=["navigation", "history"])
@pytest.mark.parametrize(
    "go",
    [
        "history.pushState({}, '', '/cart')",
        "history.replaceState({}, '', '/cart')",
        "location.hash = '#/cart'",
    ],
)
def test_url_change_is_a_page_view_with_the_later_title(shop: Shop, before: str, go: str) -> None:
    shop.open("", before=before)

    shop.page.evaluate(f"{go}; setTimeout(() => {{ document.title = 'Cart' }}, 20)")

    (view,) = shop.wait("page")
    assert view["url"] == shop.page.url
    assert "cart" in view["url"]
    assert (view["title"], view["width"], view["height"]) == ("Cart", 800, 600)


@pytest.mark.parametrize("before", ["", WITHOUT_NAVIGATION], ids=["navigation", "history"])
def test_back_is_a_page_view_and_state_change_alone_is_not(shop: Shop, before: str) -> None:
    shop.open("", before=before)

    shop.page.evaluate("history.pushState(1, '', '/a')")
    shop.wait("page", 1)
    shop.page.evaluate("history.replaceState({scroll: 1}, '')")
    shop.page.evaluate("history.back()")

    forth, back = shop.wait("page", 2)
    assert [forth["url"], back["url"]] == [f"{ORIGIN}/a", f"{ORIGIN}/"]
    assert [forth["back"], back["back"]] == [False, True]


def test_router_redirect_is_one_page_view(shop: Shop) -> None:
    shop.open("")

    shop.page.evaluate(
        "history.pushState(0, '', '/'); history.pushState(0, '', '/a');"
        "history.replaceState(0, '', '/a/1')"
    )

    assert shop.wait("page")[0]["url"] == f"{ORIGIN}/a/1"


def test_leaving_a_page_adds_no_page_view(shop: Shop) -> None:
    shop.open("")
    shop.page.evaluate("history.pushState(0, '', '/a')")
    shop.wait("page")

    shop.page.goto(f"{ORIGIN}/next")

    assert [view["url"] for view in shop.notes("page")] == [f"{ORIGIN}/a"]


def test_page_load_is_recorded(shop: Shop) -> None:
    shop.open("")

    shop.page.evaluate("harness.notePage()")

    assert shop.wait("page") == [
        {"url": f"{ORIGIN}/", "title": "Shop", "width": 800, "height": 600, "back": False}
    ]


def test_document_reached_by_back_is_marked(shop: Shop) -> None:
    shop.open("")
    shop.page.goto(f"{ORIGIN}/next")
    shop.page.go_back()

    shop.page.evaluate("harness.notePage()")

    assert shop.wait("page")[0]["back"] is True


# Names


@pytest.mark.parametrize(
    ("html", "path"),
    [
        ("<main><p><i id=t1></i></p></main>", "i#t1"),
        ("<main><ul><li><i></i></li></ul></main>", "body > main > ul > li > i"),
        ("<form id=pay><i class='btn btn-big third'></i></form>", "form#pay > i.btn.btn-big"),
        ("<i id=radix-123456></i>", "html > body > i"),
        ("<i id=3f2504e0-4f89-11d3-9a0c-0305e82c3301></i>", "html > body > i"),
        (
            "<i class='css-1q2w3e sc-bdVaJa kXyzAb Button_root__3xY2z btn'></i>",
            "html > body > i.btn",
        ),
        ("<i name=email></i>", 'html > body > i[name="email"]'),
        ("<i data-testid=buy-now class=x></i>", 'html > body > i[data-testid="buy-now"]'),
        ("<i role=tab class=x></i>", 'html > body > i[role="tab"]'),
        ("<form><input name=id><input name=parentNode><i></i></form>", "html > body > form > i"),
    ],
)
def test_element_path_uses_stable_names(shop: Shop, html: str, path: str) -> None:
    shop.open(html)

    assert shop.page.evaluate("harness.pathOf(document.querySelector('i'))") == path


def test_element_path_crosses_shadow_roots_and_is_bounded(shop: Shop) -> None:
    shop.open("<x-card id=card></x-card>")

    path = shop.page.evaluate(
        "card.attachShadow({mode: 'open'}).innerHTML = '<p><i></i></p>',"
        "harness.pathOf(card.shadowRoot.querySelector('i'))"
    )
    long = shop.page.evaluate(
        "document.body.innerHTML = '<x-very-long-name-of-an-element class=\"' + "
        "'a-class-with-a-long-name b-class-with-a-long-name' + '\">'.repeat(1),"
        "(() => { let at = document.body; for (let i = 0; i < 6; i++) {"
        " const e = document.createElement('x-' + 'y'.repeat(80)); at.append(e); at = e }"
        " return harness.pathOf(at) })()"
    )

    assert path == "x-card#card >>> p > i"
    assert len(long) == 300


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<button>  Add to\n <i>cart</i> </button>", "Add to cart"),
        ("<label><i>Name</i> <textarea>secret</textarea><input value=secret></label>", "Name"),
        ("<i contenteditable>secret</i>", ""),
        ("<select><option>secret</option></select><i>x</i>", "x"),
        ("<button>Pay <b data-private>secret</b><i>now</i></button>", "Pay now"),
        ("<button>Pay <b data-private=false>all</b><i>now</i></button>", "Pay all now"),
        ("<div data-private><i>secret</i></div>", ""),
        ("<i>" + "word " * 100 + "</i>", (" word" * 48).strip()),
        ("<i><script>secret</script><style>secret</style>ok</i>", "ok"),
    ],
)
def test_element_label_is_its_visible_text(shop: Shop, html: str, text: str) -> None:
    shop.open(html)

    assert shop.page.evaluate("harness.textOf(document.querySelector('i'))") == text
