"""What rrweb does wrong and the recorder mends: still needed, and still there."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import eventually
from tests.recorder import browser as browsers
from tests.recorder import fidelity
from tests.recorder.browser import flushed, recorded
from tests.recorder.site import Site
from tests.recorder.stack import Stack

RECORDER = Path(__file__).parents[2] / "ingest_api" / "recorder"
NODE = Path(__file__).parents[2] / ".venv" / "bin" / "node"

LOST_NODE = "a node that moves under a new node inside of a moved subtree is lost"

_MODULE = """
import { readFileSync, writeFileSync } from "node:fs";
import { recorderOf, recorderWithout } from "./src/vendor/rrweb/patches.mjs";
const [file, why] = process.argv.slice(1);
const module = readFileSync("node_modules/rrweb/dist/rrweb.js", "utf8");
writeFileSync(file, why ? recorderWithout(module, why) : recorderOf(module));
"""

# A head whose labels are wrapped into new buttons, and which is then put back to its place.
_TABLE = """
<!doctype html><title>Grid</title>
<table><thead><tr><th><span>Number</span></th><th><span>Product</span></th></tr></thead>
<tbody><tr><td>7</td><td>Lamp</td></tr></tbody></table>
"""
_RENDER_HEAD = """
() => {
  const table = document.querySelector("table");
  for (const cell of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    const label = cell.firstChild;
    cell.append(button);
    button.append(label);
  }
  table.prepend(table.tHead);
}
"""


def bundled(folder: Path, *without: str) -> str:
    """Return rrweb's recorder as a script that sets `rrweb`, without the patch that is named."""
    module = folder / "rrweb.mjs"
    command = [NODE, "--input-type=module", "--eval", _MODULE, module, *without]
    subprocess.run(command, cwd=RECORDER, check=True)
    command = [RECORDER / "node_modules/.bin/esbuild", module, "--bundle", "--format=iife"]
    done = subprocess.run(
        [*command, "--global-name=rrweb"], capture_output=True, text=True, check=True
    )
    return done.stdout


def replayed_head(page: Page, browser: Browser, script: str) -> tuple[str, list[str]]:
    """Record a table whose head is rendered anew; return what differs, and the replay's lines."""
    page.set_content(_TABLE)
    page.add_script_tag(content=fidelity.READER)
    page.add_script_tag(content=script)
    page.evaluate("events = []; rrweb.record({ emit: (event) => events.push(event) }); 0")
    page.evaluate(_RENDER_HEAD)
    live = [fidelity.moment(page, "rendered")]
    events: list[dict[str, Any]] = page.evaluate("events")
    shown = fidelity.replayed(browser, events, ["rendered"])
    return fidelity.differences(live, shown), [line.strip() for line in shown[0].lines]


def test_a_label_that_moves_into_a_new_node_of_a_moved_head_is_replayed(
    page: Page, browser: Browser, tmp_path: Path
) -> None:
    told, lines = replayed_head(page, browser, bundled(tmp_path))

    assert not told, told
    assert '"Number"' in lines
    assert '"Product"' in lines


def test_without_the_patch_such_a_label_is_lost(
    page: Page, browser: Browser, tmp_path: Path
) -> None:
    """If this fails, rrweb has mended it, and the patch can go."""
    told, lines = replayed_head(page, browser, bundled(tmp_path, LOST_NODE))

    assert told
    assert '"Lamp"' in lines
    assert '"Number"' not in lines
    assert '"Product"' not in lines


@pytest.fixture
def caching_browser(browser: Browser) -> Iterator[Browser]:
    """A browser with a back/forward cache, which Playwright's are without."""
    ignored = ["--disable-back-forward-cache"]
    with browsers.started(
        browser.browser_type, is_whole=True, ignore_default_args=ignored
    ) as caching:
        yield caching


def test_a_page_out_of_the_back_forward_cache_begins_with_a_snapshot(
    caching_browser: Browser, site: Site, stack: Stack
) -> None:
    """rrweb goes on with mutations of nodes that the player of the page between never saw."""
    site.pages["/"] = '<h1>First</h1><a href="/second">on</a><!--recorder-->'
    site.pages["/second"] = "<h1>Second</h1><!--recorder-->"
    page = caching_browser.new_page()
    page.add_init_script("addEventListener('pageshow', (e) => { window.was = e.persisted; });")
    page.goto(f"{site.origin}/")
    session = recorded(page)
    page.evaluate("document.querySelector('h1').textContent = 'First, changed'")
    page.click("a")
    page.wait_for_url("**/second")
    assert recorded(page) == session
    page.evaluate("history.back()")
    page.wait_for_url(f"{site.origin}/", wait_until="commit")  # it never loads again
    assert page.evaluate("window.was") is True
    assert recorded(page) == session
    page.evaluate("document.querySelector('h1').append(' again')")
    flushed(page)
    eventually(lambda: " again" in str(stack.replay(session)))

    events = stack.replay(session)
    kinds = [event["type"] for event in events]
    snapshots = [event for event in events if event["type"] == 2]
    assert len(snapshots) == 3
    assert "First, changed" in str(snapshots[2])
    assert [event["data"]["href"] for event in events if event["type"] == 4] == [
        f"{site.origin}/",
        f"{site.origin}/second",
        f"{site.origin}/",
    ]
    last = len(kinds) - 1 - kinds[::-1].index(2)
    assert " again" in str(events[last:])
