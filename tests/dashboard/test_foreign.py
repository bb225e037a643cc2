"""Recordings of other recorders, imported by the command line: each is listed, and plays."""

import gzip
import json
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lake.settings import env_name
from orchestration.cli import main
from tests.conftest import eventually
from tests.dashboard.desk import Desk
from tests.dashboard.scenes import counting, element, moved, opened, text, wrote
from tests.dashboard.watching import TEXT
from tests.query_api.recorded import Event

_REAL = Path(__file__).parents[2] / "orchestration" / "recordings"
_SHOWN = {
    _REAL / "agency_mobile_touch.json.zst": "Photography",
    _REAL / "blog_reading_idle.json.zst": "Want to get in touch?",
    _REAL / "dashboard_explore.json.zst": "Gentelella",
    _REAL / "shop_browse_cart.json.zst": "Add to cart",
}
"""What the last page of each shows."""


def shapes(folder: Path) -> dict[Path, str]:
    """Files as other recorders write them, and what each shows in the end."""
    at = 1_400_000_000_000.5  # of a browser whose clock is years behind
    last = "second 4"
    page = counting(at, 4)

    def written(name: str, body: bytes) -> Path:
        (folder / name).write_bytes(body)
        return folder / name

    def lines(events: list[Event]) -> bytes:
        return b"\n".join(json.dumps(event).encode() for event in events)

    old: list[Event] = [{"type": kind, "data": {}, "timestamp": at - 1} for kind in (0, 1)]
    log = {"plugin": "rrweb/console@1", "payload": {"level": "log", "payload": ['"said so"']}}
    early = [moved(at - 3_000), wrote(at - 2_900, 7, "of a page that nobody saw")]
    bare = opened(at, element(6, "p", text(7, "a snapshot and no more")))[1]
    del bare["data"]["initialOffset"]
    return {
        written("array.json", json.dumps([*old, *page]).encode()): last,
        written("no_meta.json.gz", gzip.compress(json.dumps([*old, *page[1:]]).encode())): last,
        written("late.ndjson", lines([*early, *page])): last,
        written(
            "more.ndjson",
            lines([event | {"delay": 5, "v": "9"} for event in page])
            + b"\n"
            + lines([{"type": 6, "data": log, "timestamp": at + 4_100}]),
        ): last,
        written("bare.json", json.dumps([bare, moved(at + 50)]).encode()): "a snapshot and no more",
    }


def test_recordings_of_other_recorders_are_listed_and_play(
    desk: Desk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    website = desk.website()
    monkeypatch.setenv(env_name("lake"), desk.lakeful.settings.lake)
    files = _SHOWN | shapes(tmp_path)
    sessions: dict[str, tuple[Path, str]] = {}
    for path, said in files.items():
        argv = ["replaylake", "import", str(path), "--website", website.website_id, "--at", "now"]
        monkeypatch.setattr(sys, "argv", argv)
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code, path
        sessions[capfd.readouterr().out.split()[-1]] = path, said

    tab = desk.open(website)
    expect(tab.locator("td.who a")).to_have_count(len(files))
    for session_id, (path, said) in sessions.items():
        tab.goto(f"/sessions/{session_id}?t=0")
        tab.get_by_role("slider").focus()
        tab.keyboard.press("End")
        try:
            eventually(lambda: said in str(tab.evaluate(TEXT)))  # noqa: B023 - asked at once
        except AssertionError as error:
            raise AssertionError(f"{path.name}: {tab.evaluate(TEXT)!r}") from error
        box = tab.locator(".player-screen iframe").bounding_box()
        assert box, path
        assert min(box["width"], box["height"]) > 50, path
