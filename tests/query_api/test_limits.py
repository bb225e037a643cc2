"""Callers who ask too often or in vain: attacks 44 to 46, and that nobody else pays for it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from lake.control import api_keys
from lake.ingest import client_address
from lake.settings import Settings
from lake.storage.base import Store
from query_api.app import create_app
from query_api.http.rate_limits import MISSES_BURST_S, RateLimiter
from tests.query_api.recorded import NOW_MS, Clock, Lakeful, Session, moves, page
from tests.s3.endpoint import S3Endpoint
from tests.support.asgi import AppClient
from tests.support.query_api import without_rate_limits

pytestmark = pytest.mark.folder  # the store makes no difference here


class Counting:
    """A store that notes what is asked of it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._store, name)
        if not callable(attribute):
            return attribute

        def counted(*arguments: Any, **named: Any) -> Any:
            self.asked.append((name, arguments[0] if arguments else None))
            return attribute(*arguments, **named)

        return counted


@pytest.fixture
def counting(store: Store) -> Counting:
    return Counting(store)


@pytest.fixture
def lakeful(counting: Counting, settings: Settings, clock: Clock) -> Lakeful:
    return Lakeful(counting, settings, clock)


@pytest.fixture
def slowly(lakeful: Lakeful) -> Iterator[AppClient]:
    """A client who may ask in vain ten times, and no more: the clock stands."""
    unlimited = without_rate_limits(lakeful.settings)
    settings = replace(unlimited, trusted_proxies="192.0.2.1", query_misses_per_s=1)
    app = create_app(settings, lakeful.store, now_ms=lakeful.clock, clock_s=lambda: 0.0)
    with AppClient(app) as client:
        yield client


def guesses(client: AppClient, urls: list[str], headers: dict[str, str]) -> list[httpx.Response]:
    return [client.get(url, headers=headers) for url in urls]


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.attack(46)
@pytest.mark.parametrize("what", ["session", "key", "link", "website"])
def test_guessing_is_refused_before_any_lookup(
    slowly: AppClient, lakeful: Lakeful, counting: Counting, what: str
) -> None:
    mine = lakeful.website.website_id
    headers = {} if what in ("key", "link") else lakeful.headers()
    urls = {
        "session": [f"/api/replay/{lakeful.session().session_id}" for _ in range(60)],
        "website": [f"/api/websites/w_{n:012d}/sessions" for n in range(60)],
        "link": [f"/api/shared/rs_{n:012d}_{'0' * 48}" for n in range(60)],
        "key": [f"/api/websites/{mine}"] * 60,
    }[what]
    answers = []
    untouched = 0
    for number, url in enumerate(urls):
        if what == "key":
            headers = bearer(f"rl_{number:012d}_{'0' * 48}")
        before = len(counting.asked)
        answers.append(slowly.get(url, headers=headers))
        untouched += answers[-1].status_code == 429 and len(counting.asked) == before

    refused = [answer for answer in answers if answer.status_code == 429]
    looked_up = len(answers) - len(refused)
    assert looked_up == MISSES_BURST_S
    assert untouched == len(refused)
    assert {answer.json()["kind"] for answer in refused} == {"too-many-requests"}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert refused[0].headers["content-type"] == "application/problem+json"
    assert refused[0].headers["cache-control"] == "no-store"
    counted = f'replaylake_query_refused_total{{reason="misses"}} {len(refused)}.0'
    assert counted in slowly.get("/metrics").text


@pytest.mark.attack(46)
@pytest.mark.slow
def test_a_million_guesses_are_limited_in_bounded_memory() -> None:
    """In one hour, each with another key; the rate limits how many are looked up."""
    now_s = [0.0]
    limits = RateLimiter(Settings(), lambda: now_s[0])
    looked_up = 0
    for number in range(1_000_000):
        now_s[0] = number * 0.0036
        caller = f"{number}"
        if limits.admit(caller, "from 192.0.2.7") is None:
            looked_up += 1
            limits.missed(caller, "from 192.0.2.7")

    assert looked_up <= 10 * (3600 + MISSES_BURST_S) + 1
    assert looked_up >= 10 * 3600
    assert len(limits._misses) <= 10_000
    assert len(limits._requests) <= 10_000


def test_who_has_shown_a_good_key_is_not_shut_out_by_a_neighbour(
    slowly: AppClient, lakeful: Lakeful
) -> None:
    """Both use one address, as in a company."""
    good = lakeful.headers()
    site = f"/api/websites/{lakeful.website.website_id}"
    assert slowly.get(site, headers=good).status_code == 200
    wrong = [slowly.get(site, headers=bearer(f"rl_{n:012d}_{'0' * 48}")) for n in range(40)]

    assert wrong[-1].status_code == 429
    assert slowly.get(site, headers=good).status_code == 200
    assert slowly.get(site, headers=lakeful.headers()).status_code == 429  # not shown before
    assert slowly.get("/healthz").status_code == 200


def test_limits_use_the_proxied_address_and_the_ipv6_network(
    slowly: AppClient, lakeful: Lakeful
) -> None:
    site = f"/api/websites/{lakeful.website.website_id}"

    def status(address: str) -> int:
        return slowly.get(site, headers={"x-forwarded-for": address}).status_code

    statuses = [status(f"2001:db8:1:2::{number:x}") for number in range(1, 41)]
    assert (statuses[0], statuses[-1]) == (401, 429)
    assert status("2001:db8:1:2:ffff::1") == 429
    assert status("2001:db8:1:3::1") == 401
    assert status("198.51.100.7") == 401


def test_an_address_that_nobody_trusts_is_not_believed(lakeful: Lakeful) -> None:
    settings = replace(without_rate_limits(lakeful.settings), query_misses_per_s=1)
    app = create_app(settings, lakeful.store, now_ms=lakeful.clock, clock_s=lambda: 0.0)
    site = f"/api/websites/{lakeful.website.website_id}"
    with AppClient(app) as client:
        statuses = [
            client.get(site, headers={"x-forwarded-for": f"198.51.100.{n}"}).status_code
            for n in range(40)
        ]

    assert statuses[-1] == 429


def test_one_key_that_asks_too_often_waits_and_others_do_not(lakeful: Lakeful) -> None:
    settings = replace(without_rate_limits(lakeful.settings), query_key_requests_per_s=2)
    app = create_app(settings, lakeful.store, now_ms=lakeful.clock, clock_s=lambda: 0.0)
    site = f"/api/websites/{lakeful.website.website_id}"
    with AppClient(app) as client:
        busy = lakeful.headers()
        answers = guesses(client, [site] * 30, busy)
        # However a client writes it, it is one key.
        other_case = {"authorization": busy["authorization"].replace("Bearer ", "bEARER  ")}
        again = client.get(site, headers=other_case)
        other = client.get(site, headers=lakeful.headers())
        text = client.get("/metrics").text

    statuses = [answer.status_code for answer in answers]
    assert statuses[:4] == [200] * 4
    assert statuses[-1] == again.status_code == 429
    assert "REPLAY_QUERY_KEY_REQUESTS_PER_S" in answers[-1].json()["detail"]
    assert other.status_code == 200
    assert 'replaylake_query_refused_total{reason="requests"}' in text


def test_a_refused_request_succeeds_after_retry_after() -> None:
    now_s = [0.0]
    limits = RateLimiter(Settings(query_key_requests_per_s=10**6), lambda: now_s[0])
    while (refusal := limits.admit("", "from a")) is None:
        limits.missed("", "from a")

    now_s[0] += refusal.wait_s - 0.001
    assert limits.admit("", "from a") is not None
    now_s[0] += 0.002
    assert limits.admit("", "from a") is None
    assert limits.admit("", "from b") is None


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_a_neighbourhood_is_what_one_caller_cannot_leave(address: str, group: str) -> None:
    assert client_address.address_group(address) == group


def neighbours(lakeful: Lakeful, *, is_compacted: bool) -> tuple[Session, Session, Session]:
    """A session of ours, one of another website's among our times, and one that nobody has."""
    other = lakeful.new_website()
    began_ms = NOW_MS - 600_000
    mine = [lakeful.session(began_ms=began_ms + n) for n in (0, 1000)]
    theirs = lakeful.session(other, began_ms=began_ms + 500)
    nobodys = lakeful.session(other, began_ms=began_ms + 501)
    for session in (*mine, theirs):
        lakeful.append(session.chunks([*page(NOW_MS), *moves(NOW_MS, 5)]))
    if is_compacted:
        lakeful.compact(theirs.day)
    return mine[0], theirs, nobodys


@pytest.mark.attack(44, 45)
@pytest.mark.parametrize("is_compacted", [False, True])
def test_a_foreign_session_costs_the_store_like_a_missing_one(
    lakeful: Lakeful, counting: Counting, is_compacted: bool
) -> None:
    """Attack 44: neither the response nor the store calls reveal that the session exists."""
    mine, theirs, nobodys = neighbours(lakeful, is_compacted=is_compacted)
    site = f"/api/websites/{lakeful.website.website_id}/sessions"
    settings = without_rate_limits(lakeful.settings)
    app = create_app(settings, lakeful.store, now_ms=lakeful.clock, clock_s=lambda: 0.0)
    with AppClient(app) as client:
        headers = lakeful.headers(role="admin")
        wait_for_usage(client, headers, site)
        for method, url in (
            ("GET", "/api/replay/{}"),
            ("GET", site + "/{}"),
            ("GET", "/api/replay/{}/shares"),
            ("POST", "/api/replay/{}/share"),
            ("DELETE", "/api/replay/{}"),
        ):
            seen = []
            for session in (nobodys, theirs, nobodys):
                counting.asked.clear()
                answer = client.request(method, url.format(session.session_id), headers=headers)
                seen.append((answer.status_code, answer.content, list(counting.asked)))
            assert seen[0][0] == 404
            assert seen[0] == seen[1] == seen[2]
            assert client.get(url.format(mine.session_id), headers=headers).is_success or (
                method != "GET"
            )


@pytest.mark.s3
@pytest.mark.attack(44)
@pytest.mark.parametrize("is_compacted", [False, True])
def test_anothers_session_makes_no_other_request_to_the_bucket(
    s3: S3Endpoint, clock: Clock, is_compacted: bool
) -> None:
    """Includes reads of tables, which bypass the store."""
    from lake.storage.base import open_store

    settings = s3.settings()
    lakeful = Lakeful(open_store(settings), settings, clock)
    _, theirs, nobodys = neighbours(lakeful, is_compacted=is_compacted)
    site = f"/api/websites/{lakeful.website.website_id}/sessions"
    app = create_app(without_rate_limits(settings), lakeful.store, now_ms=clock)
    with AppClient(app) as client:
        headers = lakeful.headers()
        wait_for_usage(client, headers, site)
        seen = []
        for session in (nobodys, theirs, nobodys):
            client.get(f"/api/replay/{nobodys.session_id}", headers=headers)  # all is warm
            s3.operations.clear()
            answer = client.get(f"/api/replay/{session.session_id}", headers=headers)
            seen.append((answer.status_code, answer.content, dict(s3.operations)))

    assert seen[0][0] == 404
    assert seen[0] == seen[1] == seen[2]


def wait_for_usage(client: AppClient, headers: dict[str, str], url: str) -> None:
    """Ask once, so that what is remembered is, and no last use is written later."""
    assert client.get(url, headers=headers).status_code == 200
    client.app.state.services.usage._pool.submit(lambda: None).result()
    token = headers["authorization"].removeprefix("Bearer ")
    client.app.state.services.control.refresh_key(str(api_keys.key_id_of(token)))
