"""Secrets stand everywhere on the pages of a site, and none of them arrives: neither on the wire,
nor in the lake, nor in a log, however it is written."""

import html
import json
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

from playwright.sync_api import Page

from tests.conftest import eventually
from tests.recorder.planted import Miss, Planted, report
from tests.recorder.relay import relaying
from tests.recorder.secret_walks import WALKS, smart, walk
from tests.recorder.site import Site
from tests.recorder.stack import Stack

SECRETS_MIN = 500
SEEN = ("the wire", "the lake, before compaction", "the lake, after it")


def leaked_secrets(
    stack: Stack, planted: Planted, session: str, wire: dict[str, bytes]
) -> list[Miss]:
    """Return all leaked secrets, after checking that the control words are recorded."""
    eventually(lambda: planted.unseen(json.dumps(stack.replay(session))) == [])
    before = stack.lake_bytes()
    stack.compact()
    after = stack.lake_bytes()
    logs = {server.log.name: server.log.read_bytes() for server in (stack.ingest, stack.query)}
    bodies = dict(zip(SEEN, (b"\n".join(wire.values()), before, after), strict=True))

    assert planted.unseen(json.dumps(stack.replay(session))) == []
    for where, body in bodies.items():
        assert planted.unseen(body.decode(errors="replace")) == [], where
    return planted.leaks(wire | bodies | logs)


def test_no_secret_is_uploaded_or_stored(page: Page, bare_site: Site, stack: Stack) -> None:
    stack.change(plan="enterprise")  # with the network panel
    with relaying(stack) as relay:
        planted, session = walk(WALKS.values(), page, bare_site, relay)
        misses = leaked_secrets(stack, planted, session, relay.sent())

    assert misses == [], report(misses)
    assert len(planted.secrets) >= SECRETS_MIN


def test_trigger_details_contain_no_secret(page: Page, bare_site: Site, stack: Stack) -> None:
    stack.change(session_replay_trigger="smart")
    with relaying(stack) as relay:
        planted, session = walk([smart], page, bare_site, relay)
        misses = leaked_secrets(stack, planted, session, relay.sent())

    assert misses == [], report(misses)
    assert stack.notes(session, "trigger") == [{"kind": "rage_click", "detail": "section > p"}]


def test_secret_is_detected_in_every_encoding() -> None:
    planted = Planted()
    word, mail = planted.value("word", "a place"), planted.value("mail", "another")
    text = f"<a>{word} {mail}</a>"
    written = {
        "raw": text,
        "upper case": text.upper(),
        "percent": quote(text),
        "every character percent": "".join(f"%{ord(char):02X}" for char in text),
        "JSON": json.dumps(json.dumps(text)),
        "JSON, escaped": "".join(f"\\u{ord(char):04x}" for char in text),
        "HTML": html.escape(text),
        "HTML, by numbers": "".join(f"&#{ord(char)};" for char in text),
        **{f"base64, {n}": b64encode(("x" * n + text).encode()).decode() for n in range(3)},
        "base64 in a URL": quote(urlsafe_b64encode(text.encode())),
    }

    for where, body in written.items():
        assert len(planted.leaks({where: body.encode()})) == 2, where
    assert planted.leaks({"nothing": b"zqplante zqmai"}) == []
