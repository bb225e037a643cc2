"""Faults of rrweb that the recorder's patches mend: each returns without its patch."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

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

LOST_NODE = "keep a node that moves under a new node inside of a moved subtree"

_BUNDLE = """
import { build } from "esbuild";
import { patchedRrweb } from "./bundle.mjs";
const { outputFiles } = await build({
  entryPoints: ["src/vendor/rrweb/record.ts"],
  bundle: true,
  format: "iife",
  globalName: "rrweb",
  plugins: [patchedRrweb(process.argv.slice(1))],
  write: false,
});
console.log(outputFiles[0].text);
"""
_NAMES = """
import { FAULT_PATCHES } from "./src/vendor/rrweb/fault_patches.mjs";
console.log(JSON.stringify(FAULT_PATCHES.map(({ name }) => name)));
"""
_RECORD = """
events = [];
handled = [];
settled = () => new Promise((resolve) => setTimeout(resolve, 50));
ofSource = (source) => events.filter((e) => e.type === 3 && e.data.source === source);
rrweb.record({
  blockSelector: '[data-private="block"]',
  emit: (event) => events.push(event),
  errorHandler: (error) => { handled.push(String(error)); },
});
0
"""


class Fault(NamedTuple):
    """What a page does, and what it then reads with the patch and without it."""

    html: str
    script: str
    patched: object
    unpatched: object


FAULTS = {
    "report the attribute that blocks an element": Fault(
        "<p id=a>Ann</p>",
        "a.dataset.private = 'block'; await settled();"
        " return ofSource(0).flatMap((e) => e.data.attributes.map((one) => one.attributes))",
        [{"data-private": "block"}],
        [],
    ),
    "report no text deep inside of a blocked element": Fault(
        "<div id=a><p><b id=b>Ann</b></p></div>",
        "a.dataset.private = 'block'; await settled(); b.firstChild.data = 'Bob'; await settled();"
        " return ofSource(0).flatMap((e) => e.data.texts.map((text) => text.value))",
        [],
        ["Bob"],
    ),
    "add no attribute to the page's own elements": Fault(
        "<input id=a type=password>",
        "a.type = 'text'; await settled(); return a.outerHTML",
        '<input id="a" type="text">',
        '<input id="a" type="text" data-rr-is-password="true">',
    ),
    "report the values of a form that is reset": Fault(
        "<form id=f><input id=a><input name=elements></form>",
        "a.value = 'Ann'; await settled(); f.reset(); await settled();"
        " return ofSource(5).map((e) => e.data.text)",
        ["Ann", "", ""],
        ["Ann"],
    ),
    "throw no error of the recorder into the page": Fault(
        "<style>p {}</style><p>Ann</p>",
        "const sheet = document.styleSheets[0];"
        " Object.defineProperty(sheet, 'ownerNode', { get() { throw new Error('ours'); } });"
        " try { sheet.insertRule('b {}', 0) } catch (error) { return String(error) }"
        " return handled",
        ["Error: ours"],
        "Error: ours",
    ),
}

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


def run_node(module: str, *arguments: str) -> str:
    """Run a module in the recorder's folder, and return what it prints."""
    command = [str(NODE), "--input-type=module", "--eval", module, *arguments]
    done = subprocess.run(command, cwd=RECORDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def bundled(*without: str) -> str:
    """Return rrweb's recorder as a script that sets `rrweb`, without the patches named."""
    return run_node(_BUNDLE, *without)


def observed(page: Page, fault: Fault, script: str) -> object:
    """Record the page of a fault with a bundle of rrweb; return what its script returns."""
    page.set_content(f"<!doctype html><title>Page</title>{fault.html}")
    page.add_script_tag(content=script)
    page.evaluate(_RECORD)
    return page.evaluate(f"async () => {{ {fault.script} }}")


@pytest.fixture(scope="module")
def patched() -> str:
    """The recorder's rrweb with every patch."""
    return bundled()


def test_every_fault_patch_has_a_test() -> None:
    assert json.loads(run_node(_NAMES)) == [LOST_NODE, *FAULTS]


@pytest.mark.parametrize("name", FAULTS)
def test_a_patched_fault_is_mended(page: Page, patched: str, name: str) -> None:
    assert observed(page, FAULTS[name], patched) == FAULTS[name].patched


@pytest.mark.parametrize("name", FAULTS)
def test_an_unpatched_fault_is_still_there(page: Page, name: str) -> None:
    """If this fails, rrweb has mended it, and the patch can go."""
    assert observed(page, FAULTS[name], bundled(name)) == FAULTS[name].unpatched


def replayed_head(page: Page, browser: Browser, script: str) -> tuple[str, list[str]]:
    """Record a table whose head is rendered anew; return the differences and the replay's lines."""
    page.set_content(_TABLE)
    page.add_script_tag(content=fidelity.READER)
    page.add_script_tag(content=script)
    page.evaluate("events = []; rrweb.record({ emit: (event) => events.push(event) }); 0")
    page.evaluate(_RENDER_HEAD)
    live = [fidelity.moment(page, "rendered")]
    events: list[dict[str, Any]] = page.evaluate("events")
    shown = fidelity.replayed(browser, events, ["rendered"])
    return fidelity.differences(live, shown), [line.strip() for line in shown[0].lines]


def test_label_moved_into_a_new_node_is_replayed(
    page: Page, browser: Browser, patched: str
) -> None:
    differences, lines = replayed_head(page, browser, patched)

    assert not differences, differences
    assert '"Number"' in lines
    assert '"Product"' in lines


def test_moved_label_is_lost_without_the_patch(page: Page, browser: Browser) -> None:
    """If this fails, rrweb has mended it, and the patch can go."""
    differences, lines = replayed_head(page, browser, bundled(LOST_NODE))

    assert differences
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


def test_page_restored_from_bfcache_begins_with_a_snapshot(
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
