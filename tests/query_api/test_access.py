"""Access by key and role: attacks 42, 44 and 45, and requests without a key."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lake.control import api_keys
from query_api.app import create_app
from tests.query_api.recorded import NOW_MS, Lakeful, Session, page, script_error
from tests.support.asgi import AppClient

pytestmark = pytest.mark.folder  # the store makes no difference here

_PUBLIC = {"/healthz", "/readyz", "/metrics"}
_SIGN_IN = {"/api/session", "/api/me"}  # tests/query_api/test_sign_in.py
_BY_LINK = "/api/shared/"


def test_without_a_key_the_answer_says_how_to_bring_one(
    client: AppClient, lakeful: Lakeful
) -> None:
    answer = client.get(f"/api/websites/{lakeful.website.website_id}/sessions")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["kind"] == "key-invalid"


@pytest.mark.parametrize(
    "sent", ["Basic YTpi", "Bearer", "Bearer rl_" + "a" * 12 + "_" + "0" * 48, "", "bearer"]
)
def test_an_unknown_key_is_as_good_as_none(client: AppClient, lakeful: Lakeful, sent: str) -> None:
    url = f"/api/websites/{lakeful.website.website_id}/sessions"

    assert client.get(url, headers={"authorization": sent}).status_code == 401


@pytest.mark.fault(45)
def test_a_revoked_key_stops_within_the_cache_time(lakeful: Lakeful) -> None:
    """Fault 45. A new app stands for one whose memory of the key has run out."""
    token = lakeful.key()
    headers = {"authorization": f"Bearer {token}"}
    url = f"/api/websites/{lakeful.website.website_id}/sessions"

    def status() -> int:
        with AppClient(create_app(lakeful.settings, lakeful.store, now_ms=lakeful.clock)) as app:
            return app.get(url, headers=headers).status_code

    assert status() == 200
    api_keys.revoke(lakeful.store, str(api_keys.key_id_of(token)), now_ms=NOW_MS)
    assert status() == 401


@pytest.mark.attack(42)
def test_a_recorders_secret_is_no_api_key(client: AppClient, lakeful: Lakeful) -> None:
    """Attack 42."""
    session = lakeful.record(page(NOW_MS))
    for sent in (session.secret, session.session_id, lakeful.website.website_id, "\xe9" * 3000):
        headers = {"authorization": f"Bearer {sent}".encode("latin-1")}
        answer = client.get(f"/api/replay/{session.session_id}", headers=headers)

        assert answer.status_code == 403
        assert answer.json()["kind"] == "not-an-api-key"


@pytest.mark.parametrize("is_compacted", [False, True])
@pytest.mark.attack(44, 45)
def test_a_foreign_session_looks_like_a_missing_one(
    client: AppClient, lakeful: Lakeful, is_compacted: bool
) -> None:
    """Attacks 44 and 45, fault 31 in part: byte for byte the same, with both websites' paths."""
    other = lakeful.new_website()
    theirs = lakeful.record([*page(NOW_MS), script_error(NOW_MS + 5)], other)
    lakeful.record(page(NOW_MS))
    if is_compacted:
        lakeful.compact(theirs.day)
    nobodys = lakeful.session().session_id
    mine, their_id = lakeful.website.website_id, other.website_id
    headers = lakeful.headers()

    def pair(theirs_url: str, nobodys_url: str) -> None:
        foreign, missing = (client.get(url, headers=headers) for url in (theirs_url, nobodys_url))
        assert foreign.status_code == missing.status_code == 404
        assert foreign.content == missing.content
        assert foreign.headers == missing.headers

    for path in ("/api/replay/{}", f"/api/websites/{mine}/sessions/{{}}"):
        pair(path.format(theirs.session_id), path.format(nobodys))
    pair(
        f"/api/websites/{their_id}/sessions/{theirs.session_id}",
        f"/api/websites/w_nobodys12345/sessions/{theirs.session_id}",
    )
    insights = ("/frustration", "/heatmap?url=x", "/pages", "/days")
    for path in ("", "/sessions", "/errors", "/errors/x", *insights):
        pair(f"/api/websites/{their_id}{path}", f"/api/websites/w_nobodys12345{path}")


@pytest.mark.fault(31)
def test_the_same_session_id_in_two_websites_is_two_sessions(
    client: AppClient, lakeful: Lakeful
) -> None:
    """Fault 31."""
    other = lakeful.new_website()
    mine = lakeful.record(page(NOW_MS, text="mine"))
    lakeful.record(page(NOW_MS, text="theirs"), other, secret=mine.secret)

    for _ in range(2):
        for website, text in ((lakeful.website, "mine"), (other, "theirs")):
            headers = lakeful.headers(website)
            got = client.get(f"/api/replay/{mine.session_id}", headers=headers).text
            assert f'"{text}"' in got
            url = f"/api/websites/{website.website_id}/sessions"
            assert client.get(url, headers=headers).json()["total"] == 1
        lakeful.compact(mine.day)


def test_a_viewer_may_look_and_an_admin_may_change(client: AppClient, lakeful: Lakeful) -> None:
    url = f"/api/websites/{lakeful.website.website_id}"
    change = {"session_replay_trigger": "all", "feature_flags": {"replay_sampling_rate": 0.5}}

    refused = client.request("PATCH", url, headers=lakeful.headers(), json=change)
    done = client.request("PATCH", url, headers=lakeful.headers(role="admin"), json=change)

    assert (refused.status_code, refused.json()["kind"]) == (403, "admin-needed")
    assert done.status_code == 200
    shown = client.get(url, headers=lakeful.headers()).json()
    assert shown == done.json()
    assert shown["feature_flags"] == {
        "enable_session_replay": False,
        "session_replay_trigger": "all",
        "replay_sampling_rate": 0.5,
    }


@pytest.mark.parametrize(
    ("body", "status", "kind", "parameter"),
    [
        ({"unknown": 1}, 400, "setting-invalid", "unknown"),
        ({"enable_session_replay": "perhaps"}, 400, "setting-invalid", "enable_session_replay"),
        ({"smart": {"pages_min": 0}}, 400, "setting-invalid", "pages_min"),
        ({"origins": ["shop"]}, 400, "setting-invalid", "origins"),
        ({"feature_flags": 1}, 400, "setting-invalid", "feature_flags"),
        ({"plan": "enterprise"}, 403, "plan-forbidden", None),
        ([], 400, "settings-malformed", None),
        ({"name": "x" * 100_000}, 413, "settings-too-large", None),
    ],
)
def test_a_wrong_change_changes_nothing_and_says_why(
    client: AppClient,
    lakeful: Lakeful,
    body: Any,
    status: int,
    kind: str,
    parameter: str | None,
) -> None:
    headers = lakeful.headers(role="admin")
    url = f"/api/websites/{lakeful.website.website_id}"
    before = client.get(url, headers=headers).json()
    if isinstance(body, dict):
        body = {"session_replay_trigger": "all"} | body

    answer = client.request("PATCH", url, headers=headers, json=body)

    assert (answer.status_code, answer.json()["kind"]) == (status, kind)
    assert answer.json().get("parameter") == parameter
    assert client.get(url, headers=headers).json() == before


@pytest.mark.parametrize("body", [b"{", b"", b"\xff", b"[" * 60_000, b'{"a":' * 10_000])
def test_a_change_that_is_no_json_is_refused(
    client: AppClient, lakeful: Lakeful, body: bytes
) -> None:
    answer = client.request(
        "PATCH",
        f"/api/websites/{lakeful.website.website_id}",
        headers=lakeful.headers(role="admin") | {"content-type": "application/json"},
        content=body,
    )

    assert answer.status_code == 400


class Stranger(NamedTuple):
    """Somebody with a good key of another website, and what they are after."""

    headers: dict[str, str]
    target: Session


@pytest.fixture
def stranger(lakeful: Lakeful) -> Stranger:
    target = lakeful.record([*page(NOW_MS, text="topsecret"), script_error(NOW_MS, "topsecret")])
    lakeful.compact(target.day)
    return Stranger(lakeful.headers(lakeful.new_website(), role="admin"), target)


@pytest.fixture
def untold(lakeful: Lakeful) -> Iterator[AppClient]:
    """A client who is never told to wait."""
    freely = replace(lakeful.settings, query_key_requests_per_s=10**6, query_misses_per_s=10**6)
    app = create_app(freely, lakeful.store, now_ms=lakeful.clock)
    with AppClient(app) as client:
        yield client


@given(data=st.data())
@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_stranger_gets_nothing_at_any_door(
    untold: AppClient, lakeful: Lakeful, stranger: Stranger, data: st.DataObject
) -> None:
    """Invariant I7, on every route of the contract, with another website's key or none."""
    session = stranger.target
    words = (session.website_id, session.session_id, next(iter(session.page_seqs)), "x")
    paths = untold.get("/openapi.json").json()["paths"]
    doors = [(m, path) for path in paths if path not in _PUBLIC | _SIGN_IN for m in paths[path]]
    method, path = data.draw(st.sampled_from(doors))
    for name in re.findall(r"\{(\w+)\}", path):
        fitting = {"website_id": words[0], "session_id": words[1]}.get(name, "x")
        path = path.replace(f"{{{name}}}", data.draw(st.sampled_from((fitting, fitting, *words))))
    names = st.sampled_from(("limit", "page", "from_ms", "visitorId", "unknown"))
    query = data.draw(st.dictionaries(names, st.sampled_from(words), max_size=2))
    headers = data.draw(st.sampled_from(({}, stranger.headers)))
    body = {"name": "X"} if method == "patch" else None

    answer = untold.request(method.upper(), path, params=query, headers=headers, json=body)

    if path == "/api/websites" and headers:
        assert answer.status_code == (400 if query else 200)
    elif path.startswith(_BY_LINK):
        assert answer.status_code == 404
    else:
        # With its body or its query it may be told what is wrong with them, and no more.
        is_refused_by_form = answer.status_code == 400 and headers
        assert answer.status_code == (404 if headers else 401) or is_refused_by_form
    for secret in ("topsecret", "shop.example", session.session_id):
        assert secret not in answer.text
