"""Takes a picture of every page of the dashboard, wide, narrow, light and dark.

    python -m deploy.screenshots [--visits 18] [--folder FOLDER] [--lake KEPT]

All go to FOLDER (default `screenshots`, which git ignores); those that the documentation shows go
to `docs/screenshots` too. Takes some minutes: the visits are real. A lake that was kept is there
at once.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import httpx
from playwright.sync_api import Browser, Page

from deploy.screenshots import sample
from deploy.screenshots.sample import Sample
from lake.reading.lake_snapshot import Lake
from lake.settings import Settings
from lake.storage.base import open_store
from tests.recorder.browser import launched
from tests.support.processes import QUERY, free_port, serving

_DOCS = Path(__file__).parents[2] / "docs" / "screenshots"
_DOCS_BYTES_MAX = 1_500_000
_IN_DOCS = ("sessions", "player", "heatmap", "overview")
_WIDE, _TABLET, _PHONE = (1440, 900), (900, 1100), (390, 844)
_SETTLES_MS = 1_000  # fonts, charts and the replayed page


class Shot(NamedTuple):
    """A page of the dashboard: its name, address, and what is there once it is drawn."""

    name: str
    path: str
    shown: str


def main(argv: Sequence[str] | None = None) -> None:
    """Fill a lake, and take the pictures."""
    parser = argparse.ArgumentParser(prog="deploy.screenshots", description=__doc__)
    parser.add_argument("--visits", type=int, default=18, help="of robots in the shop")
    parser.add_argument("--copies", type=int, default=6, help="of each visit, on other days")
    parser.add_argument("--folder", type=Path, default=Path("screenshots"))
    parser.add_argument("--lake", type=Path, help="keep the lake here, for the next time")
    parser.add_argument("--stay", action="store_true", help="go on serving, to look around")
    args = parser.parse_args(argv)
    args.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(TemporaryDirectory(prefix="replaylake-pictures-")))
        lake_folder = args.lake or scratch / "lake"
        is_new = not (lake_folder / "demo.json").exists()
        settings = Settings(lake=str(lake_folder), trusted_proxies="127.0.0.1")
        store = open_store(settings)
        shop_port = free_port()
        made = sample.seed(store, settings, lake_folder / "demo.json", shop_port)
        ingest = stack.enter_context(serving(settings, scratch / "ingest.log"))
        shop = stack.enter_context(sample.shop(shop_port, ingest.url, made.demo.website_id))
        browser = stack.enter_context(launched())
        if is_new:
            _say(f"{args.visits} visits")
            sample.walk(browser, shop, args.visits)
            _say("the same on other days")
            lake = Lake(store, settings, lambda: time.time_ns() // 1_000_000)
            sample.repeat(lake, made.demo, scratch, args.copies)
        sample.compact(store, settings)
        query = stack.enter_context(serving(settings, scratch / "query.log", command=QUERY))
        stack.enter_context(sample.somebody_there(browser, shop))
        _say("pictures")
        for name in _take_all(browser, query.url, made, args.folder):
            _say(f"  {name}")
        _to_docs(args.folder)
        if args.stay:
            _say(f"{query.url}/#key={made.demo.admin_key}")
            while True:
                time.sleep(60)


def _take_all(browser: Browser, url: str, made: Sample, folder: Path) -> Iterator[str]:
    key = made.demo.admin_key
    shots = _shots(url, made)
    for (width, height), scheme in (
        (_WIDE, "light"), (_WIDE, "dark"), (_TABLET, "light"), (_PHONE, "light")
    ):  # fmt: skip
        for who, some in ((key, shots), (made.empty_key, [_EMPTY]), (None, [_SIGN_IN])):
            with _seated(browser, url, who, width, height, scheme) as tab:
                for shot in some:
                    name = f"{shot.name}-{width}-{scheme}.png"
                    _take(tab, shot, folder / name)
                    yield name


_EMPTY = Shot("empty", "/sessions", ".notice")
_SIGN_IN = Shot("sign-in", "/", ".sign-in")


def _shots(url: str, made: Sample) -> list[Shot]:
    """Return the pages of a website with sessions."""
    headers = {"authorization": f"Bearer {made.demo.viewer_key}"}
    with httpx.Client(
        base_url=f"{url}/api/websites/{made.demo.website_id}/", headers=headers
    ) as api:
        error = api.get("errors").raise_for_status().json()["errors"][0]["fingerprint"]
        broken = api.get("sessions", params={"hasErrors": "true", "url": "/checkout"})
        session = broken.raise_for_status().json()["sessions"][0]["sessionId"]
        at_ms = api.get(f"sessions/{session}").raise_for_status().json()["errorEvents"][0]["atMs"]
    return [
        Shot("sessions", "/sessions", "tbody tr"),
        Shot("filtered", "/sessions?hasErrors=true&device=desktop", "tbody tr"),
        Shot("player", f"/sessions/{session}?t={at_ms / 1000 + 0.5:.1f}", ".player-screen iframe"),
        Shot("errors", "/errors", "tbody tr"),
        Shot("error", f"/errors/{error}", ".occurrences"),
        Shot("frustration", "/frustration", "tbody tr"),
        Shot("heatmap", "/heatmap", ".heat-table tbody tr"),
        Shot("overview", "/overview?last=7d", ".chart canvas"),
    ]


@contextmanager
def _seated(
    browser: Browser, url: str, key: str | None, width: int, height: int, scheme: str
) -> Iterator[Page]:
    """A tab at the dashboard, signed in if there is a key."""
    context = browser.new_context(
        base_url=url, viewport={"width": width, "height": height}, color_scheme=scheme
    )
    tab = context.new_page()
    tab.goto(f"/#key={key}" if key else "/")
    tab.locator("nav" if key else ".sign-in").first.wait_for()
    yield tab
    context.close()


def _take(tab: Page, shot: Shot, file: Path) -> None:
    tab.goto(shot.path)
    tab.locator(shot.shown).first.wait_for()
    tab.wait_for_timeout(_SETTLES_MS)
    tab.screenshot(path=file)


def _to_docs(folder: Path) -> None:
    """Copy what the documentation shows."""
    _DOCS.mkdir(parents=True, exist_ok=True)
    for name in _IN_DOCS:
        shutil.copyfile(folder / f"{name}-{_WIDE[0]}-light.png", _DOCS / f"{name}.png")
    size = sum(file.stat().st_size for file in _DOCS.glob("*.png"))
    assert size < _DOCS_BYTES_MAX, f"docs/screenshots is {size:,} bytes: too much for a repository"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
