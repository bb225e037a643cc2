"""The harness of the recorder's tests: a page is recorded, every byte of the lake is read."""

from playwright.sync_api import Page

from tests.conftest import eventually
from tests.recorder.browser import flushed, recorded
from tests.recorder.site import Answer, Site
from tests.recorder.stack import Stack


def test_recorded_visit_is_listed_replayed_and_in_lake_bytes(
    page: Page, site: Site, stack: Stack
) -> None:
    site.pages["/"] = "<title>Süßes & more</title><p>Bananas, 'ripe'</p><!--recorder-->"
    page.goto(f"{site.origin}/?utm_source=x")
    session = recorded(page)
    flushed(page)
    eventually(lambda: any(event["type"] == 2 for event in stack.replay(session)))
    pending = stack.listed(session), stack.detail(session), stack.replay(session)
    held = stack.where("Bananas, 'ripe'"), stack.where("Süßes & more")
    stack.compact()
    eventually(lambda: bool(stack.detail(session)["frames"]))

    assert pending[0]["initialUrl"] == f"{site.origin}/?utm_source=x"
    (first,) = pending[1]["pageList"]
    assert first["title"] == "Süßes & more"
    after = stack.replay(session)
    assert all(event in after for event in pending[2])
    assert stack.notes(session, "page")[0]["title"] == "Süßes & more"
    assert first.pop("clickCount") is None  # counted by compaction
    assert stack.detail(session)["pageList"] == [{**first, "clickCount": 0}]
    assert stack.detail(session)["trigger"] == pending[1]["trigger"]
    assert all(name.startswith("raw/") for names in held for name in names)
    assert all(held)
    (file,) = stack.where("Bananas, 'ripe'")
    assert file.startswith("sessions/")
    assert {name.split("/")[0] for name in stack.where("Süßes & more")} == {"sessions", "tables"}
    assert "Süßes & more".encode() in stack.lake_bytes()
    assert stack.where("Cherries") == []


def test_site_serves_its_pages_and_logs_requests(page: Page, bare_site: Site) -> None:
    bare_site.pages["/"] = "<p>first</p><!--recorder-->"
    bare_site.pages["/pay"] = lambda request: Answer(request.body[::-1], 500, "text/plain")
    page.goto(f"{bare_site.origin}/")
    response = page.evaluate(
        "fetch('/pay?n=1', {method: 'POST', body: 'abc'})"
        ".then(async (answer) => [answer.status, await answer.text()])"
    )

    assert response == [500, "cba"]
    requests = [(request.method, request.url, request.body) for request in bare_site.requests]
    assert requests == [("GET", "/", b""), ("POST", "/pay?n=1", b"abc")]
    answer = page.request.get(f"{bare_site.other_origin}/nothing")
    assert answer.status == 404
