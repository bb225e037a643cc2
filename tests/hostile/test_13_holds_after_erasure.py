"""A legal hold that is placed after an erasure was asked for keeps what is not removed yet."""

import json
import os
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from lake import erasure
from lake.compaction import compact_day
from lake.control import legal_holds, tombstones
from lake.erasure import ErasureTargets, Receipt, removal, requests
from lake.errors import SessionErased, SessionMissing
from lake.operations.check.run import check
from lake.operations.maintenance import maintain
from lake.operations.rebuild import rebuild
from lake.operations.repair import repair
from lake.reading.lake_snapshot import Lake
from lake.reading.session_filters import SessionQuery
from lake.reading.session_list import list_sessions
from lake.reading.session_lookup import resolve_session
from lake.storage import keys
from lake.tables.delta_table import Table
from orchestration.cli import app
from query_api.app import create_app
from tests.lake.operations.expired import at_point, expire, old, old_with_all
from tests.lake.operations.lakes import DAY_MS, compacted
from tests.query_api.recorded import NOW_MS, Lakeful, Session, moves, page
from tests.support.asgi import AppClient
from tests.support.processes import environ_of


def hold(lakeful: Lakeful, session: Session | None = None, reason: str = "case 4711") -> None:
    legal_holds.place(
        lakeful.store,
        lakeful.website.website_id,
        session.session_id if session else None,
        reason=reason,
        by="counsel",
        now_ms=NOW_MS,
    )


def release(lakeful: Lakeful, session: Session | None = None) -> None:
    session_id = session.session_id if session else None
    website_id = lakeful.website.website_id
    legal_holds.release(lakeful.store, website_id, session_id, by="counsel", now_ms=NOW_MS)


def request_erasure(lakeful: Lakeful, *sessions: Session) -> Receipt:
    wanted = ErasureTargets(sessions=tuple(session.session_id for session in sessions))
    reader = Lake(lakeful.store, lakeful.settings, lakeful.clock)
    return erasure.request_erasure(reader, lakeful.website.website_id, wanted, by="test")


def execute(lakeful: Lakeful) -> list[Receipt]:
    def sleep(seconds: float) -> None:
        lakeful.clock.ms += int(seconds * 1000) + 1

    return erasure.execute_pending_requests(
        lakeful.store, lakeful.settings, now_ms=lakeful.clock, sleep=sleep
    )


def objects_of(lakeful: Lakeful, session: Session) -> dict[str, bytes]:
    """The session's files and the segments, by key."""
    items = [*lakeful.store.list(keys.SESSIONS), *lakeful.store.list(keys.RAW)]
    wanted = [i.key for i in items if session.session_id in i.key or i.key.startswith(keys.RAW)]
    return {key: lakeful.store.get(key) for key in wanted}


def assert_hidden(lakeful: Lakeful, session: Session) -> None:
    reader = Lake(lakeful.store, lakeful.settings, lakeful.clock)
    with pytest.raises(SessionMissing):
        resolve_session(reader, lakeful.website, session.session_id)
    listed = list_sessions(reader, lakeful.website, SessionQuery())
    assert session.session_id not in [row["session_id"] for row in listed.rows]


@pytest.mark.parametrize("kind", ["session", "website"])
def test_hold_placed_after_the_request_delays_the_erasure(lakeful: Lakeful, kind: str) -> None:
    held, free = (lakeful.record(page(NOW_MS - 1000)) for _ in range(2))
    compacted(lakeful, {held.day})
    lakeful.append(held.chunks(moves(NOW_MS, 3)))
    receipt = request_erasure(lakeful, held, free)
    before = objects_of(lakeful, held)
    mine = held if kind == "session" else None
    hold(lakeful, mine)

    (waits,) = execute(lakeful)
    assert objects_of(lakeful, held) == before
    assert (waits.done_at, waits.failed) == (None, None)
    named = {
        session.session_id: (session.hold, session.reason, session.placed_by)
        for session in waits.held
    }
    everybody = {held.session_id, free.session_id} if kind == "website" else {held.session_id}
    assert named == dict.fromkeys(everybody, (kind, "case 4711", "counsel"))
    assert "case 4711" in (waits.waits_for or "")
    is_left = any(free.session_id in key for key in objects_of(lakeful, free))
    assert is_left == (kind == "website")
    assert_hidden(lakeful, held)
    assert_hidden(lakeful, free)
    # Waiting for a release is neither late nor broken, and is not requested anew.
    assert check(lakeful.store, lakeful.settings, now_ms=NOW_MS + 5 * DAY_MS) == []
    maintain(lakeful.store, lakeful.settings, now_ms=lakeful.clock.ms)
    assert [pending.erasure_id for pending in erasure.pending_erasures(lakeful.store)] == [
        receipt.erasure_id
    ]

    release(lakeful, mine)
    (done,) = execute(lakeful)
    assert done.done_at
    assert (done.held, done.waits_for) == ((), None)
    assert objects_of(lakeful, held) == {}
    assert check(lakeful.store, lakeful.settings, now_ms=NOW_MS) == []


def test_erasure_api_names_the_hold(lakeful: Lakeful) -> None:
    session = lakeful.record(page(NOW_MS - 1000))
    compacted(lakeful, {session.day})
    receipt = request_erasure(lakeful, session)
    hold(lakeful, session)
    execute(lakeful)

    app = create_app(lakeful.settings, lakeful.store, now_ms=lakeful.clock)
    with AppClient(app) as client:
        headers = lakeful.headers(role="admin")
        answer = client.get(f"/api/erasures/{receipt.erasure_id}", headers=headers).json()
        replay = client.get(f"/api/replay/{session.session_id}", headers=headers)
    assert answer["status"] == "held"
    assert answer["held"] == [
        {
            "sessionId": session.session_id,
            "hold": "session",
            "reason": "case 4711",
            "placedAt": answer["held"][0]["placedAt"],
            "placedBy": "counsel",
        }
    ]
    assert replay.status_code == 404


def at_step(monkeypatch: pytest.MonkeyPatch, name: str, action: Callable[[], object]) -> None:
    """Do something once, just before a step of the removal reads the holds."""
    real, todo = getattr(removal, name), [action]

    def step(*arguments: object) -> None:
        if todo:
            todo.pop()()
        real(*arguments)

    monkeypatch.setattr(removal, name, step)


@pytest.mark.parametrize(
    ("step", "left"),
    [("_remove_rows", {"sessions", "raw"}), ("_remove_files", {"sessions", "raw"}),
     ("_remove_chunks", {"raw"})],
)  # fmt: skip
def test_hold_during_an_erasure_protects_what_is_left(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch, step: str, left: set[str]
) -> None:
    session = lakeful.record(page(NOW_MS - 1000))
    compacted(lakeful, {session.day})
    lakeful.append(session.chunks(moves(NOW_MS, 3)))
    receipt = request_erasure(lakeful, session)
    at_step(monkeypatch, step, lambda: hold(lakeful, session))

    (waits,) = execute(lakeful)
    assert [held.session_id for held in waits.held] == [session.session_id]
    assert {key.partition("/")[0] for key in objects_of(lakeful, session)} == left
    # A hold placed after the run began returns a warning that data may be missing.
    website_id = lakeful.website.website_id
    (begun,) = erasure.started_erasures(lakeful.store, website_id, session.session_id)
    assert begun.erasure_id == receipt.erasure_id
    # Nothing else destroys what is left, or shows it.
    compact_day(lakeful.store, lakeful.settings, session.day, now_ms=lakeful.clock.ms)
    if step == "_remove_files":
        repair(lakeful.store, lakeful.settings, now_ms=NOW_MS + DAY_MS)
        maintain(lakeful.store, lakeful.settings, now_ms=NOW_MS + DAY_MS)
        rebuild(lakeful.store, lakeful.settings)
    assert objects_of(lakeful, session)
    assert_hidden(lakeful, session)

    release(lakeful, session)
    assert [bool(receipt.done_at) for receipt in execute(lakeful)][-1]
    assert objects_of(lakeful, session) == {}


def test_chunks_of_a_held_session_are_not_dropped(lakeful: Lakeful) -> None:
    held, free = (lakeful.record(page(NOW_MS - 1000)) for _ in range(2))
    request_erasure(lakeful, held, free)
    hold(lakeful, held)

    done = compact_day(lakeful.store, lakeful.settings, held.day, now_ms=lakeful.clock.ms)
    assert (done.session_count, done.erased_count) == (1, 1)
    (file,) = objects_of(lakeful, held)
    assert held.session_id in file
    assert_hidden(lakeful, held)
    assert len(erasure.pending_erasures(lakeful.store)) == 1
    release(lakeful, held)
    execute(lakeful)
    assert objects_of(lakeful, held) == {}


@pytest.mark.parametrize("why", ["erased", "expired"])
def test_hold_during_a_compaction_protects_chunks(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    from lake.compaction.compactor import Compactor

    began_ms = NOW_MS - (100 * DAY_MS if why == "expired" else 1000)
    session = lakeful.session(began_ms=began_ms)
    lakeful.append(session.chunks(page(began_ms)))
    if why == "erased":
        request_erasure(lakeful, session)
    before = objects_of(lakeful, session)
    real = Compactor.delete

    def delete(*arguments: object) -> None:
        hold(lakeful, session)
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Compactor, "delete", delete)
    compact_day(lakeful.store, lakeful.settings, session.day, now_ms=NOW_MS)
    assert objects_of(lakeful, session) == before


def test_hold_during_retention_protects_rows_and_files(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has removed chunks that waited by then, and nothing else."""
    session = old_with_all(lakeful)
    at_point(monkeypatch, "retention-mid-delete", lambda: hold(lakeful, session))

    expire(lakeful)
    monkeypatch.undo()
    left = {key.partition("/")[0] for key in objects_of(lakeful, session)}
    assert left == {"sessions"}
    assert any(lakeful.store.list(keys.QUARANTINE))
    rows = Table(lakeful.store, "sessions").snapshot().scan().collect()
    assert list(rows["session_id"]) == [session.session_id]
    findings = check(lakeful.store, lakeful.settings, now_ms=NOW_MS)
    assert [finding.kind for finding in findings] == ["quarantined-chunks"]


def test_unreadable_objects_are_not_destroyed_under_holds(lakeful: Lakeful) -> None:
    other = lakeful.new_website()
    session = lakeful.record(page(NOW_MS - 1000))
    compacted(lakeful, {session.day})
    key = keys.segment_key(session.day, "damaged")
    lakeful.store.put(key, b"no parquet")
    request_erasure(lakeful, session)
    legal_holds.place(lakeful.store, other.website_id, None, reason="r", by="me", now_ms=NOW_MS)

    (waits,) = execute(lakeful)
    assert waits.done_at is None
    assert key in (waits.waits_for or "")
    assert lakeful.store.get(key) == b"no parquet"
    legal_holds.release(lakeful.store, other.website_id, None, by="me", now_ms=NOW_MS)
    (done,) = execute(lakeful)
    assert (bool(done.done_at), done.unreadable_count) == (True, 1)


def test_nothing_is_held_of_which_nothing_is_left(lakeful: Lakeful) -> None:
    session = lakeful.record(page(NOW_MS - 1000))
    request_erasure(lakeful, session)
    execute(lakeful)

    with pytest.raises(SessionErased):
        hold(lakeful, session)
    assert legal_holds.read(lakeful.store, lakeful.website.website_id).sessions == {}


def test_hold_protects_from_retention_and_erasure_alike(lakeful: Lakeful) -> None:
    session = old(lakeful)
    tombstones.add(lakeful.store, lakeful.website.website_id, sessions=[session.session_id])
    hold(lakeful, session)
    before = objects_of(lakeful, session)

    expire(lakeful)
    execute(lakeful)
    assert objects_of(lakeful, session) == before != {}


def test_cli_reports_that_an_erasure_has_begun(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ_of(lakeful.settings).items():
        monkeypatch.setitem(os.environ, name, value)
    session = lakeful.record(page(NOW_MS - 1000))
    requested = request_erasure(lakeful, session)
    mine = ["--website", lakeful.website.website_id, "--session", session.session_id]
    place = ["hold", "place", *mine, "--reason", "case 1"]

    done = CliRunner().invoke(app, place)
    assert done.exit_code == 0
    assert requested.erasure_id not in done.stderr
    release(lakeful, session)
    (receipt,) = erasure.pending_erasures(lakeful.store)
    requests.mark_started(lakeful.store, receipt, now_ms=NOW_MS)
    done = CliRunner().invoke(app, place)
    assert requested.erasure_id in done.stderr
    shown = CliRunner().invoke(app, ["erase", "--waiting", "--json"])
    assert json.loads(shown.stdout)[0]["held"][0]["reason"] == "case 1"
