"""The player in a real browser: what it shows, and its keys. Hostile pages: `test_attacks.py`."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.conftest import eventually
from tests.dashboard.desk import Desk
from tests.dashboard.scenes import counting, element, moved, opened, text, wrote
from tests.dashboard.watching import TEXT, Viewer, ago, record
from tests.query_api.recorded import Event, note, recording, script_error

KANBAN = "kanban_js_errors.json.zst"


@pytest.fixture
def viewer(desk: Desk) -> Viewer:
    return Viewer(desk)


def test_session_plays_to_its_end_by_itself(desk: Desk, viewer: Viewer) -> None:
    events = recording(KANBAN)
    shift = ago(3_600_000) - events[0]["timestamp"]
    session = record(desk, [event | {"timestamp": event["timestamp"] + shift} for event in events])

    viewer.watch(session)
    viewer.tab.get_by_role("button", name="8×").click()
    viewer.tab.wait_for_selector(".player-play[title^=Play]")

    assert viewer.at_s() == round((events[-1]["timestamp"] - events[0]["timestamp"]) / 1000)
    assert len(str(viewer.tab.evaluate(TEXT))) > 100
    expect(viewer.tab.locator(".player-mark[data-kind=error]").first).to_be_visible()


def test_keyboard_shortcuts_act_as_documented(desk: Desk, viewer: Viewer) -> None:
    began = ago(3_600_000)
    events = counting(began, 40)
    session = record(
        desk,
        sorted(
            [*events, script_error(began + 20_200, "it broke")],
            key=lambda event: event["timestamp"],
        ),
    )
    viewer.watch(session, "?t=10")
    viewer.shows("second 10")
    press = viewer.press

    press("ArrowRight")
    viewer.shows("second 15")
    press("ArrowLeft")
    viewer.shows("second 10")
    press(".")  # the mouse
    press(".")
    viewer.shows("second 11")
    press(",")
    press(",")
    viewer.shows("second 10")
    press("n")
    viewer.shows("second 18")
    expect(viewer.tab.locator(".player-error")).to_contain_text("it broke")
    press("p")
    viewer.shows("second 0")
    press("4")
    expect(viewer.tab.locator(".player-speed[aria-pressed=true]")).to_have_text("4×")
    press(" ")
    viewer.tab.wait_for_selector(".player-play[title^=Pause]")
    press(" ")
    viewer.tab.wait_for_selector(".player-play[title^=Play]")
    press("?")
    eventually(lambda: viewer.tab.get_by_role("dialog").inner_text().count("\n") > 8)
    press("Escape")
    expect(viewer.tab.get_by_role("dialog")).to_have_count(0)


def test_inactivity_is_skipped_unless_switched_off(desk: Desk, viewer: Viewer) -> None:
    began = ago(7_200_000)
    events = [
        *counting(began, 3),
        moved(began + 3_600_000),
        wrote(began + 3_600_100, 7, "back again"),
    ]
    session = record(desk, events)

    viewer.watch(session)

    viewer.shows("back again")  # an hour, in less than the time that a test may wait
    viewer.tab.wait_for_selector(".player-play[title^=Play]")
    viewer.press("s")
    expect(viewer.tab.get_by_label("Skip inactivity")).not_to_be_checked()
    viewer.press(" ")  # from the beginning, since it has ended
    eventually(lambda: viewer.at_s() >= 7)
    assert viewer.at_s() < 60
    viewer.press("s")
    expect(viewer.tab.get_by_label("Skip inactivity")).to_be_checked()
    viewer.shows("back again")


def test_player_controls_act_as_labelled(desk: Desk, viewer: Viewer) -> None:
    began = ago(3_600_000)
    broke = script_error(began + 20_200, "it broke")
    events = sorted([*counting(began, 40), broke], key=lambda event: event["timestamp"])
    viewer.watch(record(desk, events), "?t=10")
    viewer.shows("second 10")
    tab = viewer.tab
    pressed = tab.locator(".player-speed[aria-pressed=true]")

    for speed in ("2", "4", "1"):
        viewer.press(speed)
        expect(pressed).to_have_text(f"{speed}×")
    for label in ("0.5×", "8×", "2×"):
        tab.get_by_role("button", name=label, exact=True).click()
        expect(pressed).to_have_text(label)
    filled = "document.fullscreenElement?.className ?? ''"
    presses: list[Callable[[], None]] = [
        lambda: viewer.press("f"),
        lambda: tab.get_by_title("Full screen").click(),
    ]
    for press in presses:
        press()
        eventually(lambda: tab.evaluate(filled) == "player")
        viewer.press("F")
        eventually(lambda: tab.evaluate(filled) == "")
    tab.get_by_title("Next marker").click()
    viewer.shows("second 18")
    tab.get_by_title("Previous marker").click()
    viewer.shows("second 0")
    tab.locator(".player-mark[data-kind=error]").first.click()
    viewer.shows("second 18")
    line = tab.get_by_role("slider").bounding_box()
    assert line
    tab.mouse.click(line["x"] + line["width"] * 0.75, line["y"] + line["height"] / 2)
    eventually(lambda: 29 <= viewer.at_s() <= 31)
    tab.get_by_title("Keys").click()
    expect(tab.get_by_role("dialog").locator("kbd")).to_have_text(
        ["Space", "←", "→", ",", ".", "P", "N", "1", "2", "4", "S", "F", "C", "?"]
    )
    viewer.press("ArrowRight")  # which is not the player's while a dialog is open
    viewer.press("Escape")
    expect(tab.get_by_role("dialog")).to_have_count(0)
    assert 29 <= viewer.at_s() <= 31


def test_player_shows_the_tab_with_the_latest_page_view(desk: Desk, viewer: Viewer) -> None:
    began = ago(3_600_000)
    second = [
        *opened(began + 10_000, element(6, "p", text(7, "the second"))),
        moved(began + 25_000),
    ]
    return_view = note(began + 20_000, "page", url="https://shop.example/again", title="Again")
    first = [*counting(began, 5), return_view, wrote(began + 20_500, 7, "the first again")]
    session = record(desk, first, second)

    for at, wanted in (
        (4, "second 4"),
        (12, "the second"),
        (24, "the first again"),
        (11, "the second"),
    ):
        viewer.watch(session, f"?t={at}")
        viewer.shows(wanted)


def test_truncated_answer_plays_its_part_and_shows_a_notice(desk: Desk, viewer: Viewer) -> None:
    session = record(desk, counting(ago(3_600_000), 30))

    def cut(route: Route) -> None:
        answer = route.fetch()
        half = answer.body()[: len(answer.body()) // 2]
        headers = {"x-event-count": answer.headers["x-event-count"]}
        route.fulfill(status=200, body=half, headers=headers)

    viewer.tab.route(lambda url: "/api/replay/" in url and "from_ms" in url, cut)
    viewer.watch(session, "?t=5")

    viewer.shows("second 5")
    viewer.tab.get_by_text("Part of this recording is damaged").wait_for()


def test_missing_chunks_are_shown_as_gaps(desk: Desk, viewer: Viewer) -> None:
    began = ago(3_600_000)
    session = desk.lakeful.session(began_ms=began)
    first, _, *rest = session.chunks(counting(began, 30), size=10)
    desk.lakeful.append([first, *rest])

    viewer.watch(session, "?t=28")

    viewer.shows("second 28")
    viewer.tab.get_by_text("A part of this page never arrived").wait_for()
    expect(viewer.tab.locator(".player-gap")).to_have_count(1)


def test_copied_link_points_at_the_current_moment(desk: Desk, viewer: Viewer) -> None:
    session = record(desk, counting(ago(3_600_000), 30))
    viewer.tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    viewer.watch(session, "?t=10")
    viewer.shows("second 10")

    viewer.press("ArrowRight")
    viewer.press("c")
    viewer.tab.get_by_text("Link to this moment copied").wait_for()

    copied = str(viewer.tab.evaluate("navigator.clipboard.readText()"))
    assert copied.endswith(f"/sessions/{session.session_id}?t=15")


def test_page_without_snapshot_shows_a_notice(desk: Desk, viewer: Viewer) -> None:
    began = ago(3_600_000)
    session = record(desk, [moved(began), moved(began + 500), script_error(began + 900)])

    viewer.watch(session)

    viewer.tab.get_by_text("No picture of this page arrived").wait_for()


def test_live_session_is_followed(desk: Desk, viewer: Viewer) -> None:
    began = ago(20_000)
    session = desk.lakeful.session(began_ms=began)
    desk.lakeful.append(session.chunks(counting(began, 12)))
    viewer.watch(session)
    viewer.shows("second")

    desk.lakeful.append(session.chunks([moved(began + 14_000), wrote(began + 14_100, 7, "and on")]))

    viewer.shows("and on")


def test_share_link_shows_the_session_without_a_key(desk: Desk, viewer: Viewer) -> None:
    session = record(desk, counting(ago(3_600_000), 8))
    viewer.watch(session)
    viewer.tab.get_by_title("Share this session").click()
    viewer.tab.get_by_role("button", name="Make the link").click()
    made = viewer.tab.get_by_label("Link", exact=True)
    expect(made).to_have_value(re.compile("/shared/"))

    stranger = desk.sit_down(f"{made.input_value()}?t=6")

    eventually(lambda: "second 6" in str(stranger.evaluate(TEXT)))
    assert stranger.get_by_title("Share this session").count() == 0
    assert stranger.get_by_title("Delete this session").count() == 0


def test_only_admins_can_delete_after_a_warning(desk: Desk, viewer: Viewer) -> None:
    session = record(desk, counting(ago(3_600_000), 8))
    other = Viewer(desk, "viewer")
    other.watch(session)
    other.shows("second")
    assert other.tab.get_by_title("Delete this session").count() == 0

    viewer.watch(session)
    viewer.tab.get_by_title("Delete this session").click()
    expect(viewer.tab.get_by_role("dialog")).to_contain_text("cannot be undone")
    viewer.tab.get_by_role("button", name="Delete for ever").click()

    eventually(lambda: viewer.tab.request.get(f"/api/replay/{session.session_id}").status == 404)


def test_masked_and_foreign_content_is_marked(desk: Desk, viewer: Viewer) -> None:
    began = ago(3_600_000)
    body = (
        element(6, "p", text(7, "*****")),
        element(8, "div", rr_width="50px", rr_height="20px"),
        element(9, "img", src="https://elsewhere.test/a.png"),
        element(10, "p", text(11, "plain")),
    )
    session = record(
        desk, [*opened(began, *body), moved(began + 2_000), note(began + 3_000, "page")]
    )
    viewer.watch(session, "?t=1")
    viewer.shows("plain")

    looks = viewer.tab.evaluate(
        """[...document.querySelector('.player-screen iframe').contentDocument.body.children]
           .map(node => getComputedStyle(node).backgroundImage.startsWith('repeating'))"""
    )

    assert looks == [True, True, True, False]


def test_long_session_loads_the_requested_part_first(desk: Desk, viewer: Viewer) -> None:
    began = ago(7_200_000)
    filler = "x" * 700_000
    events: list[Event] = []
    for minute in range(20):
        at = began + minute * 60_000
        events += opened(
            at, element(6, "p", text(7, f"minute {minute}")), element(8, "i", text(9, filler))
        )
        events += [moved(at + second * 1_000) for second in range(2, 60)]
    session = record(desk, events)

    viewer.watch(session, "?t=905")
    viewer.shows("minute 15")
    parts = [re.search(r"from_ms=([\d.]+)&to_ms=([\d.]+)", url) for url in desk.requested]
    first = next(part for part in parts if part)
    assert 700_000 < float(first[1]) <= 905_000
    viewer.press("Home")  # of nothing that has the focus
    viewer.tab.get_by_role("slider").focus()
    viewer.press("Home")
    viewer.shows("minute 0")
