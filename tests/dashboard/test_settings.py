"""The settings: changed, read only, refused; keys, erasures, the log, and the first event."""

import re

import httpx
from playwright.sync_api import Page, expect

from lake.control import audit_entries, websites
from lake.control.websites import Website
from lake.erasure import execute_pending_requests
from tests.dashboard.desk import INGEST, SHOP, Desk, now_ms


def stored(desk: Desk, website: Website) -> Website:
    return websites.get(desk.lakeful.store, website.website_id)


def part(tab: Page, name: str) -> None:
    tab.get_by_label("Settings", exact=True).get_by_role("link", name=name).click()


def test_unsaved_changes_stay_visible_until_saved_or_discarded(desk: Desk) -> None:
    website = desk.website(name="Northwind")
    tab = desk.open(website, "/settings", role="admin")
    unsaved = tab.get_by_text("Not saved:")

    tab.get_by_label("All", exact=True).check()
    tab.get_by_label("Share of sessions").fill("12.5")
    tab.get_by_label("Rage clicks").uncheck()
    part(tab, "Privacy")
    tab.get_by_label("Record only after consent").check()
    part(tab, "Website and plan")
    tab.get_by_label("Name").fill("Southwind")
    expect(tab.get_by_role("strong").filter(has_text="60 days")).to_be_visible()
    tab.get_by_role("link", name="Sessions").click()
    expect(tab.get_by_role("link", name="Settings unsaved changes")).to_be_visible()
    tab.reload()
    tab.get_by_role("link", name="Settings unsaved changes").click()
    expect(unsaved.locator("..")).to_have_text(
        "Not saved: Mode, Share of sessions, Rage clicks, Record only after consent, Name"
    )
    assert stored(desk, website) == website
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Saved. Recorders follow")).to_be_visible()

    expect(tab.get_by_text("Southwind", exact=True)).to_be_visible()
    after = stored(desk, website)
    assert after.feature_flags.session_replay_trigger == "all"
    assert after.feature_flags.replay_sampling_rate == 0.125
    assert (after.smart.rage_clicks, after.smart.dead_clicks) == (False, True)
    assert (after.privacy.require_consent, after.name) == (True, "Southwind")
    tab.get_by_label("Dead clicks").uncheck()
    tab.get_by_role("button", name="Discard").click()
    expect(unsaved).to_have_count(0)
    expect(tab.get_by_label("Dead clicks")).to_be_checked()
    tab.reload()
    expect(tab.get_by_label("Share of sessions")).to_have_value("12.5")
    expect(unsaved).to_have_count(0)
    assert stored(desk, website) == after


def test_rejected_value_is_shown_at_its_field_nothing_saved(desk: Desk) -> None:
    website = desk.website()
    tab = desk.open(website, "/settings/website", role="admin")
    origins = tab.get_by_label("Origins that may record")
    origins.fill(f"{SHOP}\nhttps://shop.example/path")
    part(tab, "Recording")
    tab.get_by_label("Pages, at least").fill("0")
    tab.get_by_role("button", name="Save").click()

    expect(tab.get_by_label("Pages, at least")).to_be_focused()
    expect(tab.locator("#says-pages_min")).to_contain_text("give a whole number from 1")
    tab.get_by_label("Pages, at least").fill("3")
    tab.keyboard.press("Enter")
    expect(origins).to_be_focused()
    expect(origins).to_have_attribute("aria-invalid", "true")
    expect(tab.locator("#says-origins")).to_contain_text("give what a browser sends")
    assert tab.url == f"{desk.url}/settings/website"
    assert stored(desk, website) == website
    origins.fill(f" {SHOP.upper()}/ \nhttp://localhost:3000")
    expect(tab.locator("#says-origins")).to_be_empty()
    tab.get_by_role("button", name="Save").click()

    expect(tab.get_by_text("Saved. Recorders follow")).to_be_visible()
    expect(origins).to_have_value(f"{SHOP}\nhttp://localhost:3000")
    assert stored(desk, website).origins == (SHOP, "http://localhost:3000")
    assert stored(desk, website).smart.pages_min == 3


def test_viewer_sees_read_only_settings_with_the_reason(desk: Desk) -> None:
    website = desk.website(replay_sampling_rate=0.25)
    tab = desk.open(website, "/settings")

    expect(tab.get_by_text("Your key may look (viewer)")).to_be_visible()
    expect(tab.get_by_label("Share of sessions")).to_have_value("25")
    expect(tab.locator("main :is(input, textarea):enabled")).to_have_count(0)
    for name in ("Keys", "Audit log"):
        part(tab, name)
        expect(tab.get_by_text("is shown to admins only")).to_be_visible()
    part(tab, "Erasure")
    expect(tab.get_by_text("Only keys with the role admin erase.")).to_be_visible()
    expect(tab.locator("main").get_by_role("textbox")).to_have_count(0)
    assert not [
        url for url in desk.requested if re.search(r"/(keys|audit)\b", url.split("/api/")[-1])
    ]


def test_created_key_is_shown_once_and_can_be_revoked(desk: Desk) -> None:
    website = desk.website()
    sessions = f"{desk.url}/api/websites/{website.website_id}/sessions"
    tab = desk.open(website, "/settings/keys", role="admin")
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])

    def status_of(key: str) -> int:
        return httpx.get(sessions, headers={"authorization": f"Bearer {key}"}).status_code

    tab.get_by_role("button", name="Make a key").click()
    tab.get_by_role("button", name="Copy: New key").click()
    expect(tab.get_by_text("Copied")).to_be_visible()
    key = tab.evaluate("navigator.clipboard.readText()")
    key_id = key.split("_")[1]
    assert status_of(key) == 200
    tab.get_by_role("button", name="Done").click()
    assert key not in tab.content()
    row = tab.get_by_role("row").filter(has_text=key_id)
    expect(row).to_contain_text("viewer")

    row.get_by_role("button", name="Revoke").click()
    tab.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert status_of(key) == 200
    row.get_by_role("button", name="Revoke").click()
    tab.get_by_role("dialog").get_by_role("button", name="Revoke it").click()
    expect(tab.get_by_text("1 revoked key")).to_be_visible()
    assert status_of(key) == 401
    own = tab.get_by_role("row").filter(has_text="the one you are signed in with")
    own.get_by_role("button", name="Revoke").click()
    expect(tab.get_by_role("dialog")).to_contain_text("will be signed out")
    tab.get_by_role("dialog").get_by_role("button", name="Revoke it").click()

    expect(tab.get_by_label("API key")).to_be_visible()


def test_erasure_shows_a_preview_and_a_receipt(desk: Desk) -> None:
    website = desk.website()
    for user in ("ada", "ada", "grace"):
        desk.visit(website, user=user)
    tab = desk.open(website, "/settings/erasure", role="admin")
    receipts = tab.get_by_label("Receipts").get_by_role("listitem")

    def look(by: str, text: str) -> None:
        tab.get_by_label("Erase by").select_option(by)
        tab.get_by_label(by).fill(text)
        tab.keyboard.press("Enter")

    look("Session ids", "no-session")
    tab.get_by_role("dialog").get_by_role("button", name="Erase for ever").click()
    expect(tab.get_by_role("dialog").get_by_role("alert")).to_contain_text("session")
    tab.keyboard.press("Escape")
    look("User id", "ada")
    expect(tab.get_by_role("dialog")).to_contain_text("2 sessions listed of this user")
    expect(receipts).to_have_count(0)
    tab.get_by_role("dialog").get_by_role("button", name="Erase for ever").click()
    expect(receipts).to_contain_text("Nobody sees the 2 sessions any more.")
    execute_pending_requests(
        desk.lakeful.store, desk.lakeful.settings, now_ms=now_ms, sleep=lambda _: None
    )

    expect(receipts).to_contain_text("Gone: 2 sessions")
    assert "ada" not in receipts.inner_text()
    tab.get_by_role("link", name="Sessions").click()
    expect(tab.locator("td.who a")).to_have_text(["grace"])


def test_audit_log_lists_actor_and_action_page_by_page(desk: Desk) -> None:
    website = desk.website(replay_sampling_rate=0.5)
    session_id = desk.visit(website)
    entries = [
        audit_entries.entry(
            website.website_id, "cli", "replay-viewed", session_id, now_ms=now_ms() + n
        )
        for n in range(60)
    ]
    audit_entries.write(desk.lakeful.store, entries)
    tab = desk.open(website, "/settings/audit", role="admin")
    rows = tab.locator("tbody tr")

    expect(rows).to_have_count(50)
    expect(rows.first).to_contain_text("the command line")
    link = rows.first.get_by_role("link").get_attribute("href")
    assert link == f"/sessions/{session_id}"
    tab.get_by_role("button", name="Show older ones").click()

    expect(rows).to_have_count(61)
    expect(rows.last).to_contain_text("changed settings")
    expect(rows.last).to_contain_text("Share of sessions: 50 %")
    expect(tab.get_by_role("button", name="Show older ones")).to_have_count(0)


def test_script_tag_can_be_copied_and_first_event_is_shown(desk: Desk) -> None:
    website = desk.website(origins=[SHOP], require_consent=True)
    tab = desk.open(website)
    tag = f'<script async src="{INGEST}/r.js" data-website="{website.website_id}"></script>'
    expect(tab.locator("pre").first).to_have_text(tag)
    tab.get_by_text("Nothing comes?").click()
    checks = tab.get_by_label("What the settings say").get_by_role("listitem")
    expect(checks).to_have_count(5)
    expect(tab.get_by_text("replaylake.status()")).to_be_visible()
    expect(tab.get_by_text("?replaylake_debug=1")).to_be_visible()

    tab.goto("/settings/install")
    expect(tab.locator("pre")).to_have_text([tag, f"script-src {INGEST}; connect-src {INGEST}"])
    expect(tab.get_by_text("Waiting for the first event.")).to_be_visible()
    expect(checks.nth(2)).to_contain_text(f"Pages of {SHOP} may record")
    expect(checks.nth(3)).to_contain_text('replaylake.trigger("test")')
    expect(checks.nth(4)).to_contain_text("replaylake.consent(true)")
    session_id = desk.visit(website, ago_ms=2_000, url=f"{SHOP}/cart")

    status = tab.locator("main").get_by_role("status")
    expect(status).to_contain_text("The first event has arrived.")
    expect(status).to_contain_text("on /cart")
    status.get_by_role("link", name="Watch it").click()
    expect(tab).to_have_url(f"{desk.url}/sessions/{session_id}")
