"""axe finds nothing on the pages, in both colour schemes, on screens wide and narrow."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from lake import ids
from lake.tables.daily_summary import summarise_day
from tests.dashboard.desk import SHOP, Desk

_AXE = Path(__file__).parents[2] / "query_api/dashboard/node_modules/axe-core/axe.min.js"


def findings(tab: Page) -> list[str]:
    tab.evaluate(_AXE.read_text())
    report: dict[str, Any] = tab.evaluate("axe.run()")
    return [
        f"{violation['id']}: {node['html'][:200]} {node.get('failureSummary')}"
        for violation in report["violations"]
        for node in violation["nodes"][:1]
    ]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_axe_reports_no_violation(desk: Desk, scheme: str, width: int) -> None:
    website = desk.website()
    desk.visit(website, user="ada", errors=("x is undefined",))
    desk.visit(website, ago_ms=500, url=f"{SHOP}/cart?utm_source=mail")
    tab = desk.open(website, "/sessions?minPages=1", color_scheme=scheme, width=width)
    expect(tab.locator("td.who a")).to_have_count(2)
    tab.keyboard.press("j")
    tab.get_by_role("button", name="More filters").click()

    assert findings(tab) == []
    tab.keyboard.press("?")
    assert findings(tab) == []
    tab.keyboard.press("Escape")
    tab.get_by_role("button", name="Sign out").click()
    tab.get_by_label("API key").wait_for()
    assert findings(tab) == []


@pytest.mark.sample(1)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_reports_no_violation_in_settings(desk: Desk, scheme: str, width: int) -> None:
    website = desk.website(session_replay_trigger="smart")
    tab = desk.open(website, "/settings", role="admin", color_scheme=scheme, width=width)
    tab.get_by_label("Share of sessions").fill("none")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Give a number from 0 to 100.")).to_be_visible()

    assert findings(tab) == []
    for part, shown in (
        ("privacy", "Hide e-mail addresses"),
        ("website", "Sessions are kept for"),
        ("install", "replaylake.status()"),
        ("keys", "the one you are signed in with"),
        ("audit", "changed settings"),
        ("erasure", "Nothing was erased yet."),
    ):
        tab.goto(f"/settings/{part}")
        expect(tab.get_by_text(shown).first).to_be_visible()
        assert findings(tab) == [], part
    tab.get_by_label("User id").fill("ada")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("dialog")).to_be_visible()
    assert findings(tab) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_reports_no_violation_in_insights(desk: Desk, scheme: str) -> None:
    website = desk.website()
    session_id = desk.visit(website, errors=("x is undefined",), rages_at_ms=4_000)
    desk.lakeful.compact(ids.day_of(session_id))
    summarise_day(desk.lakeful.store, ids.day_of(session_id))
    tab = desk.open(website, "/errors", color_scheme=scheme)
    for path, shown in (
        ("/errors", "tbody a"),
        ("/frustration", "tbody a"),
        ("/heatmap", ".heat-side"),
        ("/overview", "dl"),
    ):
        tab.goto(path)
        tab.locator(shown).first.wait_for()

        assert findings(tab) == [], path
    tab.goto("/errors")
    tab.locator("tbody a").click()
    tab.get_by_role("link", name="View session").wait_for()
    assert findings(tab) == []
