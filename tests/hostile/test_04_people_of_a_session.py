"""All users and visitors that a session ever had count: for lists, erasure, holds, late chunks."""

import json
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote

import msgspec
import polars as pl
import pytest
from typer.testing import CliRunner

import lake
from ingest_api.app import create_app as create_ingest
from lake import erasure
from lake.control import legal_holds, tombstones
from lake.erasure import execute
from lake.errors import ChunkMalformed
from lake.operations.maintenance import maintain
from lake.operations.rebuild import rebuild
from lake.operations.rescore import rescore_day
from lake.raw.chunk_codec import USERS_MAX
from lake.raw.chunk_facts import Client
from lake.raw.segment_file import ReceivedChunk
from lake.reading.lake_snapshot import Lake
from lake.sessions import merge
from orchestration.cli import app
from tests.ingest_api.recording import Recorder, plain, recording_website
from tests.lake.operations.damage import rewrite
from tests.lake.operations.lakes import DAY_MS, broken
from tests.query_api.recorded import NOW_MS, Event, Lakeful, Session, note, page
from tests.support import lakes
from tests.support.asgi import AppClient
from tests.support.texts import every_text

pytestmark = pytest.mark.folder  # the store makes no difference here

USERS = ("alice-zq4711", "bob-zq4711", "carol-zq4711")  # two in the first chunk, one in the second
VISITORS = ("monday-zq4711", "tuesday-zq4711")
STATES = (
    *("waiting", "grown"),
    *(
        pytest.param(name, marks=pytest.mark.long)
        for name in ("compacted", "cold", "in quarantine")
    ),
)


def identified(at_ms: float, *users: str) -> list[Event]:
    return [note(at_ms + number, "identify", id=user) for number, user in enumerate(users)]


def shared_till(lakeful: Lakeful, state: str = "waiting", *, old: bool = False) -> Session:
    """Record three users and two visitors in one session. `old`: as an older version read it."""
    began_ms = NOW_MS - (5 * DAY_MS if state == "cold" else 60_000)
    session = lakeful.session(
        began_ms=began_ms, client=Client(visitor_id=VISITORS[0], device_type="desktop")
    )
    first = session.chunks([*page(began_ms), *identified(began_ms + 10, *USERS[:2])])
    session.client = Client(visitor_id=VISITORS[1], device_type="desktop")
    second = session.chunks(identified(began_ms + 9000, USERS[2]))
    if old:
        first, second = _as_read_before(first), _as_read_before(second)
    if state == "grown":
        lakeful.append(first)
        lakeful.compact(session.day)
        lakeful.append(second)
        return session
    lakeful.append([*first, *second])
    if state != "waiting":
        lakeful.compact(session.day)
    if state == "cold":
        maintain(lakeful.store, lakeful.settings, now_ms=NOW_MS)
        lakeful.clock.tick()
    if state == "in quarantine":
        session.page_seqs[first[0].facts.page_id] = 0
        lakeful.append(session.chunks(identified(began_ms, "mallory-zq4711")))
        lakeful.compact(session.day)
    return session


def _as_read_before(received_chunks: Sequence[ReceivedChunk]) -> list[ReceivedChunk]:
    return [
        chunk._replace(facts=msgspec.structs.replace(chunk.facts, user_ids=(), acted_at_ms=None))
        for chunk in received_chunks
    ]


def execute_all(lakeful: Lakeful) -> list[erasure.Receipt]:
    def sleep(seconds: float) -> None:
        lakeful.clock.ms += int(seconds * 1000) + 1

    return erasure.execute_pending_requests(
        lakeful.store, lakeful.settings, now_ms=lakeful.clock, sleep=sleep
    )


def listed(client: AppClient, lakeful: Lakeful, **filters: str) -> list[str]:
    path = f"/api/websites/{lakeful.website.website_id}/sessions"
    answer = client.get(path, headers=lakeful.headers(), params=filters)
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == len(answer.json()["sessions"])
    return [row["sessionId"] for row in answer.json()["sessions"]]


@pytest.mark.parametrize("state", STATES)
def test_session_is_listed_under_each_of_its_users_and_visitors(
    client: AppClient,
    lakeful: Lakeful,
    state: str,
) -> None:
    session = shared_till(lakeful, state)
    detail = client.get(
        f"/api/websites/{lakeful.website.website_id}/sessions/{session.session_id}",
        headers=lakeful.headers(),
    ).json()

    for user in USERS:
        assert listed(client, lakeful, userId=user) == [session.session_id], user
    for visitor in VISITORS:
        assert listed(client, lakeful, visitorId=visitor) == [session.session_id], visitor
    assert listed(client, lakeful, userId="alice") == []
    assert (detail["userIds"], detail["userId"]) == (list(USERS), USERS[-1])
    assert (detail["visitorIds"], detail["visitorId"]) == (list(VISITORS), VISITORS[0])
    share = f"/api/replay/{session.session_id}/share"
    token = client.post(share, headers=lakeful.headers(role="admin")).json()["token"]
    shared = client.get(f"/api/shared/{token}")
    assert shared.status_code == 200
    assert b"zq4711" not in shared.content


@pytest.mark.parametrize("person", ["users/alice-zq4711", "visitors/tuesday-zq4711"])
@pytest.mark.parametrize("state", STATES)
def test_erasure_by_any_user_or_visitor_leaves_no_byte(
    client: AppClient,
    lakeful: Lakeful,
    state: str,
    person: str,
) -> None:
    session = shared_till(lakeful, state)
    admin = lakeful.headers(role="admin")
    base = f"/api/websites/{lakeful.website.website_id}"

    response = client.request("DELETE", f"{base}/{person}", headers=admin)
    assert (response.status_code, response.json()["sessions"]) == (202, 1)
    assert listed(client, lakeful) == []
    for path in (f"{base}/sessions/{session.session_id}", f"/api/replay/{session.session_id}"):
        assert client.get(path, headers=admin).status_code == 404
    (receipt,) = execute_all(lakeful)
    assert receipt.done_at
    assert receipt.session_count == 1
    held = [key for key, text in every_text(lakeful.store).items() if b"zq4711" in text]
    assert held == []
    assert broken(lakeful.store, lakeful.settings) == []


@pytest.mark.parametrize("by", [pytest.param("user", marks=pytest.mark.long), "visitor"])
def test_tombstone_of_any_user_or_visitor_hides_the_session(
    client: AppClient,
    lakeful: Lakeful,
    by: tombstones.PersonKind,
) -> None:
    """The person alone is named, as where a compactor was faster than the erasure."""
    compacted, grown = shared_till(lakeful, "compacted"), shared_till(lakeful, "grown")
    name = USERS[0] if by == "user" else VISITORS[1]
    tombstones.add(
        lakeful.store, lakeful.website.website_id, people={tombstones.person_hash(by, name): NOW_MS}
    )
    lakeful.clock.tick()

    base = f"/api/websites/{lakeful.website.website_id}/sessions"
    assert client.get(base, headers=lakeful.headers()).json()["sessions"] == []
    shown = lake.open(lakeful.settings.lake).sessions().collect()["session_id"]
    assert compacted.session_id not in shown
    for session in (compacted, grown):
        path = f"{base}/{session.session_id}"
        assert client.get(path, headers=lakeful.headers()).status_code == 404
    late = grown.chunks(identified(NOW_MS, "dave-zq4711"))
    lakeful.append(late)
    lakeful.compact(grown.day)
    execute_all(lakeful)
    assert [key for key in every_text(lakeful.store) if grown.session_id in key] == []


def test_late_chunks_of_an_erased_users_session_are_refused(
    lakeful: Lakeful,
) -> None:
    settings = replace(lakeful.settings, control_cache_s=1e-6)
    recorder = Recorder(recording_website(lakeful.store).website_id)
    with AppClient(create_ingest(settings, lakeful.store, clock=lakeful.clock)) as ingest:

        def post(seq: int, *events: Event, sender: Recorder = recorder) -> int:
            params, body = sender.params(seq=seq), lakes.written(events)
            answer = ingest.post("/v1/chunks", params=params, content=body, headers=plain())
            return answer.status_code

        other = Recorder(recorder.website_id)
        assert post(0, *identified(NOW_MS, *USERS[:2])) == 202
        wanted = erasure.ErasureTargets(user_id=USERS[0])
        reader = Lake(lakeful.store, settings, lakeful.clock)
        erasure.request_erasure(reader, recorder.website_id, wanted, by="test")

        assert post(1, lakes.click(NOW_MS + 1)) == 410
        assert post(0, *identified(NOW_MS, "dave", USERS[0], "erin"), sender=other) == 410
        assert post(0, *identified(NOW_MS, "dave", "erin"), sender=other) == 202


def test_hold_stops_erasure_by_any_user_or_visitor(
    client: AppClient,
    lakeful: Lakeful,
) -> None:
    session = shared_till(lakeful, "compacted")
    website_id = lakeful.website.website_id
    legal_holds.place(
        lakeful.store, website_id, session.session_id, reason="a case", by="test", now_ms=NOW_MS
    )

    admin = lakeful.headers(role="admin")
    for person in (
        *(f"users/{user}" for user in USERS),
        *(f"visitors/{visitor}" for visitor in VISITORS),
    ):
        path = f"/api/websites/{website_id}/{person}"
        answer = client.request("DELETE", path, headers=admin)
        assert (answer.status_code, answer.json()["kind"]) == (409, "held"), person


def test_old_rows_know_only_the_last_user_until_rescored(
    client: AppClient,
    lakeful: Lakeful,
) -> None:
    session = compacted_before(lakeful)

    assert [len(listed(client, lakeful, userId=user)) for user in USERS] == [0, 0, 1]
    assert listed(client, lakeful, visitorId=VISITORS[0]) == [session.session_id]
    assert rescore_day(lakeful.store, session.day).session_count == 1
    lakeful.clock.tick()
    assert [len(listed(client, lakeful, userId=user)) for user in USERS] == [1, 1, 1]
    lakeful.append(session.chunks(page(NOW_MS)))
    assert [len(listed(client, lakeful, userId=user)) for user in USERS] == [1, 1, 1]
    lakeful.compact(session.day)
    assert rebuild(lakeful.store, lakeful.settings).failed == {}
    lakeful.clock.tick()
    assert [len(listed(client, lakeful, userId=user)) for user in USERS] == [1, 1, 1]


def compacted_before(lakeful: Lakeful) -> Session:
    """Leave a session as an older version compacted it."""
    session = shared_till(lakeful, "compacted", old=True)
    none = pl.lit(None, pl.List(pl.String))
    rewrite(lakeful, "sessions", change=none.alias("user_ids"))
    rewrite(lakeful, "sessions", change=none.alias("visitor_ids"))
    rewrite(lakeful, "sessions", change=pl.lit(1, pl.Int32).alias("scoring_version"))
    lakeful.clock.tick()
    return session


@pytest.mark.parametrize("is_compacted", [True, False])
def test_erasure_reaches_users_named_only_in_old_files(
    client: AppClient,
    lakeful: Lakeful,
    is_compacted: bool,
) -> None:
    session = compacted_before(lakeful) if is_compacted else shared_till(lakeful, old=True)
    path = f"/api/websites/{session.website_id}/users/{USERS[0]}"

    response = client.request("DELETE", path, headers=lakeful.headers(role="admin"))
    assert (response.status_code, response.json()["sessions"]) == (202, 0)
    receipts = execute_all(lakeful)
    if not is_compacted:
        lakeful.compact(session.day)  # finds out who is in it
        assert listed(client, lakeful) == []
        receipts = execute_all(lakeful)
    assert [(receipt.session_count, receipt.row_count) for receipt in receipts] == [(1, 1)]
    assert [key for key, text in every_text(lakeful.store).items() if b"zq4711" in text] == []


def test_no_user_of_a_chunk_is_dropped_silently() -> None:
    users = [f"user {number}" for number in range(USERS_MAX)]
    facts = lakes.chunk(identified(NOW_MS, *users, users[0])).facts

    assert facts.users == tuple(users)
    assert facts.user_id == users[0]
    with pytest.raises(ChunkMalformed, match="identifies 257 users, limit is 256"):
        lakes.chunk(identified(NOW_MS, *users, "one more"))


@pytest.mark.parametrize("by", ["user", pytest.param("visitor", marks=pytest.mark.long)])
def test_chunks_of_too_many_users_are_quarantined_and_erasable(
    client: AppClient,
    lakeful: Lakeful,
    monkeypatch: pytest.MonkeyPatch,
    by: str,
) -> None:
    monkeypatch.setattr(merge, "PEOPLE_MAX", 3)
    session = lakeful.session()
    sent: list[ReceivedChunk] = []
    for number in range(5):
        visitor = f"v{number}-zq4711" if by == "visitor" else "v"
        session.client = Client(visitor_id=visitor, device_type="desktop")
        name = f"u{number}-zq4711" if by == "user" else "u"
        sent += session.chunks(identified(session.began_ms + number, name))
    lakeful.append(sent)
    lakeful.compact(session.day)

    quarantined = lakes.quarantined(lakeful.store)
    assert {row["seq"] for row in quarantined} == {3, 4}
    assert "more than 3 users or visitors" in quarantined[0]["reason"]
    kind = "users/u" if by == "user" else "visitors/v"
    path = f"/api/websites/{session.website_id}/{kind}4-zq4711"
    assert client.request("DELETE", path, headers=lakeful.headers(role="admin")).status_code == 202
    (receipt,) = execute_all(lakeful)
    assert (receipt.session_count, receipt.row_count, receipt.chunk_count) == (1, 1, 2)
    assert [key for key, text in every_text(lakeful.store).items() if b"zq4711" in text] == []


def test_a_user_is_erased_by_the_id_that_the_page_gave(
    client: AppClient,
    lakeful: Lakeful,
) -> None:
    """Longer ids are stored cut, and a slash is no end of a path."""
    admin, base = lakeful.headers(role="admin"), f"/api/websites/{lakeful.website.website_id}"
    for name in ("x" * 300, "shop/17?a#b", "ada@shop.example"):
        session = lakeful.session()
        lakeful.append(session.chunks(identified(session.began_ms, name)))

        assert listed(client, lakeful, userId=name) == [session.session_id]
        path = f"{base}/users/{quote(name, safe='')}"
        response = client.request("DELETE", path, headers=admin)
        assert (response.status_code, response.json()["sessions"]) == (202, 1)
        execute_all(lakeful)
        assert listed(client, lakeful) == []


def test_cli_erases_a_user_who_was_not_the_last(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = shared_till(lakeful, "compacted")
    for name, value in (("LAKE", lakeful.settings.lake), ("CONTROL_CACHE_S", "0.001")):
        monkeypatch.setenv(f"REPLAY_{name}", value)
    monkeypatch.setattr(execute, "_COMMIT_MS", 0)
    arguments = ["erase", "--user", USERS[0], "--website", session.website_id, "--json"]

    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    (receipt,) = json.loads(done.stdout)
    assert (receipt["session_count"], receipt["row_count"], receipt["file_count"]) == (1, 1, 1)
    assert receipt["done_at"]
    texts = every_text(lakeful.store)
    assert [key for key, text in texts.items() if b"zq4711" in text] == []
    audit_texts = [text for key, text in texts.items() if key.startswith("audit/")]
    assert any(b"erasure-asked" in text and b'"cli"' in text for text in audit_texts)
