"""Both services as real processes over an empty lake, and access to its contents."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx

from lake.compaction import compact_day, pending_days
from lake.control import api_keys, websites
from lake.settings import Settings
from lake.storage.base import Store, open_store
from tests.conftest import eventually
from tests.support.processes import INGEST, QUERY, Server, serving
from tests.support.texts import texts_of

Event = dict[str, Any]
_ZSTD, _SKIPPABLE, _GZIP = b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18", b"\x1f\x8b"


class Services(NamedTuple):
    """Both services over one lake."""

    settings: Settings
    ingest: Server
    query: Server


class Stack:
    """A website of its own in a lake, which records everything, and the services.

    `website_id` is the website, `key` may read it, `ingest` and `query` are the servers.
    """

    def __init__(self, services: Services, origin: str) -> None:
        self.settings, self.ingest, self.query = services
        self.store: Store = open_store(self.settings)
        now_ms = int(time.time() * 1000)
        made = websites.create(self.store, "shop", origins=(origin,), now_ms=now_ms)
        self.website_id = made.website_id
        self.key = api_keys.create(
            self.store, website_id=self.website_id, role="admin", now_ms=now_ms
        )
        everything = {"enable_session_replay": True, "session_replay_trigger": "all"}
        self.change(**everything, replay_sampling_rate=1.0)
        self._http = httpx.Client(
            base_url=self.query.url, headers={"authorization": f"Bearer {self.key}"}, timeout=60
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def change(self, **settings: Any) -> None:
        """Change the website's settings; best before its first page, as they are believed a while.

        Returns once the services know.
        """
        wanted = websites.change(self.store, self.website_id, settings)
        parts = (wanted.feature_flags, wanted.privacy, wanted.smart)
        names = [(part, name) for part in parts for name in part.__struct_fields__]

        def is_applied(http: httpx.Client) -> bool:
            config = http.get(f"{self.ingest.url}/v1/config/{self.website_id}").json()
            values = config["feature_flags"] | config["privacy"] | config["smart"]
            mine = {name: getattr(part, name) for part, name in names}
            return json.dumps(values, sort_keys=True) == json.dumps(mine, sort_keys=True)

        with httpx.Client() as http:
            eventually(lambda: is_applied(http))

    def get(self, path: str, **params: Any) -> httpx.Response:
        """Ask the query API."""
        return self._http.get(path, params=params)

    def sessions(self) -> list[dict[str, Any]]:
        """The list, newest first."""
        answer = self.get(f"/api/websites/{self.website_id}/sessions")
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["sessions"]
        return rows

    def listed(self, session: str) -> dict[str, Any]:
        """A session in the list; waits until it is there."""
        rows: list[dict[str, Any]] = []

        def is_listed() -> bool:
            rows[:] = [row for row in self.sessions() if row["sessionId"] == session]
            return bool(rows)

        eventually(is_listed)
        return rows[0]

    def detail(self, session: str) -> dict[str, Any]:
        """A session with its pages, errors and signals."""
        answer = self.get(f"/api/websites/{self.website_id}/sessions/{session}")
        assert answer.status_code == 200, answer.text
        detail: dict[str, Any] = answer.json()
        return detail

    def replay(self, session: str) -> list[Event]:
        """A session's events as a player gets them; none where there is no session."""
        answer = self.get(f"/api/replay/{session}")
        if answer.status_code == 404:
            return []
        assert answer.status_code == 200, answer.text
        events = [json.loads(line) for line in answer.content.split(b"\n")[:-1]]
        assert answer.headers["x-event-count"] == str(len(events))
        return events

    def notes(self, session: str, name: str) -> list[dict[str, Any]]:
        """The payloads of a session's events `replaylake.<name>`."""
        tag = f"replaylake.{name}"
        return [
            event["data"]["payload"]
            for event in self.replay(session)
            if event["type"] == 5 and event["data"]["tag"] == tag
        ]

    def compact(self) -> None:
        """Compact all that waits, what an open page sends meanwhile included."""

        def is_compacted() -> bool:
            for day in pending_days(self.store):
                done = compact_day(self.store, self.settings, day, now_ms=int(time.time() * 1000))
                assert not done.failed
            return pending_days(self.store) == []

        eventually(is_compacted)

    def lake_bytes(self) -> bytes:
        """Every byte of the lake, as it lies and inflated."""
        return b"\n".join(texts_of(_files(Path(self.settings.lake))).values())

    def where(self, text: str) -> list[str]:
        """The files of the lake that hold a text, as it is or as JSON or a URL writes it."""
        forms = {
            text.encode(),
            json.dumps(text)[1:-1].encode(),
            json.dumps(text, ensure_ascii=False)[1:-1].encode(),
            quote(text, safe="").encode(),
        }
        texts = texts_of(_files(Path(self.settings.lake)))
        return [name for name, body in texts.items() if any(form in body for form in forms)]


@contextmanager
def running(folder: Path) -> Iterator[Services]:
    """Run both services over a lake in `folder`. They see what is new at once."""
    settings = Settings(
        lake=str(folder / "lake"),
        control_cache_s=0.2,
        pending_refresh_ms=100,
        ingest_late_ms=60_000,  # a slow machine is no flood of another website
        query_misses_per_s=100_000,  # tests ask until it is there
    )
    with (
        serving(settings, folder / "ingest.log", command=INGEST) as ingest,
        serving(settings, folder / "query.log", command=QUERY) as query,
    ):
        yield Services(settings, ingest, query)


def _files(lake: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(lake.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(lake)), path.read_bytes()
