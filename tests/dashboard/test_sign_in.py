"""Sign-in and sign-out, and the secrecy of the key."""

from playwright.sync_api import expect

from lake.control import api_keys
from tests.dashboard.desk import Desk, now_ms


def test_typed_key_signs_in_and_out(desk: Desk) -> None:
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


def test_link_signs_in_without_exposing_its_key(desk: Desk) -> None:
    key = desk.lakeful.key(desk.website())

    tab = desk.sit_down(f"/sessions?live=true#key={key}")
    tab.get_by_role("navigation").wait_for()

    assert tab.url == f"{desk.url}/sessions?live=true"
    assert not [url for url in desk.requested if key in url]
    said = "document.cookie + JSON.stringify([{...localStorage}, {...sessionStorage}])"
    assert key not in tab.evaluate(f"{said} + document.documentElement.outerHTML")


def test_unreachable_service_is_retried(desk: Desk) -> None:
    tab = desk.open(desk.website())
    tab.add_init_script("localStorage.clear()")  # only the cookie identifies the browser
    tab.route("**/api/me", lambda route: route.abort())
    tab.reload()
    expect(tab.get_by_role("alert")).to_have_text("The server cannot be reached.")
    with tab.expect_event("requestfailed"):
        tab.get_by_role("button", name="Try again").click()
    expect(tab.get_by_role("alert")).to_have_text("The server cannot be reached.")

    tab.unroute("**/api/me")
    tab.get_by_role("button", name="Try again").click()

    expect(tab.get_by_role("heading", name="Sessions", exact=True)).to_be_visible()


def test_revoked_key_leads_back_to_sign_in(desk: Desk) -> None:
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


def test_lake_wide_key_switches_between_websites(desk: Desk) -> None:
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
