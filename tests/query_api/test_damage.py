"""Stored bytes that are not what was written: a clear problem for one session, none for others."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from lake.sessions.session_file import SessionFile
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store, open_store
from query_api.app import create_app
from tests.query_api.recorded import NOW_MS, Clock, Event, Lakeful, Session, moves, page
from tests.query_api.test_replay import events_of, get_raw, unzstd
from tests.support.asgi import AppClient

pytestmark = pytest.mark.folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Small frames, so that a small session has several."""
    return Settings(lake=str(tmp_path / "lake"), frame_bytes_min=2_000)


@pytest.fixture
def session(lakeful: Lakeful) -> Session:
    events: list[Event] = []
    for number in range(4):
        events += page(NOW_MS + number * 1000, text="x" * 3000)
        events += moves(NOW_MS + number * 1000 + 10, 9)
    session = lakeful.record(events)
    lakeful.record(page(NOW_MS), began_ms=NOW_MS - 1)
    lakeful.compact(session.day)
    return session


def key_of(store: Store, session: Session) -> str:
    prefix = keys.session_prefix(session.day, session.website_id)
    (key,) = (i.key for i in store.list(prefix) if session.session_id in i.key)
    return key


def flip(store: Store, session: Session, where: str) -> None:
    """Flip one bit in the header, or in the middle of a frame."""
    key = key_of(store, session)
    file = SessionFile(store, key)
    at = file.body_offset // 2
    if where != "header":
        frame = file.header.frames[int(where)]
        at = file.body_offset + frame.offset + frame.size_bytes // 2
    body = bytearray(store.get(key))
    body[at] ^= 1
    store.put(key, bytes(body))


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
@pytest.mark.parametrize("where", ["header", "0"])
@pytest.mark.fault(12)
def test_damage_at_the_beginning_is_a_clear_problem(
    client: AppClient, lakeful: Lakeful, session: Session, where: str, encoding: str
) -> None:
    """Fault 12."""
    flip(lakeful.store, session, where)
    headers = lakeful.headers() | {"accept-encoding": encoding}
    answer = client.get(f"/api/replay/{session.session_id}", headers=headers)

    assert (answer.status_code, answer.json()["kind"]) == (500, "damaged")
    assert "content-encoding" not in answer.headers
    assert "replaylake check" in answer.json()["detail"]
    assert key_of(lakeful.store, session) not in answer.text
    assert_others_are_well(client, lakeful, session)


def assert_others_are_well(client: AppClient, lakeful: Lakeful, session: Session) -> None:
    url = f"/api/websites/{lakeful.website.website_id}/sessions"
    listed = client.get(url, headers=lakeful.headers()).json()
    assert listed["total"] == 2
    (other,) = (s for s in listed["sessions"] if s["sessionId"] != session.session_id)
    answer = client.get(f"/api/replay/{other['sessionId']}", headers=lakeful.headers())
    assert len(events_of(answer.content)) == 2


@pytest.mark.fault(12)
def test_damage_after_the_start_breaks_the_connection(
    client: AppClient, lakeful: Lakeful, session: Session
) -> None:
    """Fault 12: a client can tell a part from the whole."""
    flip(lakeful.store, session, "2")
    headers = lakeful.headers() | {"accept-encoding": "identity"}
    with pytest.raises(RuntimeError, match="response already started"):
        client.get(f"/api/replay/{session.session_id}", headers=headers)

    assert "replaylake_replays_cut_total 1.0" in client.get("/metrics").text
    assert "replaylake_replays_open 0.0" in client.get("/metrics").text
    assert_others_are_well(client, lakeful, session)


@pytest.mark.fault(12)
def test_frames_that_go_out_as_they_lie_carry_their_checksums(
    client: AppClient, lakeful: Lakeful, session: Session
) -> None:
    """Fault 12: the client's zstd decoder reports the damage."""
    flip(lakeful.store, session, "2")
    headers = lakeful.headers() | {"accept-encoding": "zstd"}
    answer = get_raw(client, f"/api/replay/{session.session_id}", headers)

    with pytest.raises(Exception, match=r"(?i)checksum|corrupt|decompress"):
        unzstd(answer.body)


def test_what_lies_before_the_damage_can_still_be_played(
    client: AppClient, lakeful: Lakeful, session: Session
) -> None:
    flip(lakeful.store, session, "3")
    url = f"/api/replay/{session.session_id}"
    answer = client.get(url, params={"to_ms": 1500}, headers=lakeful.headers())

    assert len(events_of(answer.content)) == 18


def test_a_missing_session_file_is_a_server_error(
    client: AppClient, lakeful: Lakeful, session: Session
) -> None:
    lakeful.store.delete([key_of(lakeful.store, session)])
    answer = client.get(f"/api/replay/{session.session_id}", headers=lakeful.headers())

    assert (answer.status_code, answer.json()["kind"]) == (500, "object-missing")
    assert_others_are_well(client, lakeful, session)


@pytest.mark.fault(47)
def test_a_player_continues_with_a_superseded_file(lakeful: Lakeful) -> None:
    """Fault 47."""
    events = [
        e
        for n in range(4)
        for e in [*page(NOW_MS + n * 1000, text="x" * 3000), *moves(NOW_MS + n * 1000 + 10, 9)]
    ]
    session = lakeful.session()
    chunks = session.chunks(events, size=11)
    lakeful.append([*chunks[:1], *chunks[2:]])
    lakeful.compact(session.day)
    app = create_app(lakeful.settings, lakeful.store, now_ms=lakeful.clock)
    headers = lakeful.headers() | {"accept-encoding": "identity"}

    async def play() -> list[bytes]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://app.test") as http:
            blocks: list[bytes] = []
            async with http.stream(
                "GET", f"/api/replay/{session.session_id}", headers=headers
            ) as answer:
                async for block in answer.aiter_raw():
                    if not blocks:
                        lakeful.append(chunks[1:2])
                        lakeful.compact(session.day)
                    blocks.append(block)
            return blocks

    with AppClient(app) as client:
        before = b"".join(client.run(play()))
        after = client.get(f"/api/replay/{session.session_id}", headers=headers).content

    assert events_of(before) == [e for e in events if e not in events[11:22]]
    assert events_of(after) == events


@pytest.mark.parametrize("name", ["sessions", "session_files"])
def test_a_damaged_table_is_our_trouble(
    client: AppClient, lakeful: Lakeful, session: Session, name: str
) -> None:
    for path in Path(lakeful.store.table_uri(name)).rglob("*.parquet"):
        body = bytearray(path.read_bytes())
        body[len(body) // 3 : len(body) // 3 + 200] = bytes(200)
        path.write_bytes(body)
    answer = client.get(f"/api/replay/{session.session_id}", headers=lakeful.headers())

    assert answer.status_code == 500
    assert answer.json()["kind"] == "damaged"


def test_an_unreachable_store_is_a_503_with_retry_after(settings: Settings, tmp_path: Path) -> None:
    clock = Clock()
    lakeful = Lakeful(open_store(settings), settings, clock)
    session = lakeful.record(page(NOW_MS))
    headers = lakeful.headers()
    broken = tmp_path / "lake" / "raw"
    app = create_app(replace(settings), lakeful.store, now_ms=clock)
    with AppClient(app) as client:
        broken.rename(tmp_path / "raw")
        broken.symlink_to(broken)  # a loop: every look fails
        answer = client.get(f"/api/replay/{session.session_id}", headers=headers)

    assert answer.status_code == 503
    assert answer.json()["kind"] == "store-unavailable"
    assert int(answer.headers["retry-after"]) > 0
    assert str(tmp_path) not in answer.text
