"""API keys by the API: made, listed and ended by an admin; for one website or all."""

from pathlib import Path
from typing import Any

import pytest

from lake.control import api_keys
from lake.control.cache import ControlCache
from lake.storage import keys
from lake.storage.base import Store
from lake.timestamps import iso
from query_api.app import create_app
from tests.conftest import eventually
from tests.query_api.recorded import NOW_MS, Lakeful, page
from tests.support.asgi import AppClient

pytestmark = pytest.mark.folder  # the store makes no difference here


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def of_all(lakeful: Lakeful, role: str = "viewer") -> dict[str, str]:
    """Headers with a key of all websites."""
    return bearer(
        api_keys.create(lakeful.store, website_id=api_keys.ALL_WEBSITES, role=role, now_ms=NOW_MS)
    )


def test_an_admin_makes_a_key_that_is_shown_once(client: AppClient, lakeful: Lakeful) -> None:
    url = f"/api/websites/{lakeful.website.website_id}/keys"
    admin = lakeful.headers(role="admin")
    made = client.post(url, headers=admin, json={"role": "viewer"})
    token = made.json()["key"]

    assert made.status_code == 201
    listed = client.get(url, headers=admin)
    assert token not in listed.text
    assert token.rpartition("_")[2] not in listed.text
    key = {name: value for name, value in made.json().items() if name != "key"}
    assert key in listed.json()["keys"]
    assert all("secret" not in name.lower() for name in listed.json()["keys"][0])
    site = f"/api/websites/{lakeful.website.website_id}"
    assert client.get(site, headers=bearer(token)).status_code == 200
    assert client.get(url, headers=bearer(token)).json()["kind"] == "admin-needed"


@pytest.mark.fault(45)
def test_a_key_that_was_revoked_reads_nothing(client: AppClient, lakeful: Lakeful) -> None:
    """At once in the process that revoked it, in others after their next read."""
    url = f"/api/websites/{lakeful.website.website_id}/keys"
    admin = lakeful.headers(role="admin")
    made = client.post(url, headers=admin, json={"role": "admin"}).json()
    site = f"/api/websites/{lakeful.website.website_id}"
    assert client.get(site, headers=bearer(made["key"])).status_code == 200

    ended = client.request("DELETE", f"{url}/{made['keyId']}", headers=admin)

    assert ended.status_code == 200
    assert ended.json()["revokedAt"] == iso(lakeful.clock.ms)
    assert client.get(site, headers=bearer(made["key"])).status_code == 401
    again = client.request("DELETE", f"{url}/{made['keyId']}", headers=admin)
    assert again.json() == ended.json()


@pytest.mark.fault(45)
def test_a_revoked_key_stops_elsewhere_after_the_cache_time(
    lakeful: Lakeful,
) -> None:
    now_s = [0.0]
    token = lakeful.key()
    app = create_app(lakeful.settings, lakeful.store, now_ms=lakeful.clock)
    control = ControlCache(lakeful.store, lakeful.settings, lambda: now_s[0])
    app.state.services = app.state.services._replace(control=control)
    site = f"/api/websites/{lakeful.website.website_id}"
    with AppClient(app) as client:

        def status(at_s: float) -> int:
            now_s[0] = at_s
            return client.get(site, headers=bearer(token)).status_code

        assert status(0) == 200
        api_keys.revoke(lakeful.store, str(api_keys.key_id_of(token)), now_ms=NOW_MS)
        assert status(lakeful.settings.control_cache_s - 0.1) == 200
        assert status(lakeful.settings.control_cache_s) == 401


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"role": "owner"}, 400, "body-malformed"),
        ({}, 400, "body-malformed"),
        ({"role": "viewer", "more": 1}, 400, "body-malformed"),
        ({"role": "viewer", "websiteId": 1}, 400, "body-malformed"),
        ({"role": "viewer", "websiteId": "*"}, 403, "key-forbidden"),
        ({"role": "viewer", "websiteId": "w_nobodys12345"}, 403, "key-forbidden"),
        ({"role": "x" * 5000}, 413, "body-too-large"),
    ],
)
def test_a_websites_admin_makes_no_other_key(
    client: AppClient, lakeful: Lakeful, body: Any, status: int, kind: str
) -> None:
    url = f"/api/websites/{lakeful.website.website_id}/keys"
    admin = lakeful.headers(role="admin")
    before = api_keys.list_all(lakeful.store)

    answer = client.post(url, headers=admin, json=body)

    assert (answer.status_code, answer.json()["kind"]) == (status, kind)
    assert {key.key_id for key in api_keys.list_all(lakeful.store)} == {
        key.key_id for key in before
    }


@pytest.mark.attack(44)
def test_a_websites_admin_sees_and_ends_no_key_of_others(
    client: AppClient, lakeful: Lakeful
) -> None:
    other = lakeful.new_website()
    url = "/api/websites/{}/keys"
    mine, theirs = lakeful.website.website_id, other.website_id
    admin = lakeful.headers(role="admin")
    their_key = str(api_keys.key_id_of(lakeful.key(other, "admin")))
    all_key = api_keys.key_id_of(of_all(lakeful)["authorization"].removeprefix("Bearer "))

    for key_id in (their_key, all_key):
        answer = client.request("DELETE", f"{url.format(mine)}/{key_id}", headers=admin)
        missing = client.request("DELETE", f"{url.format(mine)}/{'0' * 12}", headers=admin)
        assert answer.status_code == missing.status_code == 404
        assert answer.content == missing.content
    assert client.request("DELETE", f"{url.format(theirs)}/{their_key}",
                          headers=admin).status_code == 404  # fmt: skip
    assert client.post(url.format(theirs), headers=admin,
                       json={"role": "admin"}).status_code == 404  # fmt: skip
    listed = client.get(url.format(mine), headers=admin).json()["keys"]
    assert {key["websiteId"] for key in listed} == {mine}
    assert all(key.revoked_at is None for key in api_keys.list_all(lakeful.store))


def test_a_key_of_all_websites_names_the_one_that_it_means(
    client: AppClient, lakeful: Lakeful
) -> None:
    other = lakeful.new_website()
    session = lakeful.record(page(NOW_MS, text="theirs"), other)
    url = f"/api/replay/{session.session_id}"
    headers = of_all(lakeful)

    silent = client.get(url, headers=headers)
    assert (silent.status_code, silent.json()["kind"]) == (400, "website-needed")
    assert "?website=" in silent.json()["detail"]
    right = client.get(url, headers=headers, params={"website": other.website_id})
    assert right.status_code == 200
    assert '"theirs"' in right.text
    wrong = [
        client.get(url, headers=headers, params={"website": website})
        for website in (lakeful.website.website_id, "w_nobodys12345", "../x", "*")
    ]
    assert {answer.status_code for answer in wrong} == {404}
    for website in (lakeful.website, other):
        path = f"/api/websites/{website.website_id}/sessions"
        assert client.get(path, headers=headers).status_code == 200


def test_a_key_of_one_website_may_name_it_and_no_other(client: AppClient, lakeful: Lakeful) -> None:
    session = lakeful.record(page(NOW_MS))
    other = lakeful.new_website()
    url = f"/api/replay/{session.session_id}"

    def status(website_id: str) -> int:
        answer = client.get(url, headers=lakeful.headers(), params={"website": website_id})
        return answer.status_code

    assert status(lakeful.website.website_id) == 200
    assert status(other.website_id) == status("w_nobodys12345") == 404


def test_a_key_of_all_websites_makes_keys_of_any_and_of_all(
    client: AppClient, lakeful: Lakeful
) -> None:
    other = lakeful.new_website()
    url = f"/api/websites/{other.website_id}/keys"
    admin = of_all(lakeful, "admin")

    single = client.post(url, headers=admin, json={"role": "viewer"}).json()
    every = client.post(url, headers=admin, json={"role": "viewer", "websiteId": "*"}).json()
    refused = client.post(url, headers=of_all(lakeful), json={"role": "viewer"})

    assert (single["websiteId"], every["websiteId"]) == (other.website_id, "*")
    assert refused.json()["kind"] == "admin-needed"
    mine = f"/api/websites/{lakeful.website.website_id}"
    assert client.get(mine, headers=bearer(every["key"])).status_code == 200
    assert client.get(mine, headers=bearer(single["key"])).status_code == 404


def test_a_key_lists_the_websites_that_it_sees(client: AppClient, lakeful: Lakeful) -> None:
    other = lakeful.new_website()

    def seen(headers: dict[str, str]) -> list[str]:
        body = client.get("/api/websites", headers=headers).json()["websites"]
        return [website["website_id"] for website in body]

    assert seen(lakeful.headers()) == [lakeful.website.website_id]
    assert set(seen(of_all(lakeful))) == {lakeful.website.website_id, other.website_id}
    assert client.get("/api/websites").status_code == 401


def test_the_last_use_of_a_key_is_seen_and_written_once_an_hour(
    client: AppClient, lakeful: Lakeful
) -> None:
    token = lakeful.key()
    key_id = str(api_keys.key_id_of(token))
    site = f"/api/websites/{lakeful.website.website_id}"

    def last() -> str | None:
        return api_keys.get(lakeful.store, key_id).last_used_at

    began_ms = lakeful.clock.ms
    client.get(site, headers=bearer(token))
    eventually(lambda: last() == iso(began_ms))
    lakeful.clock.ms += api_keys.USED_EVERY_MS - 1
    client.get(site, headers=bearer(token))
    client.app.state.services.usage._pool.submit(lambda: None).result()  # what was due is done
    assert last() == iso(began_ms)
    lakeful.clock.ms += 1
    client.get(site, headers=bearer(token))
    eventually(lambda: last() == iso(lakeful.clock.ms))


@pytest.mark.folder
def test_a_use_that_cannot_be_written_fails_nothing(client: AppClient, lakeful: Lakeful) -> None:
    token = lakeful.key()
    key_id = str(api_keys.key_id_of(token))
    path = Path(lakeful.settings.lake) / keys.api_key_key(key_id)
    control = client.app.state.services.control
    assert control.key(token) is not None  # believed from now on
    path.unlink()
    path.symlink_to(path)  # neither read nor written, as on a broken disk

    site = f"/api/websites/{lakeful.website.website_id}"
    assert client.get(site, headers=bearer(token)).status_code == 200
    client.app.state.services.usage._pool.submit(lambda: None).result()
    assert client.get(site, headers=bearer(token)).status_code == 200


def test_the_store_keeps_no_key(lakeful: Lakeful, store: Store, client: AppClient) -> None:
    url = f"/api/websites/{lakeful.website.website_id}/keys"
    made = client.post(url, headers=lakeful.headers(role="admin"), json={"role": "admin"}).json()
    secret = made["key"].rpartition("_")[2].encode()

    assert [item.key for item in store.list("") if secret in store.get(item.key)] == []
