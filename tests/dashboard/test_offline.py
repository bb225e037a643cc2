"""A session saved as one page: it plays without any network, and is as harmless as ever."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.conftest import eventually
from tests.dashboard.desk import Desk
from tests.dashboard.elsewhere import elsewhere
from tests.dashboard.guarded import NODES, Guarded, hostile_session
from tests.dashboard.scenes import counting, element, moved, opened, text
from tests.dashboard.watching import TEXT, Viewer, ago, record
from tests.query_api.recorded import note, script_error


def test_saved_page_plays_without_network(desk: Desk, tmp_path: Path) -> None:
    began = ago(3_600_000)
    first = [
        *counting(began, 12),
        script_error(began + 12_100, "it </script> broke"),
        note(began + 12_200, "identify", id="ada@shop.example"),
    ]
    second = [
        *opened(began + 15_000, element(6, "p", text(7, "the second page"))),
        moved(began + 18_000),
    ]
    session = record(desk, first, second)
    viewer = Viewer(desk)
    viewer.watch(session)
    viewer.tab.get_by_title("Save this session").click()
    with viewer.tab.expect_download() as download:
        viewer.tab.get_by_role("link", name="A page that plays it").click()
    assert download.value.suggested_filename == f"{session.session_id}.html"
    saved = tmp_path / "saved.html"
    download.value.save_as(saved)

    context = desk.browser.new_context(offline=True)
    requested: list[str] = []
    context.on("request", lambda request: requested.append(request.url))
    tab = context.new_page()
    for at, wanted in ((0, "second"), (9, "second 9"), (16, "the second page"), (2, "second 2")):
        tab.goto(f"{saved.as_uri()}?t={at}")
        eventually(lambda: wanted in str(tab.evaluate(TEXT)))  # noqa: B023 - asked at once
    tab.keyboard.press("n")
    eventually(lambda: "second 10" in str(tab.evaluate(TEXT)))
    expect(tab.get_by_text("it </script> broke").first).to_be_visible()
    for title in ("Save this session", "Share this session", "Delete this session"):
        expect(tab.get_by_title(title)).to_have_count(0)

    assert {url.partition("?")[0] for url in requested} == {saved.as_uri()}
    assert "ada@" not in tab.content()
    policy = re.findall(r'Content-Security-Policy" content="([^"]+)"', saved.read_text())
    assert re.fullmatch(
        r"default-src 'none'; script-src 'sha256-[\w+/=]{44}'; style-src 'unsafe-inline'; "
        r"img-src data: blob:; font-src data:; media-src data: blob:; connect-src 'none'; "
        r"frame-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'",
        policy[0],
    )


def test_hostile_session_is_harmless_in_a_saved_page(desk: Desk, tmp_path: Path) -> None:
    with elsewhere() as there:
        session = hostile_session(desk, there, *NODES)
        viewer = Viewer(desk)
        answer = viewer.tab.request.get(f"/api/replay/{session.session_id}/offline")
        saved = tmp_path / "saved.html"
        saved.write_bytes(answer.body())
        guarded = Guarded(desk.browser.new_context().new_page(), saved.as_uri(), there)

        guarded.plays_to_the_end(saved.as_uri())

        guarded.is_unharmed()
        assert guarded.refused == []
    # Opened where the dashboard is, it is saved, and would run nothing if it were not.
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert "script-src 'self';" in answer.headers["content-security-policy"]
