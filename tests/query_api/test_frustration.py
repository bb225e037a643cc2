"""Frustration by page, element and kind, compared with a count in plain Python."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter

from lake import erasure
from lake.control.websites import Website
from lake.raw.chunk_facts import Client
from lake.reading.lake_snapshot import Lake
from lake.tables import session_rows
from lake.tables.delta_table import Table
from lake.tables.partitions import hot_part
from lake.tables.schemas import SIGNAL_KINDS
from query_api import schemas
from tests.query_api.recorded import NOW_MS, Lakeful, Session, page
from tests.support.asgi import AppClient

pytestmark = pytest.mark.folder  # the store makes no difference here

START = NOW_MS - 7_200_000
SHOP = "https://shop.example"
PAGES = ("/", "/?q=1", "/?q=2#top", "/cart", "/cart#/pay?x", "/cart/2")
TARGETS = (("main > button", "Buy"), ("main > button", "Pay"), ("a", None), (None, None))
KEYS = {"page": ("url",), "target": ("url", "target", "text"), "signal": ("kind",)}


@dataclass(frozen=True)
class Signal:
    """A row of the table, and whose it is."""

    session: Session
    kind: str
    url: str | None
    target: str | None
    text: str | None
    offset_ms: int

    def row(self, number: int) -> dict[str, Any]:
        return {
            "website_id": self.session.website_id,
            "session_id": self.session.session_id,
            "started_at": datetime.fromtimestamp(self.session.began_ms / 1000, UTC),
            "signal_no": number,
            "kind": self.kind,
            "page_id": next(iter(self.session.page_seqs)),
            "at_ms": self.session.began_ms + self.offset_ms,
            "url": self.url,
            "target": self.target,
            "text": self.text,
            "evidence": '{"clicks": 4}',
        }

    def key(self, by: str) -> tuple[str | None, ...]:
        return tuple(bare(self.url) if name == "url" else getattr(self, name) for name in KEYS[by])


class World:
    """Two websites with sessions whose signals are known."""

    def __init__(self, lakeful: Lakeful) -> None:
        self.lakeful = lakeful
        self.website, self.other = lakeful.website, lakeful.new_website()
        self.random = random.Random(5)
        self.urls: dict[Session, list[str]] = {}
        self.signals: list[Signal] = []
        sessions = [
            self._session(number, website)
            for number in range(14)
            for website in (self.website, self.other)
        ]
        lakeful.append(
            [
                received_chunk
                for session in sessions
                for received_chunk in session.chunks(self._events(session))
            ]
        )
        lakeful.compact(sessions[0].day)
        self.signals = [signal for session in sessions for signal in self._signals(session)]
        write(lakeful, self.signals)

    def _session(self, number: int, website: Website) -> Session:
        # Both websites have its id, and its visitor.
        client = Client(visitor_id=f"v{number % 5}", device_type="desktop")
        return Hashable(website.website_id, START + number * 1000, client, f"{number:032x}")

    def _events(self, session: Session) -> list[dict[str, Any]]:
        urls = [SHOP + path for path in self.random.sample(PAGES, self.random.randint(1, 4))]
        self.urls[session] = urls
        return [e for n, url in enumerate(urls) for e in page(session.began_ms + n * 50, url)]

    def _signals(self, session: Session) -> Iterator[Signal]:
        for _ in range(self.random.choice((0, 1, 3, 12))):
            target, text = self.random.choice(TARGETS)
            url = self.random.choice(self.urls[session])
            kind = self.random.choice(SIGNAL_KINDS[:4])
            yield Signal(session, kind, url, target, text, self.random.randrange(10_000))

    def expected(
        self,
        website: Website,
        by: str,
        kinds: Iterable[str] = (),
        erased_sessions: Iterable[Session] = (),
    ) -> dict[tuple[str | None, ...], dict[str, Any]]:
        """Expected groups by their keys."""
        groups: dict[tuple[str | None, ...], list[Signal]] = defaultdict(list)
        for signal in self.signals:
            is_meant = not kinds or signal.kind in kinds
            if signal.session.website_id != website.website_id or signal.session in erased_sessions:
                continue
            if is_meant and (by != "target" or signal.target is not None):
                groups[signal.key(by)].append(signal)
        viewing = Counter(
            address
            for session, urls in self.urls.items()
            if session.website_id == website.website_id and session not in erased_sessions
            for address in {bare(url) for url in urls}
        )
        return {
            key: {
                **dict.fromkeys(("url", "target", "text", "kind")),
                **dict(zip(KEYS[by], key, strict=True)),
                **counts(signals),
                "viewingSessions": viewing[key[0]] if by == "page" else None,
                "share": (
                    len({signal.session for signal in signals}) / viewing[key[0]]
                    if by == "page"
                    else None
                ),
            }
            for key, signals in groups.items()
        }


class Hashable(Session):
    """A session as a key."""

    __hash__ = object.__hash__
    __eq__ = object.__eq__


def bare(url: str | None) -> str | None:
    return url and url.split("?")[0].split("#")[0]


def counts(signals: list[Signal]) -> dict[str, Any]:
    first: dict[str, int] = {}
    for signal in signals:
        session_id = signal.session.session_id
        first[session_id] = min(signal.offset_ms, first.get(session_id, signal.offset_ms))
    return {
        "count": len(signals),
        "sessions": len(first),
        "visitors": len({signal.session.client.visitor_id for signal in signals}),
        "kinds": dict(Counter(signal.kind for signal in signals)),
        "examples": [
            {"sessionId": session_id, "atMs": first[session_id]}
            for session_id in sorted(first, reverse=True)[:3]
        ],
    }


def write(lakeful: Lakeful, signals: Iterable[Signal]) -> None:
    """Make these all that the analysis found in their sessions."""
    table = Table(lakeful.store, "signals")
    planted = list(signals)
    parts = {
        (item.session.website_id, item.session.session_id): hot_part(item.session.session_id)
        for item in planted
    }
    rows = [signal.row(number) for number, signal in enumerate(planted)]
    session_rows.replace(table, table.snapshot(), parts, rows)
    lakeful.clock.tick()


def list_frustration(
    client: AppClient, lakeful: Lakeful, website: Website, **params: Any
) -> dict[str, Any]:
    url = f"/api/websites/{website.website_id}/frustration"
    answer = client.get(url, params=params, headers=lakeful.headers(website))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    TypeAdapter(schemas.Frustration).validate_python(body, strict=True, extra="forbid")
    return body


@pytest.fixture
def world(lakeful: Lakeful) -> World:
    return World(lakeful)


def by_key(answer: dict[str, Any]) -> dict[tuple[str | None, ...], dict[str, Any]]:
    names = KEYS[answer["by"]]
    return {tuple(item[name] for name in names): item for item in answer["groups"]}


@pytest.mark.parametrize("by", KEYS)
def test_the_worst_are_those_of_a_plain_count(
    client: AppClient, lakeful: Lakeful, world: World, by: str
) -> None:
    for website in (world.website, world.other):
        for kinds in ((), ("rage_click",), ("dead_click", "form_abandonment"), ("quick_back",)):
            wanted = world.expected(website, by, kinds)
            answer = list_frustration(client, lakeful, website, by=by, kind=list(kinds), limit=200)

            assert by_key(answer) == wanted
            assert answer["total"] == len(wanted)
            places = [(item["sessions"], item["count"]) for item in answer["groups"]]
            assert places == sorted(places, reverse=True)
            some = list_frustration(client, lakeful, website, by=by, kind=list(kinds), limit=2)
            assert some == answer | {"groups": answer["groups"][:2]}


def test_only_sessions_of_the_period_count(
    client: AppClient, lakeful: Lakeful, world: World
) -> None:
    first, last = START + 3000, START + 9000
    outside = [url for url in world.urls if not first <= url.began_ms < last]
    period = {
        name: datetime.fromtimestamp(ms / 1000, UTC).isoformat()
        for name, ms in (("from", first), ("to", last))
    }

    for by in KEYS:
        answer = list_frustration(client, lakeful, world.website, by=by, limit=200, **period)
        assert by_key(answer) == world.expected(world.website, by, erased_sessions=outside)


def test_who_is_erased_counts_nowhere_before_any_job_ran(
    client: AppClient, lakeful: Lakeful, world: World
) -> None:
    mine = [url for url in world.urls if url.website_id == world.website.website_id]
    busiest = Counter(signal.session for signal in world.signals if signal.session in mine)
    session = busiest.most_common(1)[0][0]
    visitor_id = next(v for v in ("v0", "v1") if v != session.client.visitor_id)
    lake = Lake(lakeful.store, lakeful.settings, lakeful.clock)
    for targets in (
        erasure.ErasureTargets(sessions=(session.session_id,)),
        erasure.ErasureTargets(visitor_id=visitor_id),
    ):
        erasure.request_erasure(lake, world.website.website_id, targets, by="a test")
    erased = [url for url in mine if url is session or url.client.visitor_id == visitor_id]

    for by in KEYS:
        answer = list_frustration(client, lakeful, world.website, by=by, limit=200)
        assert by_key(answer) == world.expected(world.website, by, erased_sessions=erased)
        other = list_frustration(client, lakeful, world.other, by=by, limit=200)
        assert by_key(other) == world.expected(world.other, by)


def test_what_is_no_longer_kept_counts_nowhere(
    client: AppClient, lakeful: Lakeful, world: World
) -> None:
    midnight = (START // 86_400_000 + 61) * 86_400_000
    lakeful.clock.ms = midnight - 1
    assert list_frustration(client, lakeful, world.website)["total"] > 0
    lakeful.clock.ms = midnight
    assert list_frustration(client, lakeful, world.website) == {
        "by": "page",
        "groups": [],
        "total": 0,
    }


def test_a_page_that_nobody_told_the_address_of_is_one_too(
    client: AppClient, lakeful: Lakeful
) -> None:
    session = lakeful.record(page(START)[1:], began_ms=START)
    lakeful.compact(session.day)
    write(lakeful, [Signal(session, "scroll_thrash", None, None, None, 5)])

    (group,) = list_frustration(client, lakeful, lakeful.website)["groups"]
    assert (group["url"], group["count"], group["viewingSessions"], group["share"]) == (
        None, 1, 1, 1.0
    )  # fmt: skip


def test_a_share_is_never_more_than_all(client: AppClient, lakeful: Lakeful) -> None:
    """A session with very many pages has rows for some of them only."""
    sessions = [lakeful.record(page(START), began_ms=START + n) for n in range(2)]
    lakeful.compact(sessions[0].day)
    write(lakeful, [Signal(session, "quick_back", f"{SHOP}/", "a", "x", 5) for session in sessions])
    pages = Table(lakeful.store, "pages")
    (row,) = session_rows.rows_of(
        pages.snapshot(), [(sessions[0].website_id, sessions[0].session_id)]
    ).to_dicts()
    parts = {(row["website_id"], row["session_id"]): row.pop("part")}
    session_rows.replace(pages, pages.snapshot(), parts, ())
    lakeful.clock.tick()

    (group,) = list_frustration(client, lakeful, lakeful.website)["groups"]
    assert (group["sessions"], group["viewingSessions"], group["share"]) == (2, 1, 1.0)
