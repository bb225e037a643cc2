"""The dashboard's sign-in: a key becomes a cookie, which only the dashboard can use."""

from dataclasses import replace
from http.cookies import Morsel, SimpleCookie

import httpx
import pytest
from pydantic import TypeAdapter

from lake.control import api_keys
from query_api import schemas
from query_api.app import create_app
from query_api.auth import COOKIE
from tests.query_api.recorded import NOW_MS, Lakeful, page
from tests.support.asgi import AppClient

pytestmark = pytest.mark.folder  # the store makes no difference here

OURS = {"x-requested-with": "replaylake"}


def sign_in(client: AppClient, key: str, **headers: str) -> httpx.Response:
    answer = client.post("/api/session", json={"key": key}, headers=OURS | headers)
    client.http.cookies.clear()  # each test says itself what a browser sends
    return answer


def cookie_of(answer: httpx.Response) -> "Morsel[str]":
    return SimpleCookie(answer.headers["set-cookie"])[COOKIE]


def signed_in(client: AppClient, key: str) -> dict[str, str]:
    """The headers of a browser that signed in."""
    return {"cookie": f"{COOKIE}={cookie_of(sign_in(client, key)).value}"}


def test_who_signs_in_sees_what_the_key_sees(client: AppClient, lakeful: Lakeful) -> None:
    lakeful.new_website()
    session = lakeful.record(page(NOW_MS))
    browser = signed_in(client, lakeful.key())

    listed = client.get(f"/api/websites/{lakeful.website.website_id}/sessions", headers=browser)
    replayed = client.get(f"/api/replay/{session.session_id}", headers=browser)
    me = client.get("/api/me", headers=browser)

    assert listed.json()["total"] == 1
    assert replayed.status_code == 200
    TypeAdapter(schemas.Me).validate_python(me.json(), strict=True, extra="forbid")
    assert me.json()["role"] == "viewer"
    assert me.json()["ingestUrl"] is None
    assert [item["website_id"] for item in me.json()["websites"]] == [lakeful.website.website_id]
    assert me.json()["websites"][0]["retention_days"] > 0


def test_who_signs_in_hears_where_pages_find_the_recorder(lakeful: Lakeful) -> None:
    settings = replace(lakeful.settings, ingest_url="https://ingest.example/")
    with AppClient(create_app(settings, lakeful.store, now_ms=lakeful.clock)) as client:
        answer = sign_in(client, lakeful.key())

    assert answer.json()["ingestUrl"] == "https://ingest.example"


def test_a_key_of_all_websites_tells_all(client: AppClient, lakeful: Lakeful) -> None:
    other = lakeful.new_website()
    key = api_keys.create(
        lakeful.store, website_id=api_keys.ALL_WEBSITES, role="admin", now_ms=NOW_MS
    )

    answer = sign_in(client, key)

    assert answer.json()["role"] == "admin"
    seen = {item["website_id"] for item in answer.json()["websites"]}
    assert seen == {lakeful.website.website_id, other.website_id}


def test_the_cookie_is_hidden_from_scripts_sites_and_paths(
    client: AppClient, lakeful: Lakeful
) -> None:
    plain = cookie_of(sign_in(client, lakeful.key()))
    by_tls = cookie_of(sign_in(client, lakeful.key(), origin="https://replay.example"))

    for cookie in (plain, by_tls):
        assert cookie["httponly"] is True
        assert cookie["samesite"].lower() == "strict"
        assert cookie["path"] == "/api"
        assert not cookie["domain"]
    assert by_tls["secure"] is True
    assert not plain["secure"]


def test_a_key_may_come_with_the_spaces_it_was_copied_with(
    client: AppClient, lakeful: Lakeful
) -> None:
    assert sign_in(client, f" {lakeful.key()}\n").status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"key": f"rl_{'a' * 12}_{'0' * 48}"}, 401, "key-invalid"),
        ({"key": "secret"}, 403, "not-an-api-key"),
        ({"key": ""}, 403, "not-an-api-key"),
        ({"key": 1}, 400, "body-malformed"),
        ({}, 400, "body-malformed"),
        ([], 400, "body-malformed"),
        ({"key": "x" * 5000}, 413, "body-too-large"),
    ],
)
def test_a_wrong_key_sets_no_cookie(
    client: AppClient, body: object, status: int, kind: str
) -> None:
    answer = client.post("/api/session", json=body, headers=OURS)

    assert (answer.status_code, answer.json()["kind"]) == (status, kind)
    assert "set-cookie" not in answer.headers


def test_who_guesses_keys_is_told_to_wait_and_nobody_else_is(lakeful: Lakeful) -> None:
    slow = replace(lakeful.settings, query_misses_per_s=1)
    app = create_app(slow, lakeful.store, now_ms=lakeful.clock, clock_s=lambda: 0.0)
    with AppClient(app) as client:
        browser = signed_in(client, lakeful.key())
        assert client.get("/api/me", headers=browser).status_code == 200
        wrong = {"key": f"rl_{'a' * 12}_{'0' * 48}"}
        statuses = [
            client.post("/api/session", json=wrong, headers=OURS).status_code for _ in range(12)
        ]

        assert statuses == [401] * 10 + [429] * 2
        assert client.get("/api/me", headers=browser).status_code == 200


def test_the_cookie_ends_with_its_key(lakeful: Lakeful) -> None:
    """A new app stands for one whose memory of the key has run out."""
    key = lakeful.key()
    app = create_app(lakeful.settings, lakeful.store, now_ms=lakeful.clock)
    with AppClient(app) as client:
        browser = signed_in(client, key)
    api_keys.revoke(lakeful.store, str(api_keys.key_id_of(key)), now_ms=NOW_MS)

    app = create_app(lakeful.settings, lakeful.store, now_ms=lakeful.clock)
    with AppClient(app) as client:
        answer = client.get("/api/me", headers=browser)

    assert (answer.status_code, answer.json()["kind"]) == (401, "key-invalid")


def test_signing_out_takes_the_cookie_and_leaves_the_key(
    client: AppClient, lakeful: Lakeful
) -> None:
    browser = signed_in(client, lakeful.key())

    answer = client.request("DELETE", "/api/session", headers=browser | OURS)

    assert answer.status_code == 204
    cookie = cookie_of(answer)
    assert (cookie.value, cookie["max-age"], cookie["path"]) == ("", "0", "/api")
    client.http.cookies.clear()
    assert client.get("/api/me", headers=browser).status_code == 200


@pytest.mark.parametrize(
    ("sent", "is_let_in"),
    [
        ({}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"x-requested-with": "XMLHttpRequest"}, False),
        ({"x-requested-with": "replaylake"}, True),
        ({"sec-fetch-site": "same-origin"}, True),
    ],
)
def test_only_the_dashboard_changes_something_by_a_cookie(
    client: AppClient, lakeful: Lakeful, sent: dict[str, str], is_let_in: bool
) -> None:
    """Another origin's page can make a browser send the cookie, and neither of these headers."""
    key = lakeful.key(role="admin")
    browser = signed_in(client, key)
    website = f"/api/websites/{lakeful.website.website_id}"

    changed = client.request("PATCH", website, json={"name": "New"}, headers=browser | sent)
    entered = client.post("/api/session", json={"key": key}, headers=sent)
    client.http.cookies.clear()
    left = client.request("DELETE", "/api/session", headers=browser | sent)

    statuses = [answer.status_code for answer in (changed, entered, left)]
    assert statuses == ([200, 200, 204] if is_let_in else [403, 403, 403])
    if not is_let_in:
        assert {answer.json()["kind"] for answer in (changed, entered, left)} == {"not-from-here"}
        assert "set-cookie" not in entered.headers
    named = client.get(website, headers=lakeful.headers()).json()["name"]
    assert named == ("New" if is_let_in else "Shop")


def test_a_key_in_authorization_counts_before_the_cookie(
    client: AppClient, lakeful: Lakeful
) -> None:
    other = lakeful.new_website()
    browser = signed_in(client, lakeful.key())

    body = client.get("/api/me", headers=browser | lakeful.headers(other)).json()
    refused = client.get("/api/me", headers=browser | {"authorization": "Bearer rl_nonsense"})

    assert body["websites"][0]["website_id"] == other.website_id
    assert refused.status_code == 403


@pytest.mark.parametrize("value", ["", "rl_x", '"', "é", "x" * 10_000, f"rl_{'a' * 12}_{'0' * 48}"])
def test_a_wrong_cookie_is_as_good_as_none(client: AppClient, value: str) -> None:
    sent = {"cookie": f"{COOKIE}={value}".encode()}

    assert client.get("/api/me", headers=sent).status_code in (401, 403)
