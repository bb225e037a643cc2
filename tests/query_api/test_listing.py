"""The list of sessions against a filter in plain Python, on a lake that has every state at once."""

import random
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lake import ids
from lake.control.websites import Website
from lake.raw.chunk_facts import Client
from lake.raw.segment_file import ReceivedChunk
from lake.reading import session_list
from lake.reading.lake_snapshot import Lake
from lake.reading.session_filters import LIMIT_MAX, SORTS, SessionQuery
from lake.reading.session_list import CursorMalformed, list_sessions
from lake.settings import Settings
from lake.storage.base import open_store
from lake.tables import cold_layout, session_rows
from lake.tables.delta_table import Table
from lake.tables.schemas import SIGNAL_KINDS
from tests.query_api.recorded import NOW_MS, Clock, Lakeful, Session, moves, page, script_error

pytestmark = pytest.mark.folder  # the store makes no difference here

DAY_MS = 86_400_000
# Today, hot and cold days, and both sides of the days on which plans expire; each is compacted.
DAYS_AGO = (0, 1, 2, 9, 33, 58, 59, 60, 61, 75)
DEVICES = ("desktop", "mobile", "tablet")
BROWSERS = ("Chrome", "Firefox", None)
COUNTRIES = ("DE", "FR", None)
URLS = ("https://shop.example/", "https://shop.example/Cart", "https://shop.example/über/ß")
USERS = ("ann", None)
VISITORS = ("v1", "v2", "v3")


@dataclass(frozen=True)
class Expected:
    """A session as whoever recorded it knows it."""

    session: Session
    began_at: datetime
    duration_ms: int
    urls: tuple[str, ...]
    error_count: int
    user_id: str | None
    signals: dict[str, int]
    score: int | None

    def matches(self, query: SessionQuery, now_ms: int) -> bool:
        """Whether it is wanted, apart from its age."""
        client = self.session.client
        ended_ms = self.began_at.timestamp() * 1000 + self.duration_ms
        is_live = abs(now_ms - ended_ms) <= 120_000

        def one_of(value: str | None, wanted: tuple[str, ...]) -> bool:
            return not wanted or (value or "\0").lower() in [text.lower() for text in wanted]

        return all(
            (
                query.from_at is None or self.began_at >= query.from_at,
                query.to_at is None or self.began_at < query.to_at,
                one_of(client.device_type, query.device),
                one_of(client.browser_name, query.browser),
                one_of(client.os_name, query.os),
                one_of(client.country, query.country),
                query.has_errors in (None, self.error_count > 0),
                query.has_frustration in (None, any(self.signals.values())),
                all(self.signals.get(kind, 0) > 0 for kind in query.signals),
                query.min_duration_ms is None or self.duration_ms >= query.min_duration_ms,
                query.max_duration_ms is None or self.duration_ms <= query.max_duration_ms,
                query.min_pages is None or len(self.urls) >= query.min_pages,
                query.url.lower() in "\n".join(self.urls).lower(),
                query.visitor_id in ("", client.visitor_id),
                query.user_id in ("", self.user_id),
                query.live in (None, is_live),
            )
        )

    def place(self, sort: str) -> tuple[int, str]:
        """Sort key of a session; the list begins with the greatest."""
        values = {
            "recent": 0,
            "duration": self.duration_ms,
            "errors": self.error_count,
            "frustration": -1 if self.score is None else self.score,
            "pages": len(self.urls),
        }
        return values[sort], self.session.session_id


class World:
    """Two websites with sessions: cold, hot, waiting, hot with late chunks, expired."""

    def __init__(self, folder: Path) -> None:
        settings = Settings(lake=str(folder))
        self.clock = Clock()
        self.lakeful = Lakeful(open_store(settings), settings, self.clock)
        self.other = self.lakeful.new_website(plan="scale")
        self.expected: dict[str, list[Expected]] = {
            self.lakeful.website.website_id: [],
            self.other.website_id: [],
        }
        random.seed(7)
        self._fill()

    def _fill(self) -> None:
        began = [
            NOW_MS - random.choice(DAYS_AGO) * DAY_MS - random.randrange(DAY_MS) for _ in range(90)
        ]
        began += [NOW_MS - random.randrange(3 * DAY_MS) for _ in range(40)]
        began += [NOW_MS - 3_600_000] * 10  # the same ms: the id alone orders them
        now: dict[date, list[ReceivedChunk]] = defaultdict(list)
        late: list[ReceivedChunk] = []
        for number, began_ms in enumerate(began):
            for website in (self.lakeful.website, self.other):
                # Both websites have its id.
                session = Session(website.website_id, began_ms, _client(), f"{number:032x}")
                at_once, later = self._record(session)
                now[session.day] += at_once
                late += later
        for day, received_chunks in sorted(now.items()):
            if received_chunks:
                self.clock.ms = ids.at_ms_of(received_chunks[0].session_id)
                self.lakeful.append(received_chunks)
                self.lakeful.compact(day)
        self._score()
        cold_layout.move_to_cold(
            self.lakeful.store, datetime.fromtimestamp(NOW_MS / 1000, UTC).date()
        )
        self.lakeful.append(late)
        self.clock.ms = NOW_MS

    def _record(self, session: Session) -> tuple[list[ReceivedChunk], list[ReceivedChunk]]:
        """Make a session's chunks: those that come at once, and those that come late."""
        began_ms = session.began_ms
        urls = tuple(random.sample(URLS, random.randint(1, 3)))
        error_count = random.choice((0, 0, 1, 3))
        user_id = random.choice(USERS)
        events = [e for number, url in enumerate(urls) for e in page(began_ms + number * 10, url)]
        if user_id:
            payload = {"tag": "replaylake.identify", "payload": {"id": user_id}}
            events.append({"type": 5, "timestamp": began_ms + 40, "data": payload})
        events += [script_error(began_ms + 50 + number) for number in range(error_count)]
        events += moves(began_ms + 60, random.choice((1, 5, 50)), every_ms=1000)
        chunks = session.chunks(events, size=7)
        now, late = random.choice((([], chunks), (chunks, []), (chunks[::2], chunks[1::2])))
        is_scored = not late and random.random() < 0.5
        self.expected[session.website_id].append(
            Expected(
                session,
                datetime.fromtimestamp(began_ms / 1000, UTC),
                int(events[-1]["timestamp"]) - began_ms,
                urls,
                error_count,
                user_id,
                {kind: random.choice((0, 0, 2)) for kind in SIGNAL_KINDS} if is_scored else {},
                # What is compacted has a score, and here no reason for more than 0.
                random.choice((0, 10, 90)) if is_scored else (0 if now else None),
            )
        )
        return now, late

    def _score(self) -> None:
        """Write scores and signals as analysis would."""
        scored = {
            (item.session.website_id, item.session.session_id): item
            for ones in self.expected.values()
            for item in ones
            if item.score is not None
        }
        table = Table(self.lakeful.store, "sessions")
        snapshot = table.snapshot()
        rows = session_rows.rows_of(snapshot, scored).to_dicts()
        parts = {(row["website_id"], row["session_id"]): row.pop("part") for row in rows}
        for row in rows:
            item = scored[row["website_id"], row["session_id"]]
            row |= {f"{kind}_count": count for kind, count in item.signals.items()}
            row |= {"frustration_score": item.score, "scoring_version": 1}
        session_rows.replace(table, snapshot, parts, rows)

    def wanted(self, website: Website, query: SessionQuery) -> list[str]:
        """Ids that the list should contain."""
        days = {"pro": 60, "scale": 120}[website.plan]
        today = datetime.fromtimestamp(self.clock.ms / 1000, UTC).date()
        matches = [
            item
            for item in self.expected[website.website_id]
            if item.session.day >= today - timedelta(days=days)
            and item.matches(query, self.clock.ms)
        ]
        matches.sort(key=lambda item: item.place(query.sort), reverse=True)
        return [item.session.session_id for item in matches]


def _client() -> Client:
    return Client(
        visitor_id=random.choice(VISITORS),
        device_type=random.choice(DEVICES),
        browser_name=random.choice(BROWSERS),
        os_name=random.choice(("Linux", None)),
        country=random.choice(COUNTRIES),
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("listing") / "lake")


def some(values: tuple[Any, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Mostly no filter, else one or two values in any case."""
    names = st.sampled_from([form for v in values if v for form in (v, v.upper())])
    return st.one_of(st.just(()), st.just(()), st.lists(names, min_size=1, max_size=2).map(tuple))


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), st.none(), values)


instants = st.integers(NOW_MS - 80 * DAY_MS, NOW_MS + DAY_MS).map(
    lambda ms: datetime.fromtimestamp(ms / 1000, UTC)
)
queries = st.builds(
    SessionQuery,
    from_at=maybe(instants),
    to_at=maybe(instants),
    device=some(DEVICES),
    browser=some(BROWSERS),
    os=some(("Linux",)),
    country=some(COUNTRIES),
    has_errors=maybe(st.booleans()),
    has_frustration=maybe(st.booleans()),
    signals=some(SIGNAL_KINDS).map(lambda kinds: tuple(kind.lower() for kind in kinds)),
    min_duration_ms=maybe(st.sampled_from((0, 1000, 5000))),
    max_duration_ms=maybe(st.sampled_from((100, 5000, 60_000))),
    min_pages=maybe(st.integers(1, 3)),
    url=st.sampled_from(("", "", "cart", "CART", "über", "nowhere", "%", "shop.example/\n")),
    visitor_id=st.sampled_from(("", "", *VISITORS)),
    user_id=st.sampled_from(("", "", "ann")),
    live=maybe(st.booleans()),
    sort=st.sampled_from(sorted(SORTS)),
    limit=st.sampled_from((1, 2, 7, 50, LIMIT_MAX)),
)


@pytest.fixture(params=["memory", "no memory", "all at once"])
def lake(request: pytest.FixtureRequest, world: World, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A reader that remembers, one that forgets, and one that has to sort on disk."""
    settings = world.lakeful.settings
    if request.param == "no memory":
        settings = replace(settings, table_memory_bytes_max=1)
    if request.param == "all at once":
        monkeypatch.setattr(session_list, "_TIES_MAX", -LIMIT_MAX - 1000)
    return Lake(world.lakeful.store, settings, world.clock)


@given(query=queries, is_other=st.booleans())
@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.slow
def test_all_pages_of_any_list_are_what_a_plain_filter_finds(
    world: World, lake: Lake, query: SessionQuery, is_other: bool
) -> None:
    website = world.other if is_other else world.lakeful.website
    wanted = world.wanted(website, query)

    listed: list[str] = []
    while True:
        answer = list_sessions(lake, website, query)
        assert answer.total == len(wanted)
        assert len(answer.rows) <= query.limit
        listed += [row["session_id"] for row in answer.rows]
        if answer.next_cursor is None:
            break
        if len(listed) > 20 * query.limit:  # the rest of a long list of short pages
            query = replace(query, limit=LIMIT_MAX)
        query = replace(query, cursor=answer.next_cursor)
    assert listed == wanted


@pytest.mark.parametrize("sort", SORTS)
def test_a_list_goes_on_where_it_was_although_new_sessions_came(
    lakeful: Lakeful, sort: str
) -> None:
    for number in range(9):
        began_ms = NOW_MS - 600_000 - number
        session = lakeful.record([*page(began_ms), *moves(began_ms + 5, 3)], began_ms=began_ms)
    lakeful.compact(session.day)  # gives them their scores
    lake = Lake(lakeful.store, lakeful.settings, lakeful.clock)
    query = SessionQuery(sort=sort, limit=3)
    whole = list_sessions(lake, lakeful.website, replace(query, limit=9))
    pages = [list_sessions(lake, lakeful.website, query)]

    for _ in range(2):
        session = lakeful.record([*page(NOW_MS), *moves(NOW_MS, 300)], began_ms=NOW_MS)
        lakeful.compact(session.day)
        cursor = pages[-1].next_cursor
        pages.append(list_sessions(lake, lakeful.website, replace(query, cursor=cursor)))

    assert [row["session_id"] for answer in pages for row in answer.rows] == [
        row["session_id"] for row in whole.rows
    ]
    assert pages[-1].total == 11


@pytest.mark.parametrize("cursor", ["", "x", "WyJyZWNlbnQiXQ", "é", "A" * 5000, "W10=", "\0"])
def test_an_invented_cursor_is_refused(lakeful: Lakeful, cursor: str) -> None:
    lake = Lake(lakeful.store, lakeful.settings, lakeful.clock)
    with pytest.raises(CursorMalformed):
        list_sessions(lake, lakeful.website, SessionQuery(cursor=cursor))


def test_a_cursor_of_another_sort_is_refused(lakeful: Lakeful) -> None:
    for _ in range(2):
        lakeful.record(page(NOW_MS))
    lake = Lake(lakeful.store, lakeful.settings, lakeful.clock)
    first = list_sessions(lake, lakeful.website, SessionQuery(limit=1))

    query = SessionQuery(limit=1, sort="errors", cursor=first.next_cursor)
    with pytest.raises(CursorMalformed):
        list_sessions(lake, lakeful.website, query)
