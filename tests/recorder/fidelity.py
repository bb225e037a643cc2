"""Comparison of a live page with its replay, read at the same moments.

The reading itself is `fidelity.js`, the same for both. Each live reading leaves a mark in the
page, which comes back in the recording, so that the replay is stopped at that very event; clocks
play no part. What is done to the pages is in `test_fidelity`.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page

Event = dict[str, Any]

_RECORDER = Path(__file__).parents[2] / "ingest_api" / "recorder"
_REPLAYER = _RECORDER / "node_modules" / "rrweb" / "dist" / "rrweb.umd.cjs"
READER = (Path(__file__).parent / "fidelity.js").read_text()

# Where no script may run, as in a replay, a browser lays a canvas out as if it were a span.
_RULES = (
    "*, *::before, *::after { transition: none !important }",
    ":where(canvas) { display: inline-block }",
    ":where(canvas) { width: attr(width px, 300px); height: attr(height px, 150px) }",
)
_PLAY = """
([events, rules]) => {
  window.events = events;
  window.replayer = new rrweb.Replayer(events, {
    mouseTail: false,
    showWarning: false,
    triggerFocus: false,
    insertStyleRules: rules,
  });
}
"""
_STOP_AT = """
async index => {
  replayer.pause(events[index].timestamp - events[0].timestamp + 1);
  const { contentDocument: shown } = replayer.iframe;
  await Promise.all([...shown.images].map(image => image.decode().catch(() => {})));
  await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  return fidelity.lines(shown, false);
}
"""


class Moment(NamedTuple):
    """The live page after one interaction."""

    step: str
    lines: list[str]


def replayer() -> str:
    """Return rrweb's player as a script, with its one mistake mended that is none of the recorder.

    On a seek it changes the rules of adopted sheets before it makes these sheets.
    """
    changed = (
        r"this\.constructedStyleMutations\.forEach\(.*?this\.constructedStyleMutations = \[\];"
    )
    adopted = r"this\.adoptedStyleSheets\.forEach\(.*?this\.adoptedStyleSheets = \[\];"
    script, count = re.subn(
        rf"({changed})(\s*)({adopted})", r"\3\2\1", _REPLAYER.read_text(), flags=re.DOTALL
    )
    assert count == 1
    return script


def moment(page: Page, step: str) -> Moment:
    """Read the page once it is at rest. `READER` has to be in it."""
    page.evaluate("fidelity.settle()")
    return Moment(step, page.evaluate("mark => fidelity.snap(mark)", mark(step)))


def mark(step: str) -> str:
    """Return what a step leaves in the page: a word, which the recorder has no reason to mask."""
    return re.sub(r"\W+", "-", step)


def marks(events: Iterable[Event]) -> dict[str, int]:
    """Return where each mark stands among the events."""
    return {
        str(change["attributes"]["data-step"]): index
        for index, event in enumerate(events)
        if event["type"] == 3 and event["data"]["source"] == 0
        for change in event["data"]["attributes"]
        if "data-step" in change["attributes"]
    }


def replayed(browser: Browser, events: Sequence[Event], steps: Sequence[str]) -> list[Moment]:
    """Play the events, stop at each step in the order given, and read what is shown."""
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_script_tag(content=replayer())
    page.add_script_tag(content=READER)
    page.evaluate(_PLAY, [list(events), list(_RULES)])
    at = marks(events)
    shown = [Moment(step, page.evaluate(_STOP_AT, at[mark(step)])) for step in steps]
    page.close()
    assert not errors
    return shown


def differences(live: Sequence[Moment], shown: Sequence[Moment]) -> str:
    """Return what differs, as a diff for each step; empty if nothing does."""
    lines: list[str] = []
    for seen, replayed_moment in zip(live, shown, strict=True):
        assert seen.step == replayed_moment.step
        if seen.lines != replayed_moment.lines:
            lines += difflib.unified_diff(
                seen.lines,
                replayed_moment.lines,
                f"live {seen.step}",
                f"replay {seen.step}",
                n=1,
                lineterm="",
            )
    return "\n".join(lines)
