"""From an error to the moment where it happened."""

from playwright.sync_api import expect

from lake import ids
from tests.dashboard.desk import Desk


def test_error_links_to_its_session_seconds_before(desk: Desk) -> None:
    website = desk.website()
    session_id = desk.visit(website, errors=("Cannot read <b>price</b>",))
    desk.visit(website, errors=("Cannot read <b>price</b>",))
    desk.lakeful.compact(ids.day_of(session_id))
    tab = desk.open(website, "/errors")
    row = tab.locator("table.errors tbody tr")

    expect(row.get_by_role("link")).to_have_text("Cannot read <b>price</b>")
    expect(row.locator("td.number")).to_have_text(["2", "2", "1"])
    row.get_by_role("link").click()
    expect(tab.locator("pre").first).to_contain_text("cart.js:1:2")
    expect(tab.get_by_role("link", name="View session")).to_have_count(2)
    expect(tab.get_by_role("img", name="2 errors in 30 days")).to_be_visible()
    tab.get_by_role("link", name="View session").last.click()

    # The error came 9 s after the start.
    expect(tab).to_have_url(f"{desk.url}/sessions/{session_id}?t=4")


def test_unknown_error_shows_not_found(desk: Desk) -> None:
    tab = desk.open(desk.website(), "/errors/none")

    expect(tab.get_by_role("heading", name="This error is not there")).to_be_visible()


def test_empty_error_list_shows_a_message(desk: Desk) -> None:
    tab = desk.open(desk.website(), "/errors")

    expect(tab.get_by_role("heading", name="No errors")).to_be_visible()
