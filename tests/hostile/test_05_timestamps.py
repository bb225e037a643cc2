"""Impossible timestamps are harmless: no route fails, answers on other sessions stay the same."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest

from ingest_api.app import create_app as create_ingest
from lake.control import websites
from lake.errors import RecordingMalformed
from lake.ingest.import_recording import import_recording
from lake.tables.daily_summary import summarise_day
from lake.timestamps import CLOCK_OFF_MS_MAX
from tests.ingest_api.recording import Recorder, plain
from tests.lake.operations.damage import rewrite
from tests.lake.operations.lakes import broken, dead_click
from tests.query_api.recorded import (
    NOW_MS,
    Event,
    Lakeful,
    Session,
    moves,
    note,
    page,
    script_error,
)
from tests.support.asgi import AppClient

pytestmark = pytest.mark.folder  # the store makes no difference here

BEGAN_MS = NOW_MS - 600_000
URL = "https://shop.example/honest"
THEIRS = "https://shop.example/hostile"
YEAR_MS = 31_556_952_000
# JSON texts, as a parser may read one differently from a number that was written.
SOME = (
    *("8640000000000000", "-8640000000000000", "253402300800000", "-62135596800001"),
    *("1e-300", "NaN"),
)
EVERY = (
    *SOME,
    *("9007199254740992", "-0.0", "1.7976931348623157e308", "1e999"),
    # what a Date, a datetime, a calendar of Arrow and an integer can just and no longer hold
    *("8640000000000001", "-8640000000000001", "8639999999999999.5", "-8639999999999999.5"),
    *("253402300799999", "253402300799999.9", "253402300800000.5", "-62135596800000"),
    *("-62135596800000.5", "-62167219200000", "-62167219200001", "8210266876799999"),
    *("8210298412799999", "-8334601228800000", "9223372036854", "9223372036855"),
    *("-9223372036855", "9223372036854775807", "9223372036854775808", "-9223372036854775809"),
    *("2147483647", "2147483648", "-2147483649", "4294967296", "4294967296000"),
    *("9007199254740991", "9007199254740993", "-9007199254740992", "0", "0.1", "-1", "-0.9"),
    *("5e-324", "1e15", "-1e15", "1e300", "-1e300", "1e400", "-1e999", "Infinity", "-Infinity"),
    *(str(BEGAN_MS + off * 100 * YEAR_MS) for off in (-1, 1)),
    *(str(BEGAN_MS + off) for off in (-CLOCK_OFF_MS_MAX - 1, CLOCK_OFF_MS_MAX + 1)),
    *("1e16", "-1e16", "999999999999999999999999", "null", '"1795000000000"'),
)
Answers = dict[str, Any]


def acts(at_ms: float, url: str, name: str) -> list[Event]:
    """A page view, an error and a signal, all at once."""
    view = note(at_ms, "page", url=url, title=name, width=800, height=600)
    return [view, script_error(at_ms, f"{name} is undefined"), *dead_click(at_ms)]


def texts(stamp: str) -> Iterator[bytes]:
    """Sessions in which one time of several is hostile, all are, or both ends are."""
    calm = page(BEGAN_MS + 5, THEIRS)
    marked = 123456789.5  # stands for the time, which need not be JSON
    for events in (
        [*calm, *acts(marked, THEIRS, "mallory")],
        [*page(marked, THEIRS), *acts(marked, THEIRS, "mallory")],
        [note(8.64e15, "page", url=THEIRS), *calm, *acts(marked, THEIRS, "mallory")],
        [note(-8.64e15, "page", url=THEIRS), *calm, *acts(marked, THEIRS, "mallory")],
    ):
        yield json.dumps(events).replace(str(marked), stamp).encode()


def attack(lakeful: Lakeful, stamps: tuple[str, ...], *, each: int) -> list[str]:
    """Send hostile sessions to an ingest API; return the ids of those that it takes."""
    taken = []
    lakeful.website = lakeful.new_website()
    flags = {"enable_session_replay": True, "session_replay_trigger": "all"}
    websites.change(lakeful.store, lakeful.website.website_id, flags)
    with AppClient(create_ingest(lakeful.settings, lakeful.store, clock=lakeful.clock)) as ingest:
        for stamp in stamps:
            for body, _ in zip(texts(stamp), range(each), strict=False):
                sender = Recorder(lakeful.website.website_id, BEGAN_MS)
                answer = ingest.post(
                    "/v1/chunks", params=sender.params(), content=body, headers=plain()
                )
                assert answer.status_code in (202, 400), (stamp, answer.text)
                if answer.status_code == 202:
                    taken.append(sender.session_id)
                else:
                    assert answer.json()["kind"] == "chunk-malformed", stamp
    lakeful.clock.tick()
    return taken


def honest(lakeful: Lakeful) -> Session:
    events = [*page(BEGAN_MS, URL), *acts(BEGAN_MS + 3000, URL, "alice")]
    return lakeful.record(events, began_ms=BEGAN_MS)


class RouteReader:
    """Client of every GET route of the website and of each session."""

    def __init__(self, client: AppClient, lakeful: Lakeful) -> None:
        self._client = client
        self._lakeful = lakeful
        self.headers = lakeful.headers(role="admin")
        self.requested: set[str] = set()

    def get(self, route: str, query: str = "", **place: str) -> Any:
        """GET; a 404 is none of a route that should know the place."""
        self.requested.add(route)
        place |= {"website_id": self._lakeful.website.website_id}
        url = route.format(**place) + (f"?{query}" if query else "")
        answer = self._client.get(url, headers=self.headers)
        assert answer.status_code == 200, (url, answer.status_code, answer.text[:500])
        is_json = answer.headers["content-type"].startswith("application/json")
        return answer.json() if is_json else answer.content

    def website(self) -> Answers:
        base = "/api/websites/{website_id}"
        answers: Answers = {}
        for query in (
            *(f"sort={sort}&limit=200" for sort in ("recent", "duration", "errors", "pages")),
            *("sort=frustration", "live=true", "live=false", "minDuration=1", "hasErrors=true"),
            "maxDuration=9007199254740991",
        ):
            answers[query] = self.get(f"{base}/sessions", query)
        answers["errors"] = self.get(f"{base}/errors")
        for group in answers["errors"]["errors"]:
            place = {"fingerprint": group["fingerprint"]}
            answers[group["message"]] = self.get(f"{base}/errors/{{fingerprint}}", **place)
            # Nothing stands at the top of the list for ever, on days that are to come.
            assert group["firstSeenAt"][:10] == group["lastSeenAt"][:10] == "2026-11-18", group
            assert [day["date"] for day in group["byDay"]] == ["2026-11-18"]
        for by in ("page", "target", "signal"):
            answers[by] = self.get(f"{base}/frustration", f"by={by}")
        for url in (URL, THEIRS):
            answers[url] = self.get(f"{base}/heatmap", f"url={quote(url, safe='')}")
        for name in ("pages", "days", "audit", "erasures", "keys"):
            answers[name] = self.get(f"{base}/{name}")
        for route in (base, "/api/websites", "/api/me", "/healthz", "/readyz", "/metrics"):
            self.get(route)
        return answers

    def session(self, session_id: str, *, shared: bool = False, is_old: bool = False) -> Answers:
        place = {"session_id": session_id}
        detail = self.get("/api/websites/{website_id}/sessions/{session_id}", **place)
        length = detail["duration"]
        assert 0 <= length <= 2 * CLOCK_OFF_MS_MAX
        most = 2 * CLOCK_OFF_MS_MAX if is_old else length
        for kind in ("pageList", "signalEvents", "errorEvents"):
            assert all(0 <= item["atMs"] <= most for item in detail[kind]), (kind, detail)
        replay = "/api/replay/{session_id}"
        whole = self.get(replay, **place)
        # One more: lengths are whole, and the last event may be a fraction later.
        assert self.get(replay, f"from_ms=0&to_ms={length + 1}", **place) == whole
        for query in (f"from_ms={length}", "to_ms=0", f"page={detail['pageList'][0]['pageId']}"):
            self.get(replay, query, **place)
        self.get("/api/replay/{session_id}/offline", **place)
        if shared:
            self._shared(session_id)
        return {"detail": detail, "replay": whole}

    def _shared(self, session_id: str) -> None:
        path = f"/api/replay/{session_id}/share"
        token = self._client.post(path, headers=self.headers).json()["token"]
        self.get("/api/replay/{session_id}/shares", session_id=session_id)
        for rest in ("", "/replay", "/offline"):
            self.get(f"/api/shared/{{token}}{rest}", token=token)


def of_honest(reader: RouteReader, session: Session) -> Answers:
    """Every answer about the honest session, alone or among others."""
    answers = reader.website()
    errors = [error for error in answers["errors"]["errors"] if "alice" in error["message"]]
    row = [
        listed
        for listed in answers["sort=recent&limit=200"]["sessions"]
        if listed["sessionId"] == session.session_id
    ]
    signals = [group for group in answers["page"]["groups"] if group["url"] == URL]
    pages = [page for page in answers["pages"]["pages"] if page["url"] == URL]
    parts = (row, errors, signals, pages, answers[URL], answers["alice is undefined"])
    return {"lists": parts, **reader.session(session.session_id, shared=True)}


def check_all(client: AppClient, lakeful: Lakeful, stamps: tuple[str, ...], each: int) -> None:
    taken = attack(lakeful, stamps, each=each)
    session = honest(lakeful)
    other = RouteReader(client, alone := Lakeful(lakeful.store, lakeful.settings, lakeful.clock))
    same = honest(alone)
    reader = RouteReader(client, lakeful)
    for state in ("waiting", "compacted", "of an older version"):
        if state == "compacted":
            lakeful.compact(session.day)
            summarise_day(lakeful.store, session.day)
            assert broken(lakeful.store, lakeful.settings) == []
        elif state != "waiting":
            write_as_before(lakeful, session, same)
        for session_id in taken:
            reader.session(session_id, is_old=state == "of an older version")
        seen, expected = of_honest(reader, session), of_honest(other, same)
        assert without_ids(seen) == without_ids(expected), state
        days = reader.website()["days"]["days"]
        assert [day["sessions"] for day in days] == [len(taken) + 1] * (state != "waiting")
    routes = {
        path
        for path, methods in client.get("/openapi.json").json()["paths"].items()
        if "get" in methods
    }
    assert routes - reader.requested == {"/api/erasures/{erasure_id}"}


def write_as_before(lakeful: Lakeful, *honest: Session) -> None:
    """Write rows with unclamped event times, as older versions did."""
    others = ~pl.col("session_id").is_in([session.session_id for session in honest])
    for name, column, ms in (
        *(("sessions", "first_at_ms", -(864 * 10**13)), ("sessions", "duration_ms", 1728 * 10**13)),
        *((name, "at_ms", 864 * 10**13) for name in ("errors", "signals", "pages")),
    ):
        change = pl.when(others).then(pl.lit(ms, pl.Int64)).otherwise(column).alias(column)
        rewrite(lakeful, name, change=change)
    lakeful.clock.tick()


def without_ids(answers: Answers) -> str:
    """Leave out what differs between two equal sessions."""
    drawn = ("sessionId", "pageId", "bytes", "shareId", "exampleId")

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: bare(item) for key, item in value.items() if key not in drawn}
        return [bare(item) for item in value] if isinstance(value, list | tuple) else value

    return json.dumps(bare({key: answer for key, answer in answers.items() if key != "replay"}))


def test_hostile_times_fail_no_route_and_change_no_other_session(
    client: AppClient, lakeful: Lakeful
) -> None:
    check_all(client, lakeful, SOME, 1)


@pytest.mark.long
def test_all_hostile_times_in_every_place_fail_no_route(
    client: AppClient, lakeful: Lakeful
) -> None:
    assert len(set(EVERY)) >= 50
    check_all(client, lakeful, EVERY, 4)


def test_import_with_an_unmovable_clock_writes_nothing(lakeful: Lakeful, tmp_path: Path) -> None:
    # More events than the first chunk holds: the last ones are those that cannot be moved.
    events = [*page(-8.64e15), *moves(BEGAN_MS, 600)]
    path = tmp_path / "recording.json"
    path.write_text(json.dumps(events))

    with pytest.raises(RecordingMalformed, match="too far apart"):
        import_recording(
            lakeful.store,
            lakeful.settings,
            path,
            website_id=lakeful.website.website_id,
            now_ms=NOW_MS,
            at_ms=NOW_MS,
        )
    assert list(lakeful.store.list("raw/")) == []
