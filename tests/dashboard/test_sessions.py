"""The list of sessions: what is asked for stands in the address, and what comes, in the rows."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.desk import SHOP, Desk

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "'\"><b>bold</b>",
    "\u202egpj.exe",
    "{{7*7}}",
)


def names(tab: Page) -> list[str]:
    return tab.locator("td.who a").all_inner_texts()


def test_filter_url_reproduces_the_same_list(desk: Desk) -> None:
    website = desk.website()
    desk.visit(website, user="broken", errors=("x is undefined",))
    desk.visit(website, user="well", url=f"{SHOP}/cart")
    tab = desk.open(website)
    expect(tab.locator("td.who a")).to_have_count(2)

    tab.get_by_role("button", name="Errors").click()
    expect(tab.locator("td.who a")).to_have_text(["broken"])
    assert tab.url == f"{desk.url}/sessions?hasErrors=true"
    tab.reload()
    expect(tab.locator("td.who a")).to_have_text(["broken"])
    tab.get_by_label("Page address contains").fill("/nowhere")
    tab.get_by_label("Page address contains").press("Enter")
    expect(tab.get_by_role("heading", name="No session matches")).to_be_visible()
    tab.go_back()
    expect(tab.locator("td.who a")).to_have_text(["broken"])
    tab.get_by_role("button", name="Clear filters").click()

    expect(tab.locator("td.who a")).to_have_count(2)
    assert tab.url == f"{desk.url}/sessions"


def test_every_other_filter_reaches_the_request(desk: Desk) -> None:
    website = desk.website()
    session_id = desk.visit(website, user="ada", errors=("x",))
    visitor = desk.lakeful.session(website).client.visitor_id
    tab = desk.open(website)
    tab.get_by_role("button", name="More filters").click()
    for label, value in (
        ("User", "ada"),
        ("Visitor", visitor),
        ("At least, s", "5"),
        ("At most, s", "60"),
        ("Pages, at least", "1"),
        ("From day", "2026-01-01"),
    ):
        field = tab.get_by_label(label, exact=True)
        field.fill(value)
        field.press("Enter")
    tab.get_by_label("desktop").check()

    expect(tab.get_by_label("Filters").get_by_role("listitem")).to_have_count(8)  # and Clear
    expect(tab.locator(f"#row-{session_id}")).to_be_visible()
    tab.get_by_label("rage click").check()
    expect(tab.get_by_role("heading", name="No session matches")).to_be_visible()


def test_typed_text_survives_a_list_refresh(desk: Desk) -> None:
    website = desk.website()
    desk.visit(website, user="ada", ago_ms=3_600_000)
    tab = desk.open(website)
    tab.get_by_role("button", name="More filters").click()
    field = tab.get_by_label("User", exact=True)
    field.fill("gra")

    desk.visit(website, user="grace")

    expect(tab.locator("td.who a")).to_have_text(["grace", "ada"])
    expect(field).to_have_value("gra")


def test_invalid_filter_url_names_the_mistake_and_a_way_on(desk: Desk) -> None:
    tab = desk.open(desk.website(), "/sessions?minPages=many")

    expect(tab.get_by_role("alert")).to_contain_text("minPages")
    tab.get_by_role("alert").get_by_role("button", name="Clear filters").click()
    expect(tab.get_by_role("heading", name="No sessions yet")).to_be_visible()


def test_keys_move_open_and_search(desk: Desk) -> None:
    website = desk.website()
    ids = [desk.visit(website, user=f"u{n}", ago_ms=n * 60_000 + 3_600_000) for n in range(3)]
    tab = desk.open(website)
    expect(tab.locator("td.who a")).to_have_text(["u0", "u1", "u2"])

    for key in ("j", "j", "j", "k", "Enter"):
        tab.keyboard.press(key)
    expect(tab).to_have_url(f"{desk.url}/sessions/{ids[1]}")
    tab.go_back()
    expect(tab.locator("td.who a")).to_have_count(3)
    tab.keyboard.press("?")
    expect(tab.get_by_role("dialog")).to_contain_text("next and previous row")
    tab.keyboard.press("Escape")
    tab.keyboard.press("/")
    expect(tab.get_by_label("Page address contains")).to_be_focused()
    tab.keyboard.type("jk?/")

    expect(tab.get_by_label("Page address contains")).to_have_value("jk?/")
    expect(tab.get_by_role("dialog")).to_have_count(0)


def test_new_session_appears_and_grows_without_reload(desk: Desk) -> None:
    website = desk.website()
    tab = desk.open(website)
    expect(tab.get_by_role("heading", name="No sessions yet")).to_be_visible()

    desk.visit(website, user="ada", ago_ms=1_000)

    expect(tab.locator("td.who a")).to_have_text(["ada"])
    expect(tab.locator("td.who .live")).to_have_text("Live")


def test_long_list_loads_more_while_scrolling(desk: Desk) -> None:
    website = desk.website()
    for n in range(55):
        desk.visit(website, user=f"u{n:02}", ago_ms=3_600_000 + n * 1_000)
    tab = desk.open(website)
    expect(tab.get_by_text("55 sessions")).to_be_visible()

    tab.keyboard.press("End")

    expect(tab.locator("td.who a")).to_have_count(55)
    assert names(tab) == [f"u{n:02}" for n in range(55)]


def test_website_without_recordings_shows_setup_steps(desk: Desk) -> None:
    off = desk.website(enable_session_replay=False)
    tab = desk.open(off)

    expect(tab.get_by_role("heading", name="Recording is off")).to_be_visible()
    expect(tab.locator("pre")).to_contain_text(f"website set {off.website_id} enable_session_re")


def test_saved_view_is_listed_and_opens(desk: Desk) -> None:
    website = desk.website()
    desk.visit(website, user="broken", errors=("x is undefined",))
    desk.visit(website, user="well")
    tab = desk.open(website, "/sessions?userId=well")
    views = tab.get_by_label("Saved views")

    def save_as(name: str) -> None:
        tab.get_by_role("button", name="Save this view").click()
        expect(views).to_contain_text("Kept in this browser only.")
        tab.get_by_label("Name of this view").fill(name)
        tab.keyboard.press("Enter")

    save_as("Ours")
    tab.goto("/sessions?sort=errors&hasErrors=true")
    save_as("<b>Trouble</b>")
    expect(views.get_by_role("link")).to_have_text(["Ours", "<b>Trouble</b>"])
    tab.get_by_role("button", name="Clear filters").click()
    expect(tab.locator("td.who a")).to_have_count(2)
    tab.reload()
    views.get_by_role("link", name="Trouble").click()
    expect(tab.locator("td.who a")).to_have_text(["broken"])
    expect(tab).to_have_url(f"{desk.url}/sessions?hasErrors=true&sort=errors")
    tab.get_by_role("button", name="Rename").click()
    tab.get_by_label("New name").fill("Errors")
    tab.keyboard.press("Enter")
    expect(views.get_by_role("link")).to_have_text(["Ours", "Errors"])

    # What names a user does not wait for the next reader.
    tab.get_by_role("button", name="Sign out").click()
    tab.get_by_label("API key").fill(desk.lakeful.key(website))
    tab.keyboard.press("Enter")
    expect(views.get_by_role("link")).to_have_text(["Errors"])
    assert "well" not in tab.evaluate("JSON.stringify({...localStorage})")
    tab.get_by_role("button", name="Delete").click()
    expect(views.get_by_role("link")).to_have_count(0)
    stored_names = tab.evaluate("Object.keys(localStorage)")
    assert not [name for name in stored_names if name.startswith("replaylake.views")]


@pytest.mark.attack(26, 27, 30)
def test_hostile_texts_render_as_text(desk: Desk) -> None:
    website = desk.website()
    for text in HOSTILE:
        desk.visit(website, user=text, url=f"javascript:alert(1)//{text}", errors=(text,))
    tab = desk.open(website)
    expect(tab.locator("td.who a")).to_have_count(len(HOSTILE))

    assert sorted(names(tab)) == sorted(HOSTILE)
    assert tab.locator("main").locator("img, script, b").count() == 0
    links = tab.locator("main a").evaluate_all("all => all.map(one => one.href)")
    assert all(re.match(rf"{desk.url}/sessions/[0-9a-f-]+$", link) for link in links)
    assert tab.locator("bdi").count() >= len(HOSTILE)


@pytest.mark.attack(28)
def test_exported_list_contains_no_formula(desk: Desk, tmp_path: Path) -> None:
    website = desk.website()
    for user in ("=HYPERLINK(1)", "+1", "@x", "-1", 'a "quoted", name'):
        desk.visit(website, user=user)
    tab = desk.open(website)
    expect(tab.locator("td.who a")).to_have_count(5)

    with tab.expect_download() as download:
        tab.get_by_role("button", name="CSV").click()
    download.value.save_as(tmp_path / "saved.csv")

    with (tmp_path / "saved.csv").open(newline="") as saved:
        lines = list(csv.DictReader(saved))
    assert sorted(line["user"] for line in lines) == sorted(
        ["'=HYPERLINK(1)", "'+1", "'@x", "'-1", 'a "quoted", name']
    )
    assert {line["pages"] for line in lines} == {"1"}
