"""Visits to the pages in `secrets_pages/`, with secrets planted everywhere."""

from collections.abc import Callable, Iterable
from pathlib import Path

from playwright.sync_api import Dialog, FilePayload, Page

from tests.conftest import eventually
from tests.recorder.browser import recorded
from tests.recorder.planted import Planted
from tests.recorder.relay import Relay
from tests.recorder.site import Answer, Site

FOLDER = Path(__file__).with_name("secrets_pages")


class Visit:
    """A browser's page on a site that is full of secrets."""

    def __init__(self, page: Page, site: Site, planted: Planted, relay: Relay) -> None:
        self.page = page
        self.planted = planted
        self._site = site
        self._relay = relay

    def serve(self, name: str, path: str = "") -> None:
        """Put a page with its secrets onto the site."""
        text = (FOLDER / name).read_text().replace("{{stranger}}", self._site.other_origin)
        kind = "text/css" if name.endswith(".css") else "text/html; charset=utf-8"
        self._site.pages[path or f"/{name}"] = Answer(self.planted.fill(text), type=kind)

    def open(self, path: str, state: str = "recording") -> None:
        """Open a page, and wait until it is recorded."""
        self.page.goto(self._site.origin + path)
        recorded(self.page, state)

    def arrived(self, place: str) -> None:
        """Wait until the control of this place is sent."""
        word = self.planted.controls[place].encode()
        eventually(lambda: word in self._relay.wire())

    def text(self, kind: str, place: str) -> str:
        """Return a secret for this place."""
        return self.planted.value(kind, place)

    def type(self, selector: str, text: str) -> str:
        """Type as a person does, key by key."""
        field = self.page.locator(selector)
        field.focus()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)
        return text

    def settled(self, script: str, argument: object = None) -> None:
        """Run a script of the page, and wait until the browser has reported its effect."""
        wait = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
        self.page.evaluate(f"async (given) => {{ await ({script}); await {wait}; }}", argument)


def private(visit: Visit) -> None:
    for name in ("private.html", "frame.html", "frame-private.html", "stranger.html"):
        visit.serve(name)
    visit.open(f"/private.html?a={visit.text('word', 'page, query')}#{visit.text('word', 'hash')}")
    for field in ("#private-input", "#private-textarea", "#private-editable"):
        visit.type(field, visit.text("word", f"typed in private: {field}"))
    visit.page.click("#private-button")
    frame = visit.page.frame_locator("iframe[src^='/frame-private']")
    frame.locator("#typed").fill(visit.text("word", "typed in a private frame"))
    visit.settled("frames[2].document.getElementById('late').append(given)", "")


def fields(visit: Visit) -> None:
    for name in ("fields.html", "done.html"):
        visit.serve(name)
    visit.open("/fields.html")
    page = visit.page
    echoes = [
        visit.type(f"#form [name={name}]", visit.text(kind, f"typed: {name}"))
        for name, kind in (
            ("text", "word"),
            ("email", "mail"),
            ("pw", "word"),
            ("tel", "phone"),
            ("search", "word"),
            ("unknown", "word"),
            ("area2", "word"),
            ("idea", "word"),
        )
    ]
    for name in ("number", "date", "range", "color"):
        page.locator(f"#form [name={name}]").fill(visit.text(name.replace("range", "number"), name))
    file: FilePayload = {
        "name": visit.text("word", "file, name") + ".txt",
        "mimeType": "text/plain",
        "buffer": visit.text("word", "file").encode(),
    }
    page.set_input_files("[name=file]", [file])
    page.check("[name=check]")
    page.check("[name=radio]")
    page.select_option("[name=select]", index=2)
    page.select_option("[name=many]", index=1)
    echoes += [
        visit.type(field, visit.text("word", f"typed: {field}"))
        for field in ("#editable", "#textbox", "#shown", "#public-password")
    ]
    letter = "many words of a letter, " * 20 + visit.text("word", "typed: a letter")
    page.locator("#form [name=area2]").fill(letter)
    echoes.append(letter)
    visit.type("[name=url]", visit.text("word", "typed, cleared"))
    visit.type("[name=url]", visit.text("word", "typed instead"))
    page.locator("[name=url]").fill("")

    visit.type("#public-text", visit.planted.seen("typed in public"))
    visit.type("#public-editable", visit.planted.seen("typed in public, editable"))
    page.select_option("#public-select", index=0)
    for field in ("#public-card", "#iban", "#public-name", "#public-private"):
        visit.type(field, visit.text("word", f"typed: {field}"))
    visit.type("#public-cvv", visit.text("number", "typed: #public-cvv"))
    for kind in ("word", "ssn"):
        visit.type("#public-ssn", visit.text(kind, f"typed: #public-ssn, {kind}"))
    visit.type("#public-email", visit.text("mail", "typed: #public-email"))
    visit.type("#public-email2", visit.text("mail", "typed: #public-email2"))
    for field in ("#public-plain", "#public-area"):
        visit.type(field, visit.text("card", f"typed: {field}"))
    digits = visit.text("card", "typed: previewed in groups").replace(" ", "")
    visit.type("#preview-of", digits)
    page.evaluate("document.getElementById('shown').type = 'text'")
    visit.type("#shown", visit.text("word", "typed: #shown, as text"))
    visit.settled("late()")
    for echo in echoes:
        visit.settled("show(given)", echo)
    page.locator("#caption").click()
    page.wait_for_url("**/done.html*")
    recorded(page)


def patterns(visit: Visit) -> None:
    path = f"/people/{visit.text('mail', 'page, path')}/{visit.text('hex', 'page, path, token')}"
    visit.serve("patterns.html", path)
    for name in ("sheet.css", "frame2.html"):
        visit.serve(name)
    query = f"{visit.text('mail', 'page, name of query')}=1&utm_term={visit.text('mail', 'utm')}"
    visit.open(
        f"{path}?{query}&q={visit.text('word', 'page, value')}#/{visit.text('hex', 'route')}"
    )


def later(visit: Visit) -> None:
    for name in ("later.html", "frame-later.html", "frame-open.html", "frame-moved.html"):
        visit.serve(name)
    visit.open("/later.html")
    count = visit.page.evaluate("steps.length")
    for step in range(count):
        if step == count - 1:  # a new address is noted with the title that it has soon after
            visit.arrived("later, new title")
        visit.settled("steps[given]()", step)


def all_private(visit: Visit) -> None:
    visit.serve("all-private.html")
    visit.open("/all-private.html")
    visit.type("[name=who]", visit.text("word", "all private, typed"))
    visit.page.click("button")


def signals(visit: Visit) -> None:
    visit.serve("signals.html")
    visit.open("/signals.html")
    page = visit.page
    page.click(".go", position={"x": 3, "y": 3})
    page.click(".hidden", click_count=4, delay=10)
    page.click("#send")
    page.locator("#form input").press_sequentially(visit.text("word", "typed, never sent"))
    page.click("#draft")
    page.drag_and_drop("#source", "#target")
    page.click("#source", click_count=2)
    page.keyboard.press("Control+C")
    page.click("#paste")
    page.keyboard.press("Control+V")
    answers = iter([visit.text("word", "prompt, answer")])

    def answer(dialog: Dialog) -> None:
        dialog.accept(next(answers) if dialog.type == "prompt" else "")

    page.on("dialog", answer)
    visit.settled("dialogs()")
    visit.settled("signals()")


def smart(visit: Visit) -> None:
    """Only for a website that keeps a session for its rage clicks."""
    visit.serve("smart.html")
    visit.open("/smart.html", "armed")
    visit.page.click("p", click_count=4, delay=10)
    recorded(visit.page)


WALKS: dict[str, Callable[[Visit], None]] = {
    walk.__name__: walk for walk in (private, fields, patterns, later, all_private, signals)
}


def walk(
    walks: Iterable[Callable[[Visit], None]], page: Page, site: Site, relay: Relay
) -> tuple[Planted, str]:
    """Do these, leave the site, and wait until all is sent; return what was planted, and where to
    look for it: the session."""
    planted = Planted()
    site.tag = relay.tag
    visit = Visit(page, site, planted, relay)
    for walk in walks:
        walk(visit)
    session = recorded(page)
    page.goto("about:blank")
    eventually(lambda: planted.unseen(relay.wire().decode(errors="replace")) == [])
    return planted, session
