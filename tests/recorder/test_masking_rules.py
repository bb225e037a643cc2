"""Each rule of the masking is needed: without it, a walk over the pages full of secrets finds one.

A rule is taken out of a copy of the recorder's source by the replacement of a text, which must
stand there once: whoever changes the code changes the table.
"""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.recorder.planted import Miss, report
from tests.recorder.relay import relaying
from tests.recorder.secret_walks import WALKS, smart, walk
from tests.recorder.site import Site
from tests.recorder.stack import Stack

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
RECORDER = ROOT / "ingest_api" / "recorder"
NODE = ROOT / ".venv" / "bin" / "node"

Edit = tuple[str, str, str]  # file, text, replacement

ATTRIBUTES, CSS = "src/privacy/attributes.ts", "src/privacy/css.ts"
ERRORS, EVENTS = "src/signals/errors.ts", "src/privacy/index.ts"
NODES, NOTES, PAGES = "src/privacy/nodes.ts", "src/privacy/notes.ts", "src/signals/navigation.ts"
PATTERNS, URLS = "src/privacy/patterns.ts", "src/privacy/urls.ts"
SNAPSHOT = "src/vendor/rrweb/replacements/snapshot.ts"

# Rule, walk, file, text, replacement.
RULES = [
    ("private text", "private", NODES, "(inherited & PRIVATE) masked", "(false) masked"),
    ("private attributes", "private", ATTRIBUTES, "if (element.isPrivate) {", "if (false) {"),
    ("private CSS strings", "private", CSS, "if (isPrivate) return quote + quote;", ""),
    ("private CSS URLs", "private", CSS, "isPrivate ? null : maskUrl(", "maskUrl("),
    (
        "private custom properties",
        "private",
        CSS,
        "if (isPrivate) css = css.replace(",
        "if (false) css = css.replace(",
    ),
    ("private titles", "private", PAGES, '"*****" : document', "document.title : document"),
    ("private later", "later", NODES, 'hides !== "false")', "false)"),
    ("private where it moves", "later", NODES, "STICKY = PRIVATE |", "STICKY ="),
    ("private adopted sheets", "later", EVENTS, "this.owners.get(raw.styleId)", "undefined"),
    ("private triggers", "smart", NOTES, "/click|form/", "/none/"),
    (
        "values of fields",
        "fields",
        NODES,
        "SECRET));\n    return MASK",
        "SECRET));return raw",
    ),
    ("hidden fields", "fields", NODES, "button|reset|image)", "button|reset|image|hidden)"),
    ("passwords in public", "fields", NODES, "flags & SECRET ||", "flags & 0 ||"),
    ("passwords that are shown", "fields", NODES, "state.flags |= FIELD;", "state.flags = FIELD;"),
    ("cards in public", "fields", NODES, "SECRET_NAMES.test(names)", "false"),
    ("SSNs in public", "fields", NODES, "SSN_NAMES.test(names)", "false"),
    ("e-mail fields in public", "fields", NODES, "EMAIL_NAMES.test(names)", "false"),
    ("numbers while they are typed", "fields", NODES, "NUMBER.test(raw)", "false"),
    ("values of options", "fields", NODES, '"option") return flags & PUBLIC', '"option") return 1'),
    ("editable text", "fields", NODES, "inherited & EDITABLE && !", "false && !"),
    ("echoes", "fields", NODES, "this.typedText.mask(text)", "text"),
    ("unknown attributes", "patterns", ATTRIBUTES, "\n  return undefined;", "\n  return value;"),
    ("data attributes", "patterns", ATTRIBUTES, ' ? value : "***"', " ? value : value"),
    ("e-mail addresses", "patterns", PATTERNS, "maskUnless(masked, shapes.EMAIL)", "masked"),
    ("cards", "patterns", PATTERNS, "text.replace(shapes.CARD, maskCards)", "text"),
    ("SSNs", "patterns", PATTERNS, "shapes.NAMED_SSN, shapes.SSN,", "shapes.NAMED_SSN,"),
    ("phones", "patterns", PATTERNS, "masked, shapes.PHONE,", "masked, /(?!)/,"),
    ("JWTs", "patterns", PATTERNS, "shapes.PEM), shapes.JWT)", "shapes.PEM), /(?!)/)"),
    ("keys", "patterns", PATTERNS, "shapes.KEY,", "/(?!)/,"),
    ("bearers", "patterns", PATTERNS, "    shapes.SCHEME,", "    /(?!)/,"),
    ("hex", "patterns", PATTERNS, "HEX.test(word) ?", "false ?"),
    (
        "CSS strings",
        "patterns",
        CSS,
        "masked = maskString(string, isText ? masks.text : mask)",
        "masked = string",
    ),
    ("queries", "patterns", URLS, "maskPart(value, mask) : STARS", "maskPart(value, mask) : value"),
    ("fragments", "patterns", URLS, "/^!?\\//.test(fragment)", "fragment"),
    ("users in URLs", "patterns", URLS, '.replace(AUTHORITY, "$1")', ""),
    ("unknown schemes", "patterns", URLS, "if (scheme && !", "if (false && !"),
    ("paths", "patterns", URLS, "=== text) ? part : STARS", "=== text) ? part : part"),
    ("pictures as data", "patterns", URLS, "=== words ? url : null", "=== words ? url : url"),
    ("objects in the console", "signals", ERRORS, '? "[Object]"', "? JSON.stringify(value)"),
    ("messages", "signals", NOTES, "masked = maskMessage(", "masked = String("),
    ("URLs of notes", "signals", NOTES, 'out[key] = nodes.url(value) ?? ""', "out[key] = value"),
]


# The recorder's own serializer leaves out what the sanitizer would not let go.
SCRIPTS = (
    (SNAPSHOT, "isLeftOut(n, tagName, isInHead) ? LEFT_OUT : genId()", "genId()"),
    (NODES, '"script noscript template base ', '"base '),
)


@pytest.mark.parametrize(
    ("walked", "edit"), [(rule[1], rule[2:]) for rule in RULES], ids=[rule[0] for rule in RULES]
)
def test_secret_leaks_without_its_masking_rule(
    walked: str, edit: Edit, page: Page, bare_site: Site, stack: Stack, tmp_path: Path
) -> None:
    misses = without([edit], walked, page, bare_site, stack, tmp_path)

    assert misses, "nobody would miss it"


@pytest.mark.parametrize("edits", [SCRIPTS[:1], SCRIPTS[1:], SCRIPTS], ids=["one", "other", "both"])
def test_scripts_and_descriptions_are_masked_by_two_rules(
    edits: Sequence[Edit], page: Page, bare_site: Site, stack: Stack, tmp_path: Path
) -> None:
    misses = without(edits, "patterns", page, bare_site, stack, tmp_path)

    assert bool(misses) == (edits == SCRIPTS), report(misses)


def without(
    edits: Sequence[Edit], walked: str, page: Page, site: Site, stack: Stack, folder: Path
) -> list[Miss]:
    """Return what a walk finds of its secrets while a recorder runs with these edits."""
    dist = built(folder, edits)
    trigger = "smart" if walked == "smart" else "all"
    stack.change(plan="enterprise", session_replay_trigger=trigger)
    with relaying(stack, dist=dist) as relay:
        planted, _ = walk([WALKS.get(walked, smart)], page, site, relay)
        return planted.leaks({"the wire": relay.wire()})


def built(folder: Path, edits: Sequence[Edit]) -> Path:
    """Build a recorder with these texts of its source replaced, and return where."""
    copy = folder / "recorder"
    shutil.copytree(RECORDER, copy, ignore=shutil.ignore_patterns("node_modules", "dist", "test"))
    (copy / "node_modules").symlink_to(RECORDER / "node_modules")
    for name, text, replacement in edits:
        source = (copy / name).read_text()
        assert source.count(text) == 1, f"{text!r} stands in {name} {source.count(text)} times"
        (copy / name).write_text(source.replace(text, replacement))
    command = [str(NODE), "build.mjs", str(folder / "dist")]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    return folder / "dist"
