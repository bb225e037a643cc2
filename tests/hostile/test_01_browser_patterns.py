"""The recorder's and the dashboard's patterns take linear time in a browser.

All that stand in the sources are found and tried with all texts: nobody has to list them.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.recorder.browser import launched

ROOT = Path(__file__).parents[2]
RECORDER = ROOT / "ingest_api" / "recorder"
DASHBOARD = ROOT / "query_api" / "dashboard"
# Of what the operator types into a form of the dashboard.
_OWN_WORDS = frozenset(("settings/fields.ts",))
_UNITS = (
    *("a", "A", "1", " ", "\t", "\n", ".", "-", "_", "/", "%", "@", "%40", ":", "+", "*", ","),
    *("(", ")", "()", "[", "{", "}", "'", '"', "\\", "\\\\", "=", "&", "?", ";", "#", "<", ">"),
    *("a.", "a-", "1-", "1 ", "a1", "aA1", "a@", "é", "/*", "--", ":1", "a:", "a,", ", ", "--a:"),
    *("url(", "url( ", 'url("', "@import ", "eyJ", "eyJaaaaaaaa.", "bearer ", "key_", "123-45-"),
    *("+1 ", "(12) ", "http:", "http://a", "a@a.", " d='", ":hover", "data:image/", "utm_", "min-"),
)
_BEFORE = (
    "",
    "a",
    '"',
    "/*",
    "url(",
    "@import",
    "data:image/a",
    "+1",
    "eyJ",
    "http://",
    "bearer",
    "1",
)
# One long text against short ones of the same length together: both are interrupted alike on a busy
# machine. A linear time has a ratio near 1, a quadratic one of 16.
_GROWS = """
(work, before, unit, length) => {
  const text = (size) => before + unit.repeat(size / unit.length) + "!";
  const long = text(length);
  const short = text(length / 16);
  const took = (some, times) => {
    const began = performance.now();
    for (let n = 0; n < times; n++) work(some);
    return performance.now() - began;
  };
  let longMs = Infinity;
  let shortMs = Infinity;
  for (let round = 0; round < 20; round++) {
    longMs = Math.min(longMs, took(long, 1));
    // What is quadratic takes milliseconds: the short ones need not be tried.
    if (longMs < 10) return false;
    shortMs = Math.min(shortMs, took(short, 16));
    if (longMs < 4 * shortMs) return false;
  }
  return true;
}
"""
_MEASURE = f"""
([patterns, units, befores, length]) => {{
  const grows = {_GROWS};
  const slow = [];
  for (const {{ file, source, flags }} of patterns) {{
    const pattern = new RegExp(source, flags);
    const work = (text) => {{ pattern.lastIndex = 0; text.replace(pattern, ""); }};
    for (const unit of units)
      for (const before of befores)
        if (grows(work, before, unit, length)) slow.push([file, source, before, unit]);
  }}
  return slow;
}}
"""
_FUNCTIONS = """
export { maskPatterns } from "./src/privacy/patterns.ts";
export { maskUrl, maskSrcset } from "./src/privacy/urls.ts";
export { maskCss } from "./src/privacy/css.ts";
export { maskLevel } from "./src/privacy/levels.ts";
export { maskMessage } from "./src/privacy/messages.ts";
export { TypedText } from "./src/privacy/typed_text.ts";
export { safeCss, safeSheet } from "../../query_api/dashboard/src/player/safety/defuse_css.ts";
export { hovered } from "../../query_api/dashboard/src/player/safety/hover.ts";
"""
_MEASURE_FUNCTIONS = f"""
([units, befores, length]) => {{
  const grows = {_GROWS};
  const mask = (text) => f.maskPatterns(text, true, true);
  const masks = {{ text: mask, pattern: mask, level: 0 }};
  const echo = new f.TypedText();
  for (const value of ["jane miller", "12345678", "aaaaa", "-----"]) echo.add(1, value);
  const works = {{
    maskPatterns: mask,
    maskUrl: (text) => f.maskUrl(text, mask),
    maskSrcset: (text) => f.maskSrcset(text, mask),
    maskCss: (text) => f.maskCss(text, masks, false),
    maskPrivateCss: (text) => f.maskCss(text, masks, true),
    maskMessage: (text) => f.maskMessage(text, mask),
    maskDigits: (text) => f.maskLevel(text, 1),
    maskWords: (text) => f.maskLevel(text, 2),
    echo: (text) => echo.mask(text),
    safeSheet: f.safeSheet,
    hovered: f.hovered,
  }};
  const slow = [];
  for (const [name, work] of Object.entries(works))
    for (const unit of units)
      for (const before of befores)
        if (grows(work, before, unit, length)) slow.push([name, before, unit]);
  return slow;
}}
"""


def _run(*command: str) -> str:
    environ = os.environ | {"PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        command, cwd=RECORDER, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def _patterns() -> list[dict[str, Any]]:
    files: list[Path] = []
    for folder in (RECORDER / "src", DASHBOARD / "src"):
        files += [*folder.rglob("*.ts"), *folder.rglob("*.tsx")]
    paths = [str(file) for file in files if not str(file).endswith((".d.ts", *_OWN_WORDS))]
    patterns: list[dict[str, Any]] = json.loads(
        _run("node", str(ROOT / "tests/hostile/patterns.mjs"), *paths)
    )
    return patterns


@pytest.fixture(scope="module")
def page() -> Any:
    with launched() as browser:
        yield browser.new_page()


def test_every_pattern_takes_linear_time(page: Any) -> None:
    patterns = _patterns()

    assert len(patterns) > 90
    assert page.evaluate(_MEASURE, [patterns, _UNITS, ("", "a", '"', "1"), 24_000]) == []


@pytest.mark.long
def test_every_pattern_takes_linear_time_after_any_prefix(page: Any) -> None:
    assert page.evaluate(_MEASURE, [_patterns(), _UNITS, _BEFORE, 32_000]) == []


def test_page_texts_are_masked_and_defused_in_linear_time(page: Any, tmp_path: Path) -> None:
    bundle = tmp_path / "functions.js"
    _bundle(bundle)
    page.add_script_tag(path=str(bundle))

    assert page.evaluate(_MEASURE_FUNCTIONS, [_UNITS, ("", "url("), 24_000]) == []


def test_quadratic_pattern_is_detected(page: Any) -> None:
    pattern = {"file": "", "source": r"\s*\n\s*", "flags": "g"}

    assert page.evaluate(_MEASURE, [[pattern], [" "], [""], 16_000])


def _bundle(bundle: Path) -> None:
    script = (
        "require('esbuild').buildSync({stdin: {contents: process.argv[1], resolveDir: '.', "
        "loader: 'ts'}, bundle: true, format: 'iife', globalName: 'f', outfile: process.argv[2]})"
    )
    _run("node", "-e", script, _FUNCTIONS, str(bundle))
