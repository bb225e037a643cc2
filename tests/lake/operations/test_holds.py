"""Held: past its retention, never served, and there until it is released."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from typer.testing import CliRunner

from lake import ids
from lake.control import legal_holds, websites
from lake.errors import IdMalformed, SessionMissing, SettingInvalid, WebsiteMissing
from lake.operations.check.run import check
from lake.operations.repair import repair
from lake.raw import segment_file
from lake.reading.lake_snapshot import Lake
from lake.reading.session_filters import SessionQuery
from lake.reading.session_list import list_sessions
from lake.reading.session_lookup import resolve_session
from lake.retention.removal import HELD
from lake.retention.run import expired_days
from lake.sessions.session_file import SessionFile
from lake.storage import keys
from lake.tables.delta_table import Table
from lake.tables.schemas import BY_SESSION
from lake.timestamps import iso
from orchestration.cli import app
from tests.lake.operations.damage import CHECK_MS, file_of
from tests.lake.operations.expired import OVER_MS, at_point, everything, expire, old, old_with_all
from tests.lake.operations.lakes import DAY_MS, broken, compacted
from tests.query_api.recorded import NOW_MS, Lakeful, Session, moves, page
from tests.support.processes import environ_of


def hold(lakeful: Lakeful, session: Session | None = None) -> legal_holds.Holds:
    return legal_holds.place(
        lakeful.store,
        lakeful.website.website_id,
        session.session_id if session else None,
        reason="case 4711",
        by="counsel",
        now_ms=NOW_MS,
    )


def release(lakeful: Lakeful, session: Session | None = None) -> legal_holds.Holds:
    session_id = session.session_id if session else None
    return legal_holds.release(
        lakeful.store, lakeful.website.website_id, session_id, by="me", now_ms=NOW_MS
    )


def of_session(lakeful: Lakeful, session: Session) -> dict[str, bytes]:
    """Every object of a session but the tables', and its rows by table."""
    rows: dict[str, bytes] = {}
    for name in BY_SESSION:
        result = Table(lakeful.store, name).snapshot().scan().filter(session_id=session.session_id)
        if (frame := result.collect()).height:
            rows[name] = repr(frame.to_dicts()).encode()
    chunks = {
        f"{item.key.partition('/')[0]}: {received_chunk.facts.seq}": received_chunk.payload
        for prefix in (keys.RAW, keys.QUARANTINE)
        for item in lakeful.store.list(prefix)
        for received_chunk in segment_file.decode(lakeful.store.get(item.key))
        if received_chunk.session_id == session.session_id
    }
    files = {
        item.key: lakeful.store.get(item.key)
        for item in lakeful.store.list(keys.SESSIONS)
        if session.session_id in item.key
    }
    return rows | chunks | files


def test_a_held_session_keeps_all_its_data_until_released(
    lakeful: Lakeful,
) -> None:
    held, erased = old_with_all(lakeful), old_with_all(lakeful)
    mixed = [
        *held.chunks(moves(OVER_MS + 20_000, 4)),
        *erased.chunks(moves(OVER_MS + 20_000, 4)),
    ]
    lakeful.append(mixed)
    hold(lakeful, held)
    before = of_session(lakeful, held)
    assert {*before} >= {"sessions", "pages", "session_files", "raw: 2", "quarantine: 0"}

    (dry,) = expire(lakeful, dry_run=True)
    assert dry.sessions == [(erased.website_id, erased.session_id)]
    (done,) = expire(lakeful)
    assert (done.session_count, done.kept) == (1, {HELD: 1})
    assert dry.kept == done.kept
    assert of_session(lakeful, held) == before
    assert of_session(lakeful, erased) == {}
    later_ms = NOW_MS + 5 * DAY_MS  # when all that is not held would be overdue
    findings = check(lakeful.store, lakeful.settings, now_ms=later_ms)
    assert [finding.kind for finding in findings] == ["quarantined-chunks"]
    assert expire(lakeful) == []

    release(lakeful, held)
    assert [finding.session_count for finding in expire(lakeful)] == [1]
    assert f"date={held.day}" not in " ".join(everything(lakeful))
    assert broken(lakeful.store, lakeful.settings) == []


def test_a_held_session_is_not_served_once_it_is_expired(lakeful: Lakeful) -> None:
    session = old(lakeful)
    hold(lakeful, session)
    expire(lakeful)
    reader = Lake(lakeful.store, lakeful.settings, lakeful.clock)

    assert list_sessions(reader, lakeful.website, SessionQuery()).total == 0
    with pytest.raises(SessionMissing):
        resolve_session(reader, lakeful.website, session.session_id)


def test_a_hold_on_a_website_keeps_only_its_own_sessions(lakeful: Lakeful) -> None:
    other = lakeful.new_website()
    held = [old_with_all(lakeful) for _ in range(2)]
    hold(lakeful)
    assert expired_days(lakeful.store, lakeful.settings, now_ms=NOW_MS) == []
    erased = old_with_all(lakeful, other)
    before = [of_session(lakeful, session) for session in held]

    (done,) = expire(lakeful)
    assert (done.by_website, done.kept) == ({other.website_id: 1}, {HELD: 2})
    assert [of_session(lakeful, session) for session in held] == before
    assert of_session(lakeful, erased) == {}

    release(lakeful)
    assert [item.session_count for item in expire(lakeful)] == [2]
    assert not any(lakeful.store.list(keys.SESSIONS))


def test_pending_chunks_of_a_held_session_are_compacted(lakeful: Lakeful) -> None:
    held = lakeful.session(began_ms=OVER_MS)
    erased = lakeful.session(began_ms=OVER_MS)
    lakeful.append([*held.chunks(page(OVER_MS)), *erased.chunks(page(OVER_MS))])
    hold(lakeful, held)

    compacted(lakeful, {held.day})
    assert len(SessionFile(lakeful.store, file_of(lakeful.store, held)).header.chunks) == 1
    assert of_session(lakeful, erased) == {}
    assert not any(lakeful.store.list(keys.RAW))
    assert broken(lakeful.store, lakeful.settings) == []


def test_a_hold_spares_no_session_of_another_website(
    lakeful: Lakeful,
) -> None:
    other = lakeful.new_website()
    held = old(lakeful)
    lakeful.clock.ms = OVER_MS
    same = lakeful.session(other, began_ms=held.began_ms, secret=held.secret)
    lakeful.append(same.chunks(page(held.began_ms)))
    compacted(lakeful, {held.day})
    lakeful.clock.ms = NOW_MS
    hold(lakeful, held)

    (done,) = expire(lakeful)
    assert (done.by_website, done.kept) == ({other.website_id: 1}, {HELD: 1})
    (file,) = lakeful.store.list(keys.SESSIONS)
    assert f"/{held.website_id}/{held.session_id}." in file.key
    assert broken(lakeful.store, lakeful.settings) == []


def test_a_hold_that_comes_while_rows_go_still_keeps_the_file(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`repair` makes its rows anew."""
    session = old(lakeful)
    body = lakeful.store.get(key := file_of(lakeful.store, session))
    at_point(monkeypatch, "retention-after-rows", lambda: hold(lakeful, session))

    (done,) = expire(lakeful)
    assert (done.session_count, done.kept) == (0, {HELD: 1})
    assert lakeful.store.get(key) == body
    broken_now = check(lakeful.store, lakeful.settings, now_ms=CHECK_MS)
    assert [item.kind for item in broken_now] == ["orphan"]
    repair(lakeful.store, lakeful.settings, now_ms=CHECK_MS)
    assert check(lakeful.store, lakeful.settings, now_ms=CHECK_MS) == []
    assert "sessions" in of_session(lakeful, session)


def test_of_a_list_of_holds_that_cannot_be_read_all_is_held(lakeful: Lakeful) -> None:
    other = lakeful.new_website()
    retained, erased = old_with_all(lakeful), old_with_all(lakeful, other)
    lakeful.store.put(keys.hold_key(retained.website_id), b"{")
    before = of_session(lakeful, retained)

    (done,) = expire(lakeful)
    assert list(done.failed) == [retained.website_id]
    assert (done.by_website, done.kept) == ({other.website_id: 1}, {HELD: 1})
    assert of_session(lakeful, retained) == before
    assert of_session(lakeful, erased) == {}


@pytest.mark.also_on_s3
def test_holds_of_many_at_once_all_stay(lakeful: Lakeful) -> None:
    sessions = [lakeful.session() for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda session: hold(lakeful, session), sessions))
    document = legal_holds.read(lakeful.store, lakeful.website.website_id)
    assert set(document.sessions) == {session.session_id for session in sessions}
    assert document.website is None
    assert not document.holds(lakeful.session().session_id)
    assert document.sessions[sessions[0].session_id] == legal_holds.Hold(
        reason="case 4711", placed_at=iso(NOW_MS), placed_by="counsel"
    )


def test_releasing_what_is_not_held_changes_nothing(lakeful: Lakeful) -> None:
    held = lakeful.session()
    before = hold(lakeful, held)

    assert release(lakeful) == release(lakeful, lakeful.session()) == before
    assert release(lakeful, held).sessions == {}


def test_a_hold_needs_a_website_a_reason_and_the_id_of_a_session(lakeful: Lakeful) -> None:
    website_id = lakeful.website.website_id

    def place(website_id: str, session_id: str | None, reason: str) -> None:
        legal_holds.place(
            lakeful.store, website_id, session_id, reason=reason, by="me", now_ms=NOW_MS
        )

    with pytest.raises(WebsiteMissing):
        place("w_none", None, "why")
    with pytest.raises(WebsiteMissing):
        legal_holds.release(lakeful.store, "w_none", None, by="me", now_ms=NOW_MS)
    with pytest.raises(SettingInvalid, match="reason"):
        place(website_id, None, " ")
    for wrong in ("x", ids.uuid7(2**48 - 1, 1)):
        with pytest.raises(IdMalformed):
            place(website_id, wrong, "why")
    assert not any(lakeful.store.list(keys.HOLDS))


def test_the_command_line_places_lists_and_releases(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ_of(lakeful.settings).items():
        monkeypatch.setitem(os.environ, name, value)
    website_id = lakeful.website.website_id
    session = lakeful.session()
    mine = ["--website", website_id, "--session", session.session_id]

    def run(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["hold", *arguments])
        assert done.exit_code == code, done.output
        return done.stdout

    assert run("place", *mine, "--reason", "case 1", "--by", "counsel") == f"{session.session_id}\n"
    assert run("place", "--website", website_id, "--reason", "case 2") == f"{website_id}\n"
    whole, entry = json.loads(run("list", "--website", website_id, "--json"))
    assert (whole["session_id"], whole["reason"], whole["placed_by"]) == (None, "case 2", "cli")
    assert (entry["session_id"], entry["reason"], entry["placed_by"]) == (
        session.session_id,
        "case 1",
        "counsel",
    )
    assert "case 1" in run("list")
    assert json.loads(run("list", "--website", lakeful.new_website().website_id, "--json")) == []
    run("release", *mine)
    run("release", *mine, code=1)
    assert [hold["reason"] for hold in json.loads(run("list", "--json"))] == ["case 2"]
    assert websites.get(lakeful.store, website_id) == lakeful.website
