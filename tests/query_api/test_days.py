"""A website's days in figures: what the daily summary tells, and what it must not tell."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from lake import erasure
from lake.control.websites import Website
from lake.raw.chunk_facts import Client
from lake.reading.lake_snapshot import Lake
from lake.tables import session_rows
from lake.tables.daily_summary import summarise_day
from lake.tables.delta_table import Table
from lake.tables.schemas import SCHEMAS, SIGNAL_KINDS
from query_api import schemas
from tests.query_api.recorded import NOW_MS, Event, Lakeful, Session, note, page, script_error
from tests.support.asgi import AppClient

pytestmark = pytest.mark.folder  # the store makes no difference here

DAY_MS = 86_400_000
TODAY = datetime.fromtimestamp(NOW_MS / 1000, UTC).date()
MORNING = NOW_MS // DAY_MS * DAY_MS + 3_600_000
SHOP = "https://shop.example"


def list_days(
    client: AppClient, lakeful: Lakeful, website: Website | None = None, /, **params: str
) -> list[dict[str, Any]]:
    website = website or lakeful.website
    answer = client.get(
        f"/api/websites/{website.website_id}/days",
        params=params,
        headers=lakeful.headers(website),
    )
    assert answer.status_code == 200, answer.text
    TypeAdapter(schemas.Days).validate_python(answer.json(), strict=True, extra="forbid")
    body: list[dict[str, Any]] = answer.json()["days"]
    return body


def events_at(at_ms: int, path: str = "/", *, errors: int = 0) -> list[Event]:
    return [
        *page(at_ms, SHOP + path),
        {"type": 3, "timestamp": at_ms + 2, "data": {"source": 2, "type": 2, "id": 2}},
        *[script_error(at_ms + 3, f"item {number} is gone") for number in range(errors)],
    ]


def record(
    lakeful: Lakeful, at_ms: int, path: str = "/", website: Website | None = None, **options: Any
) -> Session:
    """Store and compact a session; its day is not summarised."""
    errors = options.pop("errors", 0)
    session = lakeful.record(
        events_at(at_ms, path, errors=errors), website, began_ms=at_ms, **options
    )
    lakeful.compact(session.day)
    return session


def score(lakeful: Lakeful, session: Session, frustration_score: int, **counts: int) -> None:
    """Write what the analysis would find."""
    table = Table(lakeful.store, "sessions")
    key = (session.website_id, session.session_id)
    (row,) = session_rows.rows_of(table.snapshot(), [key]).to_dicts()
    parts = {key: row.pop("part")}
    row |= {f"{kind}_count": counts.get(kind, 0) for kind in SIGNAL_KINDS}
    row |= {"frustration_score": frustration_score}
    session_rows.replace(table, table.snapshot(), parts, [row])


def test_a_day_is_told_as_it_was_summarised(client: AppClient, lakeful: Lakeful) -> None:
    other = lakeful.new_website()
    angry = record(lakeful, MORNING, "/cart", errors=3)
    score(lakeful, angry, 80, rage_click=2, dead_click=1)
    for number, path in enumerate(("/", "/cart")):
        someone = Client(visitor_id=f"v{number}")
        session = record(lakeful, MORNING + 1 + number, path, client=someone)
        score(lakeful, session, 10 * number)
    record(lakeful, MORNING, "/theirs", other, errors=1)
    assert list_days(client, lakeful) == []  # it lags behind the list

    summarise_day(lakeful.store, angry.day)

    (day,) = list_days(client, lakeful)
    signals = day.pop("signals")
    (error,) = day.pop("topErrors")
    assert day == {
        "date": f"{TODAY}",
        "sessions": 3,
        "visitors": 3,
        "pageViews": 3,
        "clicks": 3,
        "errors": 3,
        "errorSessions": 1,
        "frustratedSessions": 1,
        "frustrationP50": 10,
        "frustrationP90": pytest.approx(66),
        "topPages": [
            {"url": f"{SHOP}/cart", "views": 2, "sessions": 2},
            {"url": f"{SHOP}/", "views": 1, "sessions": 1},
        ],
    }
    assert signals == dict.fromkeys(SIGNAL_KINDS, 0) | {"rage_click": 2, "dead_click": 1}
    assert (error["message"], error["count"], error["sessions"]) == ("item 2 is gone", 3, 1)
    (theirs,) = list_days(client, lakeful, other)
    assert [their["url"] for their in theirs["topPages"]] == [f"{SHOP}/theirs"]


def test_days_come_in_order_and_those_of_a_period_alone(
    client: AppClient, lakeful: Lakeful
) -> None:
    for ago in (0, 3, 1):
        session = record(lakeful, MORNING - ago * DAY_MS)
        summarise_day(lakeful.store, session.day)

    def dates(**params: str) -> list[int]:
        return [
            (TODAY - datetime.fromisoformat(day["date"]).date()).days
            for day in list_days(client, lakeful, **params)
        ]

    yesterday = TODAY - timedelta(days=1)
    assert dates() == [3, 1, 0]
    assert dates(**{"from": f"{yesterday}T23:59:59Z"}) == [1, 0]
    assert dates(to=f"{yesterday}") == [3]
    assert dates(to=f"{yesterday}T00:00:01Z") == [3, 1]
    assert dates(**{"from": f"{yesterday}", "to": f"{TODAY}"}) == [1]


def test_a_day_that_is_no_longer_kept_is_not_told(client: AppClient, lakeful: Lakeful) -> None:
    session = record(lakeful, MORNING)
    summarise_day(lakeful.store, session.day)
    midnight = (MORNING // DAY_MS + 61) * DAY_MS

    lakeful.clock.ms = midnight - 1
    assert [day["date"] for day in list_days(client, lakeful)] == [f"{TODAY}"]
    lakeful.clock.ms = midnight
    assert list_days(client, lakeful, **{"from": "2020-01-01"}) == []


@pytest.mark.parametrize("who", ["session", "visitor", "user"])
def test_an_erased_session_leaves_the_days_before_any_job_runs(
    client: AppClient, lakeful: Lakeful, who: str
) -> None:
    """Its addresses may be personal, and a day without other sessions is not listed."""
    ann = Client(visitor_id="ann")
    for ago in (0, 1):
        at_ms = MORNING - ago * DAY_MS
        events = [*events_at(at_ms, "/ann", errors=2), note(at_ms + 9, "identify", id="ann")]
        session = lakeful.record(events, began_ms=at_ms, client=ann)
        lakeful.compact(session.day)
        if ago == 0:
            requested, left = session, record(lakeful, MORNING + 5)
        summarise_day(lakeful.store, session.day)
    assert [day["sessions"] for day in list_days(client, lakeful)] == [1, 2]
    targets = {
        "session": erasure.ErasureTargets(sessions=(requested.session_id, session.session_id)),
        "visitor": erasure.ErasureTargets(visitor_id="ann"),
        "user": erasure.ErasureTargets(user_id="ann"),
    }[who]
    lake = Lake(lakeful.store, lakeful.settings, lakeful.clock)
    erasure.request_erasure(lake, requested.website_id, targets, by="a test")

    (day,) = list_days(client, lakeful)
    summarised = ("sessions", "visitors", "pageViews", "clicks", "errors", "errorSessions")
    assert [day[name] for name in summarised] == [1, 1, 1, 1, 0, 0]
    assert [item["url"] for item in day["topPages"]] == [f"{SHOP}/"]
    assert day["topErrors"] == []
    assert day["date"] == f"{left.day}"

    def sleep(seconds: float) -> None:
        lakeful.clock.ms += int(seconds * 1000) + 1

    erasure.execute_pending_requests(
        lakeful.store, lakeful.settings, now_ms=lakeful.clock, sleep=sleep
    )
    lakeful.clock.tick()
    assert list_days(client, lakeful) == [day]


def test_an_error_whose_rows_are_gone_has_no_message(client: AppClient, lakeful: Lakeful) -> None:
    session = record(lakeful, MORNING, errors=1)
    summarise_day(lakeful.store, session.day)
    table = Table(lakeful.store, "errors")
    key = (session.website_id, session.session_id)
    session_rows.replace(table, table.snapshot(), {key: "2026-11-18T01"}, ())
    lakeful.clock.tick()

    (day,) = list_days(client, lakeful)
    (error,) = day["topErrors"]
    assert (error["message"], error["count"]) == (None, 1)


def test_a_day_summarised_before_signals_has_nulls(client: AppClient, lakeful: Lakeful) -> None:
    session = record(lakeful, MORNING)
    summarise_day(lakeful.store, session.day)
    table = Table(lakeful.store, "daily_summary")
    (row,) = table.snapshot().scan().collect().to_dicts()
    unknown = ("frustrated_session_count", "signals", "top_pages", "top_errors")
    old = row | dict.fromkeys(unknown) | {"part": f"{TODAY}"}
    table.replace([f"{TODAY}"], pa.Table.from_pylist([old], SCHEMAS["daily_summary"]))

    (day,) = list_days(client, lakeful)
    assert day["sessions"] == 1
    recorded = ("frustratedSessions", "signals", "topPages", "topErrors")
    assert [day[name] for name in recorded] == [None] * 4
