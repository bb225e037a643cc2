"""The address of a share link: configured, or the server's own, and never what a client says."""

from dataclasses import replace

import pytest

from lake.settings import Settings
from query_api.app import create_app
from tests.query_api.recorded import NOW_MS, Lakeful, Session, moves, page
from tests.support.asgi import AppClient

pytestmark = pytest.mark.folder

HOSTILE = (
    {"host": "evil.example"},
    {"host": "app.test:81"},
    {"host": "app.test@evil.example"},
    {"host": "[bad"},
    {"host": ""},
    {"host": "app.test", "x-forwarded-proto": "https"},
    {"host": "app.test", "x-forwarded-host": "evil.example"},
    {"host": "app.test", "x-forwarded-for": "198.51.100.7"},
    {"host": "app.test", "forwarded": "proto=https;host=evil.example"},
    {"host": "app.test", "via": "1.1 proxy"},
    {"host": "app.test", "origin": "https://replays.example"},
)


@pytest.fixture
def session(lakeful: Lakeful) -> Session:
    return lakeful.record([*page(NOW_MS), *moves(NOW_MS, 5)])


def links(
    lakeful: Lakeful, settings: Settings, session: Session, sent: tuple[dict[str, str], ...]
) -> list[str]:
    """The addresses of links made with these headers, without their tokens."""
    app = create_app(settings, lakeful.store, now_ms=lakeful.clock)
    key = lakeful.headers(role="admin")
    addresses = []
    with AppClient(app) as client:
        for headers in sent:
            url = f"/api/replay/{session.session_id}/share"
            answer = client.post(url, headers=key | headers)
            assert answer.status_code == 201
            made = answer.json()
            addresses.append(made["url"].removesuffix(made["token"]))
    return addresses


def test_configured_address_wins_over_request_headers(
    lakeful: Lakeful, settings: Settings, session: Session
) -> None:
    configured = replace(settings, dashboard_url="https://replays.example/app/")

    addresses = links(lakeful, configured, session, HOSTILE)

    assert set(addresses) == {"https://replays.example/app/shared/"}


def test_without_a_configured_address_the_servers_own_is_used(
    lakeful: Lakeful, settings: Settings, session: Session
) -> None:
    direct = links(lakeful, settings, session, ({},))
    hostile = links(lakeful, settings, session, HOSTILE)

    assert direct == ["http://app.test/shared/"]
    assert set(hostile) == {"/shared/"}
