"""Rate limits count the identity that was authenticated, whatever else a request carries."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from query_api.app import create_app
from query_api.auth import COOKIE
from tests.query_api.recorded import Lakeful, moves, page
from tests.support.asgi import AppClient

pytestmark = pytest.mark.folder

NEVER = 10**6
REQUESTS = 24
Sent = Callable[[str, int], list[tuple[str, str]]]

# What a client with one valid key sends to look like another one each time.
VARIED: dict[str, Sent] = {
    "basic beside the cookie": lambda key, n: [
        ("authorization", f"Basic {n}"),
        ("cookie", f"{COOKIE}={key}"),
    ],
    "scheme of its own": lambda key, n: [
        ("authorization", f"Scheme{n} {n}"),
        ("cookie", f"{COOKIE}={key}"),
    ],
    "no scheme": lambda key, n: [("authorization", f"{n}"), ("cookie", f"{COOKIE}={key}")],
    "bearer without a key": lambda key, n: [
        ("authorization", "Bearer" + " " * n),
        ("cookie", f"{COOKIE}={key}"),
    ],
    "case and spaces": lambda key, n: [
        ("authorization", ("bEaReR" if n % 2 else "BEARER") + " " * (n + 1) + key + " " * n)
    ],
    "another cookie beside the key": lambda key, n: [
        ("authorization", f"Bearer {key}"),
        ("cookie", f"{COOKIE}={n}"),
    ],
    "the cookie twice in a header": lambda key, n: [
        ("cookie", f"{COOKIE}={n}; other={n}; {COOKIE}={key}")
    ],
    "the cookie in two headers": lambda key, n: [
        ("cookie", f"{COOKIE}={n}"),
        ("cookie", f"{COOKIE}={key}"),
    ],
    "the cookie first in two headers": lambda key, n: [
        ("cookie", f"{COOKIE}={key}"),
        ("cookie", f"{COOKIE}={n}"),
    ],
    "the cookie in quotes": lambda key, n: [
        ("cookie", f'a={n}; {COOKIE}="{key}"' if n % 2 else f"{COOKIE}={key}")
    ],
    "two keys": lambda key, n: [
        ("authorization", f"Bearer {key}"),
        ("authorization", f"Bearer {n}"),
    ],
    "two keys, the other first": lambda key, n: [
        ("authorization", f"Basic {n}"),
        ("authorization", f"Bearer {key}"),
        ("cookie", f"{COOKIE}={key}"),
    ],
    "another address": lambda key, n: [
        ("authorization", f"Bearer {key}"),
        ("x-forwarded-for", f"198.51.100.{n}"),
        ("forwarded", f"for=198.51.100.{n}"),
        ("x-real-ip", f"198.51.100.{n}"),
    ],
}  # fmt: skip


@pytest.fixture
def limited(lakeful: Lakeful) -> Iterator[AppClient]:
    """Four requests or ten misses of one caller, and no more: the clock stands."""
    settings = replace(lakeful.settings, query_key_requests_per_s=2, query_misses_per_s=1)
    app = create_app(settings, lakeful.store, now_ms=lakeful.clock, clock_s=lambda: 0.0)
    with AppClient(app) as client:
        yield client


@pytest.mark.parametrize("name", VARIED)
def test_one_key_is_one_caller_however_it_is_sent(
    limited: AppClient, lakeful: Lakeful, name: str
) -> None:
    key, varied = lakeful.key(), VARIED[name]

    statuses = [limited.get("/api/me", headers=varied(key, n)).status_code for n in range(REQUESTS)]

    assert statuses.count(200) <= 4, statuses
    assert statuses[-1] == 429


@pytest.mark.parametrize("name", VARIED)
def test_misses_of_one_key_are_counted_together(lakeful: Lakeful, name: str) -> None:
    settings = replace(lakeful.settings, query_key_requests_per_s=NEVER, query_misses_per_s=1)
    key, varied = lakeful.key(), VARIED[name]
    app = create_app(settings, lakeful.store, now_ms=lakeful.clock, clock_s=lambda: 0.0)
    with AppClient(app) as client:
        client.get("/api/me", headers=varied(key, 0))
        statuses = [
            client.get(f"/api/replay/{n}", headers=varied(key, n)).status_code
            for n in range(REQUESTS)
        ]

    assert statuses.count(429) >= REQUESTS - 11, statuses
    assert statuses[-1] == 429


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "/api/me?x={n}"),
        ("HEAD", "/api/me?x={n}"),
        ("GET", "/api/websites/{website}/sessions?website={n}"),
        ("GET", "/api/websites?website=w_{n}"),
        ("OPTIONS", "/api/me?x={n}"),
        ("GET", "/api/%6de?x={n}"),
    ],
)
def test_methods_and_queries_share_the_bucket_of_their_key(
    limited: AppClient, lakeful: Lakeful, method: str, url: str
) -> None:
    headers = lakeful.headers()
    for _ in range(4):
        limited.get("/api/me", headers=headers)

    path = url.format(n=1, website=lakeful.website.website_id)

    assert limited.request(method, path, headers=headers).status_code == 429


@pytest.mark.parametrize("path", ["", "/replay", "%2Freplay", "/replay?x=1"])
def test_a_link_is_one_caller_with_and_without_other_keys(
    limited: AppClient, lakeful: Lakeful, path: str
) -> None:
    session = lakeful.record([*page(lakeful.clock.ms), *moves(lakeful.clock.ms, 3)])
    made = limited.post(
        f"/api/replay/{session.session_id}/share", headers=lakeful.headers(role="admin")
    ).json()

    statuses = [
        limited.get(
            f"/api/shared/{made['token']}{path}",
            headers={"authorization": f"Bearer {n}", "cookie": f"{COOKIE}={n}"},
        ).status_code
        for n in range(REQUESTS)
    ]

    assert statuses[4:] == [429] * (REQUESTS - 4), statuses
