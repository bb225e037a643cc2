"""Visitors of the demo's website: recordings posted as their recorder would, at their own pace.

A program: `python -m orchestration.demo.visitors PORT WEBSITE`. Everything goes through the
ingest API like anybody's; nothing here touches the lake.
"""

import gzip
import http.client
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from lake import ids
from lake.chunks import stamp_of
from lake.recordings import Recorded, moved, read_events
from orchestration.demo.people import BROWSERS, NETWORKS, Browser
from orchestration.demo.ports import HOST
from orchestration.demo.seeding import ORIGIN, recordings

LOADED = 0  # rrweb's DomContentLoaded: what a page's events begin with
VISITORS = 3  # at once
UPLOAD_EVERY_MS = 2_000
_EVENT_BYTES_MAX = 32 << 20
_PAUSE_MAX_S = 20.0
_RETRY_S = 2.0
_TIMEOUT_S = 30.0


class Upload(NamedTuple):
    """One chunk of a visit. `due_ms` counts from its first event."""

    due_ms: float
    page_no: int
    seq: int
    events: list[Recorded]


def uploads(events: list[Recorded]) -> Iterator[Upload]:
    """Cut a recording where its recorder would have sent: every few seconds, and at a new page."""
    start_ms = events[0].at_ms
    page_no, seq = 0, 0
    held: list[Recorded] = []
    for event in events:
        is_page = stamp_of(event.json).type == LOADED and event is not events[0]
        if held and (is_page or event.at_ms - held[0].at_ms >= UPLOAD_EVERY_MS):
            yield Upload(held[-1].at_ms - start_ms, page_no, seq, held)
            held, seq = [], seq + 1
        if is_page:
            page_no, seq = page_no + 1, 0
        held.append(event)
    yield Upload(held[-1].at_ms - start_ms, page_no, seq, held)


class Visitor:
    """One visitor after another, for ever."""

    def __init__(self, port: int, website_id: str, choice: random.Random) -> None:
        self._port = port
        self._website_id = website_id
        self._choice = choice

    def run(self) -> None:
        """Visit, pause, and come back as somebody else."""
        while True:
            path = self._choice.choice(recordings())
            self._visit(list(read_events(path, event_bytes_max=_EVENT_BYTES_MAX)), path)
            time.sleep(self._choice.uniform(1, _PAUSE_MAX_S))

    def _visit(self, events: list[Recorded], path: Path) -> None:
        fitting = [one for one in BROWSERS if one.is_touch == ("touch" in path.name)]
        browser = self._choice.choice(fitting)
        address = f"{self._choice.choice(NETWORKS)}.{self._choice.randrange(1, 255)}"
        began_ms = time.time_ns() // 1_000_000
        shift_ms = began_ms - int(events[0].at_ms)
        secret = os.urandom(16).hex()
        session_id = ids.session_id_of(secret, began_ms)
        pages: dict[int, str] = {}
        for upload in uploads(events):
            time.sleep(max(0.0, (began_ms + upload.due_ms) / 1000 - time.time()))
            page_id = pages.setdefault(upload.page_no, ids.new_uuid7(time.time_ns() // 1_000_000))
            place = {
                "website": self._website_id,
                "session": session_id,
                "page": page_id,
                "seq": upload.seq,
                "secret": secret,
            }
            body = b"[" + b",".join(moved(event, shift_ms) for event in upload.events) + b"]"
            if not self._post(f"/v1/chunks?{urlencode(place)}", body, browser, address):
                return

    def _post(self, path: str, body: bytes, browser: Browser, address: str) -> bool:
        """Send until it is stored. False: it is refused, and so would be the rest."""
        headers = {
            "Content-Encoding": "gzip",
            "Content-Type": "text/plain",
            "Origin": ORIGIN,
            "User-Agent": browser.user_agent,
            "X-Forwarded-For": address,
        }
        packed = gzip.compress(body, 6)
        while True:
            try:
                link = http.client.HTTPConnection(HOST, self._port, timeout=_TIMEOUT_S)
                link.request("POST", path, packed, headers)
                answer = link.getresponse()
                text = answer.read()
                link.close()
            except (OSError, http.client.HTTPException) as error:
                print(f"no answer: {error}", flush=True)
            else:
                if answer.status == 202:
                    return True
                print(f"{answer.status}: {text[:300]!r}", flush=True)
                if answer.status not in (429, 503):
                    return False
            time.sleep(_RETRY_S)


def main() -> None:
    """Let a few visitors in, a moment apart."""
    port, website_id = int(sys.argv[1]), sys.argv[2]
    for number in range(VISITORS):
        choice = random.Random()  # noqa: S311 - nothing here is a secret
        visitor = Visitor(port, website_id, choice)
        threading.Thread(target=visitor.run, name=f"visitor-{number}").start()
        time.sleep(3.0)


if __name__ == "__main__":
    main()
