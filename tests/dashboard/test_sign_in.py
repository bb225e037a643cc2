"""Who comes in, how the key stays a secret, and the way out."""

from playwright.sync_api import expect

from lake.control import api_keys
from tests.dashboard.desk import Desk, now_ms


def test_who_types_a_key_is_in_and_out_again(desk: Desk) -> None:
    website = desk.website(name="Northwind")
    tab = desk.sit_down()
    field = tab.get_by_label("API key")

    field.fill("rl_nonsense")
    field.press("Enter")
    expect(tab.get_by_role("alert")).to_have_text("This is no API key: one begins with rl_.")
    field.fill(desk.lakeful.key(website))
    field.press("Enter")
    expect(tab.get_by_text("Northwind", exact=True)).to_be_visible()
    tab.reload()
    expect(tab.get_by_role("heading", name="Sessions", exact=True)).to_be_visible()
    tab.get_by_role("button", name="Sign out").click()

    expect(field).to_be_visible()
    assert tab.context.cookies() == []


def test_a_link_signs_in_and_its_key_is_nowhere_to_be_read(desk: Desk) -> None:
    key = desk.lakeful.key(desk.website())

    tab = desk.sit_down(f"/sessions?live=true#key={key}")
    tab.get_by_role("navigation").wait_for()

    assert tab.url == f"{desk.url}/sessions?live=true"
    assert not [url for url in desk.requested if key in url]
    said = "document.cookie + JSON.stringify([{...localStorage}, {...sessionStorage}])"
    assert key not in tab.evaluate(f"{said} + document.documentElement.outerHTML")


def test_a_service_that_cannot_be_reached_is_asked_again(desk: Desk) -> None:
    tab = desk.open(desk.website())
    tab.add_init_script("localStorage.clear()")  # nothing but the cookie tells who it is
    tab.route("**/api/me", lambda route: route.abort())
    tab.reload()
    expect(tab.get_by_role("alert")).to_have_text("The server cannot be reached.")
    with tab.expect_event("requestfailed"):
        tab.get_by_role("button", name="Try again").click()
    expect(tab.get_by_role("alert")).to_have_text("The server cannot be reached.")

    tab.unroute("**/api/me")
    tab.get_by_role("button", name="Try again").click()

    expect(tab.get_by_role("heading", name="Sessions", exact=True)).to_be_visible()


def test_a_key_that_ended_leads_back_to_the_question_for_one(desk: Desk) -> None:
    website = desk.website()
    desk.visit(website)
    tab = desk.open(website)
    expect(tab.locator("td.who a")).to_have_count(1)
    tab.context.clear_cookies()  # as good as a revoked key, and quicker

    tab.get_by_role("button", name="Live").click()

    expect(tab.get_by_label("API key")).to_be_visible()
    tab.reload()  # what was remembered opens nothing
    expect(tab.get_by_label("API key")).to_be_visible()
    assert tab.evaluate("localStorage.getItem('replaylake.me')") is None


def test_a_key_of_all_websites_switches_between_them(desk: Desk) -> None:
    mine, other = desk.website(name="Mine"), desk.website(name="Other")
    desk.visit(mine, user="ada")
    desk.visit(other, user="grace")
    key = api_keys.create(
        desk.lakeful.store, website_id=api_keys.ALL_WEBSITES, role="viewer", now_ms=now_ms()
    )
    tab = desk.sit_down(f"/sessions?website={mine.website_id}#key={key}")

    expect(tab.get_by_role("link", name="ada")).to_be_visible()
    tab.get_by_label("Website").select_option("Other")

    expect(tab.get_by_role("link", name="grace")).to_be_visible()
    expect(tab.get_by_role("link", name="ada")).to_have_count(0)
    assert f"website={other.website_id}" in tab.url
