"""Insights over many sessions, and links from them to single sessions."""

from playwright.sync_api import expect

from lake import ids
from lake.tables.daily_summary import summarise_day
from tests.dashboard.desk import SHOP, Desk


def test_most_frustrating_page_links_to_its_sessions(desk: Desk) -> None:
    website = desk.website()
    angry = desk.visit(website, user="angry", url=f"{SHOP}/cart?a=b", rages_at_ms=9_000)
    desk.visit(website, user="calm", url=f"{SHOP}/cart")
    desk.lakeful.compact(ids.day_of(angry))
    tab = desk.open(website, "/frustration")
    row = tab.locator("table.frustration tbody tr")

    expect(row.get_by_role("link", name="/cart", exact=True)).to_be_visible()
    heat = row.get_by_role("link", name="Heatmap of /cart").get_attribute("href")
    assert heat == "/heatmap?url=https%3A%2F%2Fshop.example%2Fcart"
    expect(row).to_contain_text("rage click 1")
    expect(row).to_contain_text("50 % of those who saw it")
    example = row.get_by_role("link", name="Session 1").get_attribute("href")
    assert example == f"/sessions/{angry}?t=4"
    row.get_by_role("link", name="/cart", exact=True).click()
    expect(tab.locator("td.who a")).to_have_text(["angry"])
    tab.go_back()
    tab.get_by_role("button", name="Signals").click()
    tab.locator("table.frustration").get_by_role("link", name="rage click").click()

    expect(tab.locator("td.who a")).to_have_text(["angry"])
    assert "signal=rage_click" in tab.url


def test_daily_summary_shows_figures(desk: Desk) -> None:
    website = desk.website()
    sessions = [desk.visit(website, errors=("x",) * number, ago_ms=9_000) for number in (0, 1)]
    days = {ids.day_of(session_id) for session_id in sessions}
    desk.lakeful.compact(*days)
    for day in days:
        summarise_day(desk.lakeful.store, day)
    tab = desk.open(website, "/overview")

    expect(tab.locator(".figures dd")).to_have_text(["2", "2", "50 %", "0 %"])
    expect(tab.locator("canvas")).to_have_count(2)
    worth = tab.locator(".worth a[data-ready=true]")
    expect(worth).to_have_text(["1 error"])
    assert worth.get_attribute("href") == f"/sessions/{sessions[1]}?t=4"


def test_lake_without_data_shows_empty_states(desk: Desk) -> None:
    tab = desk.open(desk.website(), "/frustration")
    expect(tab.get_by_role("heading", name="Nothing frustrates")).to_be_visible()

    tab.goto("/overview")

    expect(tab.get_by_role("heading", name="No days yet")).to_be_visible()
