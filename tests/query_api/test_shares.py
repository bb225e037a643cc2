"""Share links: attack 48, and what a link shows and does not."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from lake import erasure
from lake.control import share_links
from lake.raw.chunk_facts import Client
from lake.retention import run
from lake.settings import Settings
from lake.storage.base import Store
from lake.timestamps import iso
from query_api.app import create_app
from tests.query_api.recorded import NOW_MS, Lakeful, Session, moves, note, page, script_error
from tests.support.asgi import AppClient

pytestmark = pytest.mark.folder  # the store makes no difference here

DAY_MS = 86_400_000


@pytest.fixture
def session(lakeful: Lakeful) -> Session:
    """A session with a file and pending chunks."""
    client = Client(visitor_id="a visitor id of 32", device_type="desktop")
    made = lakeful.session(client=client)
    events = [*page(NOW_MS - 9_000), script_error(NOW_MS - 8_000), *moves(NOW_MS - 7_000, 40)]
    chunks = made.chunks(events)
    lakeful.append(chunks[:1])
    lakeful.compact(made.day)
    lakeful.append(chunks[1:])
    return made


def share(client: AppClient, lakeful: Lakeful, session: Session, **body: Any) -> dict[str, Any]:
    """Make a link."""
    url = f"/api/replay/{session.session_id}/share"
    answer = client.post(url, headers=lakeful.headers(role="admin"), json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_link_shows_its_session_to_somebody_without_a_key(
    client: AppClient, lakeful: Lakeful, session: Session
) -> None:
    made = share(client, lakeful, session)
    website = lakeful.website.website_id
    own = client.get(f"/api/websites/{website}/sessions/{session.session_id}",
                     headers=lakeful.headers()).json()  # fmt: skip
    own_replay = client.get(f"/api/replay/{session.session_id}", headers=lakeful.headers())

    shown = client.get(f"/api/shared/{made['token']}")
    assert shown.status_code == 200
    assert own["visitorId"] == "a visitor id of 32"
    for name in ("visitorId", "userId", "visitorIds", "userIds"):
        del own[name]
    assert shown.json() == own
    replay = client.get(f"/api/shared/{made['token']}/replay")
    assert (replay.status_code, replay.content) == (200, own_replay.content)
    for answer in (shown, replay):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "visitor id of 32" not in answer.text


@pytest.mark.parametrize("form", ["application/json", "application/x-ndjson"])
def test_a_shared_replay_takes_what_the_replay_route_takes(
    client: AppClient, lakeful: Lakeful, session: Session, form: str
) -> None:
    made = share(client, lakeful, session)
    parameters = {"from_ms": 3_000, "to_ms": 4_000, "page": next(iter(session.page_seqs))}
    accept = {"accept": form, "accept-encoding": "gzip"}
    own = client.get(f"/api/replay/{session.session_id}", params=parameters,
                     headers=lakeful.headers() | accept)  # fmt: skip
    shared = client.get(f"/api/shared/{made['token']}/replay", params=parameters, headers=accept)

    assert shared.status_code == 200
    assert shared.content == own.content
    for name in ("content-type", "content-encoding", "x-event-count"):
        assert shared.headers[name] == own.headers[name]
    unknown = client.get(f"/api/shared/{made['token']}/replay", params={"website": "x"})
    assert unknown.json()["kind"] == "parameter-unknown"


@pytest.mark.parametrize("state", ["waiting", "both", "compacted"])
@pytest.mark.parametrize("encoding", ["zstd", "gzip", "identity"])
@pytest.mark.parametrize("form", ["application/x-ndjson", "application/json"])
def test_a_link_never_tells_who_the_user_is(
    client: AppClient, lakeful: Lakeful, form: str, encoding: str, state: str
) -> None:
    """Neither in events nor in fields, in any encoding, from the start or from a window."""
    made = lakeful.session(client=Client(visitor_id="visitor-31"))
    start = NOW_MS - 9_000
    events = [
        *page(start),
        note(start + 5, "identify", id="user-17"),
        note(start + 6, "page", url="https://shop.example/cart", title="Cart"),
        *moves(start + 10, 30),
        *page(start + 4_000, text="replaylake.identify is a name like any other"),
        note(start + 4_002, "identify", id={"number": "user-17"}),  # as none of ours sends it
        *moves(start + 4_010, 30),
    ]
    sent = made.chunks(events[:36], size=20)
    raw = json.dumps(events[36:]).replace('replaylake.identify", "payload', _ESCAPED)
    assert "\\u0069dentify" in raw
    sent.append(made.chunk(raw.encode(), next(iter(made.page_seqs)), 2, NOW_MS))
    for chunks, is_compacted in ((sent[:2], state != "waiting"), (sent[2:], state == "compacted")):
        lakeful.append(chunks)
        if is_compacted:
            lakeful.compact(made.day)
    token = share(client, lakeful, made)["token"]
    accept = {"accept": form, "accept-encoding": encoding}
    owned = client.get(f"/api/websites/{lakeful.website.website_id}/sessions/{made.session_id}",
                       headers=lakeful.headers())  # fmt: skip
    assert owned.json()["userId"] == "user-17"

    shown = [client.get(f"/api/shared/{token}", headers=accept).text]
    for parameters in ({}, {"from_ms": 4_500}, {"from_ms": 4_500, "to_ms": 5_000}, {"to_ms": 100}):
        own = client.get(f"/api/replay/{made.session_id}", params=parameters,
                         headers=accept | lakeful.headers())  # fmt: skip
        shared = client.get(f"/api/shared/{token}/replay", params=parameters, headers=accept)
        assert shared.headers["content-type"] == own.headers["content-type"]
        recorded, seen = listed(own), listed(shared)
        assert int(shared.headers["x-event-count"]) == len(seen) == len(recorded)
        assert [item for item in recorded if is_identify(item)]
        assert seen == [withheld(item) if is_identify(item) else item for item in recorded]
        shown.append(json.dumps(seen) + repr(shared.headers))

    for text in shown:
        assert not {word for word in ("user-17", "visitor-31", "userId", "visitorId")
                    if word in text}  # fmt: skip


_ESCAPED = 'replaylake.\\u0069dentify", "payload'


def listed(answer: httpx.Response) -> list[dict[str, Any]]:
    """The events of an answer."""
    if answer.headers["content-type"].startswith("application/json"):
        return list(answer.json())
    return [json.loads(line) for line in answer.text[:-1].split("\n")]


def is_identify(event: dict[str, Any]) -> bool:
    return bool(event["data"].get("tag") == "replaylake.identify")


def withheld(event: dict[str, Any]) -> dict[str, Any]:
    return event | {"data": {"tag": "replaylake.withheld", "payload": {}}}


def test_a_link_gets_frames_that_name_nobody_as_they_lie(
    client: AppClient, lakeful: Lakeful, session: Session
) -> None:
    lakeful.compact(session.day)
    made = share(client, lakeful, session)
    own = client.get(f"/api/replay/{session.session_id}", headers=lakeful.headers())
    shared = client.get(f"/api/shared/{made['token']}/replay")

    assert own.headers["content-encoding"] == "zstd"
    assert shared.content == own.content


@pytest.mark.attack(48)
def test_a_link_shows_nothing_after_its_end(
    client: AppClient, lakeful: Lakeful, session: Session
) -> None:
    """Attack 48: to the ms, in processes that have seen it and in those that have not."""
    made = share(client, lakeful, session, expires_in_s=3600)
    urls = [f"/api/shared/{made['token']}{path}" for path in ("", "/replay")]
    began_ms = lakeful.clock.ms
    assert made["expiresAt"] == iso(began_ms + 3_600_000)

    lakeful.clock.ms = began_ms + 3_600_000 - 1
    assert [client.get(url).status_code for url in urls] == [200, 200]
    lakeful.clock.ms = began_ms + 3_600_000
    with AppClient(create_app(lakeful.settings, lakeful.store, now_ms=lakeful.clock)) as other:
        answers = [item.get(url) for url in urls for item in (client, other)]
    assert {(answer.status_code, answer.json()["kind"]) for answer in answers} == {
        (403, "share-ended")
    }
    assert all(session.session_id not in answer.text for answer in answers)


@pytest.mark.attack(48)
def test_a_link_that_was_revoked_shows_nothing(
    client: AppClient, lakeful: Lakeful, session: Session
) -> None:
    made = share(client, lakeful, session)
    url = f"/api/shared/{made['token']}/replay"
    admin = lakeful.headers(role="admin")
    assert client.get(url).status_code == 200

    for _ in range(2):  # the second time changes nothing
        ended = client.request("DELETE", f"/api/shares/{made['shareId']}", headers=admin)
        assert ended.status_code == 200
        assert ended.json()["revokedAt"] is not None

    with AppClient(create_app(lakeful.settings, lakeful.store, now_ms=lakeful.clock)) as other:
        answers = [item.get(url) for item in (client, other)]
    assert {(answer.status_code, answer.json()["kind"]) for answer in answers} == {
        (403, "share-ended")
    }


@pytest.mark.attack(46)
def test_a_wrong_token_looks_like_a_missing_session(
    client: AppClient, lakeful: Lakeful, session: Session
) -> None:
    made = share(client, lakeful, session)
    token = made["token"]
    missing = client.get(f"/api/replay/{lakeful.session().session_id}", headers=lakeful.headers())
    last = "1" if token[-1] == "0" else "0"
    wrong = (
        token[:-1] + last,
        f"rs_{'0' * 12}_{token.rpartition('_')[2]}",
        made["shareId"],
        session.session_id,
        token.upper(),
        "x",
    )

    for text in wrong:
        for path in ("", "/replay"):
            answer = client.get(f"/api/shared/{text}{path}")
            assert answer.status_code == 404
            assert answer.content == missing.content


def test_a_link_outlives_neither_erasure_nor_retention(
    client: AppClient, lakeful: Lakeful, session: Session
) -> None:
    made = share(client, lakeful, session, expires_in_s=30 * 86_400)
    erased = share(client, lakeful, lakeful.record(page(NOW_MS)), expires_in_s=30 * 86_400)
    lake = client.app.state.services.lake
    erasure.request_erasure(lake, lakeful.website.website_id,
                    erasure.ErasureTargets(sessions=(erased["sessionId"],)), by="test")  # fmt: skip
    urls = {
        name: f"/api/shared/{link['token']}" for name, link in (("kept", made), ("gone", erased))
    }

    assert client.get(urls["kept"]).status_code == 200
    assert client.get(urls["gone"]).status_code == 404
    assert client.get(f"{urls['gone']}/replay").status_code == 404
    days = {"free": 2, "pro": 2, "scale": 2, "enterprise": 2}
    text = ",".join(f"{plan}={count}" for plan, count in days.items())
    shorter = replace(lakeful.settings, plan_days=text)
    lakeful.clock.ms += 3 * DAY_MS
    assert run.expired_days(lakeful.store, shorter, now_ms=lakeful.clock.ms)
    with AppClient(create_app(shorter, lakeful.store, now_ms=lakeful.clock)) as other:
        assert other.get(urls["kept"]).status_code == 404


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"expires_in_s": 0}', "share-invalid"),
        (b'{"expires_in_s": -1}', "share-invalid"),
        (b'{"expires_in_s": 2592001}', "share-invalid"),
        (b'{"expires_in_s": 1e400}', "body-malformed"),
        (b'{"expires_in_s": "week"}', "body-malformed"),
        (b'{"expires_in_s": true}', "body-malformed"),
        (b'{"days": 1}', "body-malformed"),
        (b"[]", "body-malformed"),
        (b"{", "body-malformed"),
    ],
)
def test_a_link_lasts_no_longer_than_any_may(
    client: AppClient, lakeful: Lakeful, session: Session, store: Store, body: bytes, kind: str
) -> None:
    url = f"/api/replay/{session.session_id}/share"
    answer = client.post(url, headers=lakeful.headers(role="admin"), content=body)

    assert (answer.status_code, answer.json()["kind"]) == (400, kind)
    assert list(store.list("control/shares/")) == []


def test_a_link_lasts_a_week_if_nothing_is_said(
    client: AppClient, lakeful: Lakeful, session: Session
) -> None:
    url = f"/api/replay/{session.session_id}/share"
    answer = client.post(url, headers=lakeful.headers(role="admin"))

    assert answer.json()["expiresAt"] == iso(lakeful.clock.ms + 7 * DAY_MS)


def test_the_address_is_the_dashboards_or_else_our_own(
    client: AppClient, lakeful: Lakeful, session: Session, settings: Settings
) -> None:
    made = share(client, lakeful, session)
    assert made["url"] == f"http://app.test/shared/{made['token']}"
    configured = replace(settings, dashboard_url="https://replays.example/app/")
    app = create_app(configured, lakeful.store, now_ms=lakeful.clock)
    with AppClient(app) as other:
        made = share(other, lakeful, session)
    assert made["url"] == f"https://replays.example/app/shared/{made['token']}"


def test_only_an_admin_of_the_website_makes_lists_and_ends_links(
    client: AppClient, lakeful: Lakeful, session: Session
) -> None:
    made = share(client, lakeful, session)
    other = lakeful.new_website()
    requested = (
        ("POST", f"/api/replay/{session.session_id}/share"),
        ("GET", f"/api/replay/{session.session_id}/shares"),
        ("DELETE", f"/api/shares/{made['shareId']}"),
    )
    for method, url in requested:
        refused = [
            client.request(method, url, headers=headers)
            for headers in ({}, lakeful.headers(), lakeful.headers(other, "admin"))
        ]
        assert [answer.status_code for answer in refused] == [401, 403, 404]
    listed = client.get(f"/api/replay/{session.session_id}/shares",
                        headers=lakeful.headers(role="admin"))  # fmt: skip

    secret = made["token"].rpartition("_")[2]
    shown = {name: value for name, value in made.items() if name not in ("token", "url")}
    assert listed.json() == {"shares": [shown]}
    assert secret not in listed.text
    assert shown["revokedAt"] is None


def test_the_store_keeps_no_link(
    client: AppClient, lakeful: Lakeful, session: Session, store: Store
) -> None:
    secret = share(client, lakeful, session)["token"].rpartition("_")[2].encode()

    assert [item.key for item in store.list("") if secret in store.get(item.key)] == []


def test_a_link_is_forgotten_long_after_its_end(
    client: AppClient, lakeful: Lakeful, session: Session, store: Store
) -> None:
    old = share(client, lakeful, session, expires_in_s=60)
    new = share(client, lakeful, session)
    days = lakeful.settings.share_days_max
    ended_ms = lakeful.clock.ms + 60_000

    assert share_links.delete_ended(store, lakeful.settings, now_ms=ended_ms + days * DAY_MS) == 0
    assert (
        share_links.delete_ended(store, lakeful.settings, now_ms=ended_ms + days * DAY_MS + 1) == 1
    )
    left = share_links.of_website(store, lakeful.website.website_id)
    assert [item.share_id for item in left] == [new["shareId"]]
    assert old["shareId"] != new["shareId"]
