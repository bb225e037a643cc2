"""Erased: hidden at once, gone from every byte, and never back."""

import time
from threading import Event, Thread
from typing import Any

import pytest

from lake import erasure, ids
from lake.compaction import compact_day, pending_days
from lake.compaction import session_writer as rewriting
from lake.control import legal_holds, tombstones
from lake.erasure import ErasureTargets, Receipt, execute, ledger, resurfaced, table_purge
from lake.erasure.ledger import ErasureMissing
from lake.errors import OnLegalHold, SessionMissing, StoreUnavailable
from lake.operations.check.run import check
from lake.operations.maintenance import maintain
from lake.operations.rebuild import rebuild
from lake.operations.repair import repair
from lake.raw import quarantine, segment_file
from lake.raw.chunk_facts import Client
from lake.raw.quarantine import POSITION_TAKEN, RejectedChunk
from lake.reading.error_groups import error_groups, error_occurrences
from lake.reading.lake_snapshot import Lake
from lake.reading.session_filters import SessionQuery
from lake.reading.session_list import list_sessions
from lake.reading.session_lookup import resolve_session
from lake.sessions.session_file_writer import WrittenSessionFile
from lake.storage import keys
from lake.storage.base import Store
from lake.tables import session_rows
from lake.tables.cold_layout import move_to_cold
from lake.tables.daily_summary import summarise_day
from lake.tables.delta_table import Table
from lake.tables.schemas import BY_SESSION
from lake.timestamps import utc_day
from tests.lake.operations.damage import CHECK_MS, file_of, rewrite
from tests.lake.operations.lakes import DAY_MS, broken, compacted, filled, killed_at, tables_of
from tests.query_api.recorded import NOW_MS, Lakeful, Session, moves, note, page, script_error
from tests.s3.endpoint import Fault, S3Endpoint
from tests.support.texts import every_text

MARKER = "zqmarker4711"
VISITOR, USER = f"visitor-{MARKER}", f"user-{MARKER}"
EXECUTE = """
from lake import erasure
erasure.execute_pending_requests(store, settings, now_ms=lambda: now_ms, sleep=lambda s: None)
"""


def marked(lakeful: Lakeful, *, ago: int = 0, name: str = MARKER) -> Session:
    """Store a session that has the marker in all that it tells."""
    began_ms = NOW_MS - ago * DAY_MS - 5 * 3_600_000
    session = lakeful.session(
        began_ms=began_ms,
        client=Client(visitor_id=f"visitor-{name}", device_type="desktop", device_model=name),
    )
    events = [
        *page(began_ms, f"https://shop.example/{name}", name),
        script_error(began_ms + 50, f"{name} is undefined"),
        note(began_ms + 60, "identify", id=f"user-{name}"),
    ]
    lakeful.append(session.chunks(events))
    return session


def reader(lakeful: Lakeful) -> Lake:
    return Lake(lakeful.store, lakeful.settings, lakeful.clock)


def listed(lakeful: Lakeful, lake: Lake | None = None) -> list[str]:
    sessions = list_sessions(lake or reader(lakeful), lakeful.website, SessionQuery())
    assert sessions.total == len(sessions.rows)
    return [row["session_id"] for row in sessions.rows]


def request(lakeful: Lakeful, wanted: ErasureTargets, lake: Lake | None = None) -> Receipt:
    lake = lake or reader(lakeful)
    return erasure.request_erasure(lake, lakeful.website.website_id, wanted, by="test")


def execute_all(lakeful: Lakeful) -> list[Receipt]:
    def sleep(seconds: float) -> None:
        lakeful.clock.ms += int(seconds * 1000) + 1

    return erasure.execute_pending_requests(
        lakeful.store, lakeful.settings, now_ms=lakeful.clock, sleep=sleep
    )


def where(lakeful: Lakeful, text: str) -> list[str]:
    """The objects that hold a text, as they lie or inflated."""
    return [key for key, body in every_text(lakeful.store).items() if text.encode() in body]


def everywhere(lakeful: Lakeful) -> list[Session]:
    """Marked sessions that are compacted, cold, waiting, late and put aside, beside others."""
    old, new, waiting = (marked(lakeful, ago=ago) for ago in (5, 0, 0))
    filled(lakeful, days_ago=(0, 5), each=2)
    maintain(lakeful.store, lakeful.settings, now_ms=lakeful.clock.ms)
    page_id = next(iter(new.page_seqs))
    twice = new.chunk(
        b'[{"type":5,"timestamp":1,"data":{"tag":"%b"}}]' % MARKER.encode(), page_id, 0
    )
    lakeful.append([twice])
    lakeful.compact(new.day)
    other = lakeful.session()
    late = [*moves(new.began_ms + 900, 3), note(new.began_ms + 990, MARKER)]
    lakeful.append([*waiting.chunks(late), *new.chunks(late), *other.chunks(page(other.began_ms))])
    places = {key.split("/")[0] for key in where(lakeful, MARKER)}
    assert places == {"raw", "sessions", "tables", "quarantine"}
    return [old, new, waiting]


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(ErasureTargets(visitor_id=VISITOR), id="visitor"),
        pytest.param(ErasureTargets(user_id=USER), id="user"),
    ],
)
def test_what_was_erased_is_hidden_at_once_and_then_nowhere(
    lakeful: Lakeful, wanted: ErasureTargets
) -> None:
    mine = everywhere(lakeful)
    lake = reader(lakeful)
    others = set(listed(lakeful, lake)) - {item.session_id for item in mine}
    assert len(others) == 5

    requested = request(lakeful, wanted, lake)
    assert set(listed(lakeful, lake)) == others
    for item in mine:
        with pytest.raises(SessionMissing):
            resolve_session(lake, lakeful.website, item.session_id)
    (receipt,) = execute_all(lakeful)

    assert receipt.erasure_id == requested.erasure_id
    assert receipt.done_at
    assert (receipt.session_count, receipt.row_count, receipt.chunk_count) == (3, 3, 3)
    assert where(lakeful, MARKER) == []
    assert set(listed(lakeful)) == others
    assert broken(lakeful.store, lakeful.settings) == []
    assert erasure.pending_erasures(lakeful.store) == []
    website_id = lakeful.website.website_id
    assert erasure.read_receipt(lakeful.store, website_id, requested.erasure_id) == receipt


def test_nobody_is_shown_what_was_erased_and_is_still_there(lakeful: Lakeful) -> None:
    """Not even where a tombstone names the person only, since a compactor was faster."""
    by_id, by_visitor, by_user = (marked(lakeful) for _ in range(3))
    other = lakeful.session(website=lakeful.new_website(), secret=by_id.secret)
    other.began_ms = by_id.began_ms
    lakeful.append(other.chunks([*page(other.began_ms), script_error(NOW_MS, "theirs")]))
    retained = filled(lakeful, days_ago=(0,), each=2)
    compacted(lakeful, {by_id.day})
    website_id = lakeful.website.website_id

    def shown() -> set[tuple[str, str]]:
        tables = tables_of(lakeful.settings)
        frames = [tables[name].select("website_id", "session_id") for name in BY_SESSION[:3]]
        return {row for frame in frames for row in frame.iter_rows()}

    def messages() -> set[str]:
        groups = error_groups(reader(lakeful), lakeful.website)
        for row in groups.rows:
            result = error_occurrences(reader(lakeful), lakeful.website, row["fingerprint"])
            assert result.total == row["count"]
        return {row["message"] for row in groups.rows}

    theirs = {(item.website_id, item.session_id) for item in (other, *retained)}
    assert shown() - theirs == {
        (website_id, item.session_id) for item in (by_id, by_visitor, by_user)
    }
    assert messages() == {f"{MARKER} is undefined", "number 1 of day 0"}
    tombstones.add(lakeful.store, website_id, sessions=[by_id.session_id])
    assert shown() - theirs == {(website_id, item.session_id) for item in (by_visitor, by_user)}
    for person in (
        tombstones.person_hash("visitor", VISITOR),
        tombstones.person_hash("user", USER),
    ):
        lakeful.store.delete([keys.tombstones_key(website_id)])
        tombstones.add(lakeful.store, website_id, people={person: by_user.began_ms - 1})
        assert f"{MARKER} is undefined" in messages()
        tombstones.add(lakeful.store, website_id, people={person: by_user.began_ms})
        assert shown() == theirs
        assert messages() == {"number 1 of day 0"}


@pytest.mark.fault(30)
def test_late_chunks_of_an_erased_session_are_dropped(lakeful: Lakeful) -> None:
    session = marked(lakeful)
    compacted(lakeful, {session.day})
    request(lakeful, ErasureTargets(sessions=(session.session_id,)))
    execute_all(lakeful)

    lakeful.append(session.chunks(moves(session.began_ms + 900, 3)))
    assert listed(lakeful) == []
    done = compact_day(lakeful.store, lakeful.settings, session.day, now_ms=lakeful.clock.ms)
    assert (done.erased_count, done.session_count) == (1, 0)
    assert pending_days(lakeful.store) == []
    assert execute_all(lakeful)[0].done_at
    # The id, which tells nothing of anybody, stays in tombstone, receipt and the logs' bounds.
    left = [key for key in where(lakeful, session.session_id) if "/_delta_log/" not in key]
    assert {key.split("/")[0] for key in left} == {"control"}


@pytest.mark.fault(30)
def test_erasing_a_visitor_drops_sessions_begun_until_then(
    lakeful: Lakeful,
) -> None:
    request(lakeful, ErasureTargets(visitor_id=VISITOR))
    session = marked(lakeful)
    after = lakeful.session(
        began_ms=lakeful.clock.ms + 1000, client=Client(visitor_id=VISITOR, device_type="desktop")
    )
    lakeful.clock.ms += 2000
    lakeful.append(after.chunks(page(after.began_ms)))
    assert listed(lakeful) == [after.session_id]

    compacted(lakeful, {session.day})
    assert listed(lakeful) == [after.session_id]
    execute_all(lakeful)
    assert where(lakeful, f"{MARKER} is undefined") == []


@pytest.mark.fault(17)
def test_a_session_erased_while_it_is_compacted_is_removed(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = marked(lakeful)
    real_put = rewriting.upload_session_file

    def put(store: Store, written: WrittenSessionFile) -> None:
        if not erasure.list_receipts(store, lakeful.website.website_id):
            request(lakeful, ErasureTargets(sessions=(session.session_id,)))
            execute_all(lakeful)
        real_put(store, written)

    monkeypatch.setattr(rewriting, "upload_session_file", put)
    lakeful.compact(session.day)

    assert listed(lakeful) == []
    assert execute_all(lakeful)[0].done_at
    assert where(lakeful, MARKER) == []
    assert broken(lakeful.store, lakeful.settings) == []


@pytest.mark.fault(17)
def test_rows_committed_after_the_last_pass_are_erased_again(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = marked(lakeful)
    has_file, may_go_on = Event(), Event()
    real_put, real_purge = rewriting.upload_session_file, table_purge.purge

    def put(store: Store, written: WrittenSessionFile) -> None:
        has_file.set()
        assert may_go_on.wait(60)
        real_put(store, written)

    compaction = Thread(target=lakeful.compact, args=[session.day])

    def purge(*args: Any, **options: Any) -> tuple[int, list[str]]:
        may_go_on.set()
        compaction.join()
        return real_purge(*args, **options)

    monkeypatch.setattr(rewriting, "upload_session_file", put)
    monkeypatch.setattr(execute, "purge", purge)
    compaction.start()
    assert has_file.wait(60)
    request(lakeful, ErasureTargets(sessions=(session.session_id,)))
    execute_all(lakeful)

    assert listed(lakeful) == []
    assert execute_all(lakeful)[0].done_at
    assert where(lakeful, MARKER) == []
    assert broken(lakeful.store, lakeful.settings) == []


@pytest.mark.parametrize(
    "point",
    ["erase-after-rows", "erase-mid-delete", "erase-before-receipt"],
)
def test_an_erasure_that_is_killed_is_finished_by_the_next_run(
    lakeful: Lakeful, point: str
) -> None:
    everywhere(lakeful)
    request(lakeful, ErasureTargets(visitor_id=VISITOR))
    killed_at(point, lakeful.settings, EXECUTE)

    assert execute_all(lakeful)[0].done_at
    assert where(lakeful, MARKER) == []
    assert broken(lakeful.store, lakeful.settings) == []


@pytest.mark.parametrize(
    "wanted",
    [ErasureTargets(visitor_id=VISITOR), ErasureTargets(user_id=USER)],
    ids=["visitor", "user"],
)
def test_people_are_found_while_a_rebuild_is_unfinished(
    lakeful: Lakeful, wanted: ErasureTargets
) -> None:
    """Their sessions have no rows then, and their files bring the rows back."""
    mine, others = [marked(lakeful), marked(lakeful, ago=5)], filled(lakeful, days_ago=(0,), each=2)
    compacted(lakeful, {item.day for item in mine})
    killed_at(
        "rebuild-after-delete",
        lakeful.settings,
        "from lake.operations.rebuild import rebuild; rebuild(store, settings)",
    )

    request(lakeful, wanted)
    (receipt,) = execute_all(lakeful)
    rebuild(lakeful.store, lakeful.settings)

    assert receipt.sessions == tuple(sorted(item.session_id for item in mine))
    assert where(lakeful, MARKER) == []
    assert set(listed(lakeful)) == {item.session_id for item in others}
    assert broken(lakeful.store, lakeful.settings) == []


def test_a_rebuild_and_a_copy_of_the_bucket_bring_nothing_back(lakeful: Lakeful) -> None:
    session = marked(lakeful)
    compacted(lakeful, {session.day})
    copy = {item.key: lakeful.store.get(item.key) for item in lakeful.store.list(keys.SESSIONS)}
    request(lakeful, ErasureTargets(sessions=(session.session_id,)))
    execute_all(lakeful)
    for key, body in copy.items():
        lakeful.store.put(key, body)

    rebuild(lakeful.store, lakeful.settings)
    assert listed(lakeful) == []
    later_ms = int(time.time() * 1000) + 3 * DAY_MS
    findings = check(lakeful.store, lakeful.settings, now_ms=later_ms)
    assert {finding.kind for finding in findings} == {"erased-still-there"}
    assert resurfaced.request_resurfaced(lakeful.store, lakeful.settings, now_ms=lakeful.clock.ms)
    execute_all(lakeful)
    assert where(lakeful, MARKER) == []
    assert broken(lakeful.store, lakeful.settings) == []


@pytest.mark.parametrize(
    "wanted",
    [ErasureTargets(visitor_id=VISITOR), ErasureTargets(user_id=USER)],
    ids=["visitor", "user"],
)
@pytest.mark.parametrize("writer", ["rebuild", "repair"])
def test_rows_committed_after_an_erasure_are_erased_again(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch, writer: str, wanted: ErasureTargets
) -> None:
    """Its file was read before the erasure began, which is done before the commit."""
    session = marked(lakeful)
    compacted(lakeful, {session.day})
    for name in BY_SESSION:
        rewrite(lakeful, name, copies=0)
    commit, todo = session_rows.replace, ["sessions"]

    def erased_before(table: Table, *rest: Any) -> None:
        if table.name in todo:
            todo.clear()
            request(lakeful, wanted)
            (receipt,) = execute_all(lakeful)
            assert receipt.done_at
        commit(table, *rest)

    monkeypatch.setattr(session_rows, "replace", erased_before)
    if writer == "rebuild":
        rebuild(lakeful.store, lakeful.settings)
    else:
        repair(lakeful.store, lakeful.settings, now_ms=CHECK_MS)
    assert not todo
    assert listed(lakeful) == []
    (again,) = ledger.pending_erasures(lakeful.store)
    assert (again.requested_by, again.sessions) == (writer, (session.session_id,))

    assert all(item.done_at for item in execute_all(lakeful))
    assert where(lakeful, MARKER) == []
    assert broken(lakeful.store, lakeful.settings) == []


_PLACES = ["row", "file", "cold row", "waiting chunk", "chunk put aside", "file put aside"]


@pytest.mark.sample(6)
@pytest.mark.parametrize("kind", ["visitor", "user"])
@pytest.mark.parametrize("place", _PLACES)
def test_what_came_back_of_an_erased_person_is_found(
    lakeful: Lakeful, place: str, kind: tombstones.PersonKind
) -> None:
    """No tombstone names its session: it was in no place that the erasure saw."""
    session = marked(lakeful, ago=5 if place == "cold row" else 0)
    if place == "chunk put aside":
        segment = next(lakeful.store.list(keys.RAW)).key
        received_chunks = segment_file.decode(lakeful.store.get(segment))
        refused = [
            RejectedChunk(received_chunk, POSITION_TAKEN) for received_chunk in received_chunks
        ]
        quarantine.quarantine_chunks(
            lakeful.store, session.day, refused, lambda received_chunk: received_chunk.payload
        )
        lakeful.store.delete([segment])
    elif place != "waiting chunk":
        compacted(lakeful, {session.day})
    if place == "cold row":
        maintain(lakeful.store, lakeful.settings, now_ms=NOW_MS)
    elif place.startswith("file"):
        for name in BY_SESSION:
            rewrite(lakeful, name, copies=0)
        summarise_day(lakeful.store, session.day)
    if place == "file put aside":
        key = file_of(lakeful.store, session)
        lakeful.store.put(keys.quarantined_object_key(key), lakeful.store.get(key))
        lakeful.store.delete([key])
    person = {"visitor": VISITOR, "user": USER}[kind]
    website_id = lakeful.website.website_id
    people = {tombstones.person_hash(kind, person): lakeful.clock.ms}
    tombstones.add(lakeful.store, website_id, people=people)
    findings = check(lakeful.store, lakeful.settings, now_ms=CHECK_MS)
    assert "erased-still-there" in {received_chunk.kind for received_chunk in findings}
    assert "orphan" not in {received_chunk.kind for received_chunk in findings}

    (requested,) = resurfaced.request_resurfaced(
        lakeful.store, lakeful.settings, now_ms=lakeful.clock.ms
    )
    assert requested.sessions == (session.session_id,)
    assert (
        resurfaced.request_resurfaced(lakeful.store, lakeful.settings, now_ms=lakeful.clock.ms)
        == []
    )
    execute_all(lakeful)
    assert where(lakeful, MARKER) == []
    assert check(lakeful.store, lakeful.settings, now_ms=CHECK_MS) == []


def test_a_repair_has_the_file_of_an_erased_person_removed(lakeful: Lakeful) -> None:
    session = marked(lakeful)
    compacted(lakeful, {session.day})
    key = file_of(lakeful.store, session)
    body = lakeful.store.get(key)
    request(lakeful, ErasureTargets(user_id=USER))
    execute_all(lakeful)
    lakeful.store.put(key, body)
    assert repair(lakeful.store, lakeful.settings, now_ms=CHECK_MS).left

    assert repair(lakeful.store, lakeful.settings, now_ms=CHECK_MS).left == []
    assert len(ledger.pending_erasures(lakeful.store)) == 1
    execute_all(lakeful)
    assert where(lakeful, MARKER) == []
    assert check(lakeful.store, lakeful.settings, now_ms=CHECK_MS) == []


def test_an_erasure_that_is_overdue_is_found_by_the_check(lakeful: Lakeful) -> None:
    requested = request(lakeful, ErasureTargets((lakeful.session().session_id,)))
    late_ms = lakeful.clock.ms + ledger.DEADLINE_MS

    assert check(lakeful.store, lakeful.settings, now_ms=late_ms) == []
    (result,) = check(lakeful.store, lakeful.settings, now_ms=late_ms + 1)
    assert result.kind == "erasure-late"
    assert lakeful.store.get(result.where)
    assert requested.due_at in result.detail


def test_receipts_of_a_website_are_read_without_others(
    lakeful: Lakeful,
) -> None:
    requested = [
        request(lakeful, ErasureTargets((lakeful.session().session_id,))) for _ in range(3)
    ]
    (done, *_) = execute_all(lakeful)
    last = request(lakeful, ErasureTargets((lakeful.session().session_id,)))
    ours, theirs = lakeful.website.website_id, lakeful.new_website().website_id
    for key_of in (keys.erasure_key, keys.receipt_key):
        lakeful.store.put(key_of(theirs, ids.new_uuid7(NOW_MS)), b"nobody can read it")

    receipts = erasure.list_receipts(lakeful.store, ours)

    expected = sorted((item.erasure_id for item in [*requested, last]), reverse=True)
    assert [item.erasure_id for item in receipts] == expected
    assert erasure.list_receipts(lakeful.store, ours, limit=2) == receipts[:2]
    assert erasure.read_receipt(lakeful.store, ours, done.erasure_id) == done
    assert erasure.read_receipt(lakeful.store, ours, last.erasure_id) == last
    for unknown in (done.erasure_id, last.erasure_id, ids.new_uuid7(NOW_MS), "../keys/x"):
        with pytest.raises(ErasureMissing, match="no such erasure"):
            erasure.read_receipt(lakeful.store, theirs, unknown)


def test_a_session_that_is_held_cannot_be_erased(lakeful: Lakeful) -> None:
    session = marked(lakeful)
    website_id = lakeful.website.website_id
    legal_holds.place(
        lakeful.store, website_id, session.session_id, reason="court", by="test", now_ms=NOW_MS
    )
    for wanted in (ErasureTargets((session.session_id,)), ErasureTargets(visitor_id=VISITOR)):
        with pytest.raises(OnLegalHold):
            request(lakeful, wanted)
    assert listed(lakeful) == [session.session_id]
    legal_holds.release(lakeful.store, website_id, session.session_id, by="me", now_ms=NOW_MS)
    request(lakeful, ErasureTargets((session.session_id,)))
    assert listed(lakeful) == []


def test_a_receipt_counts_removals_before_a_conflict(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else rows that the first of two commits removed were nobody's."""
    monkeypatch.setattr(session_rows, "_ROWS_MAX", 0)
    hours = [NOW_MS - 5 * DAY_MS - number * 3_600_000 for number in range(3)]
    sessions, others = (
        [lakeful.record(page(at_ms), began_ms=at_ms) for at_ms in hours] for _ in range(2)
    )
    compacted(lakeful, {each.day for each in sessions})
    replace = Table.replace

    def moved(each: Table, *rest: Any) -> None:
        replace(each, *rest)
        monkeypatch.setattr(Table, "replace", replace)
        move_to_cold(lakeful.store, utc_day(NOW_MS))

    request(lakeful, ErasureTargets(tuple(each.session_id for each in sessions)))
    monkeypatch.setattr(Table, "replace", moved)
    (receipt,) = execute_all(lakeful)

    assert Table.replace is replace
    assert (receipt.row_count, receipt.file_count) == (3, 3)
    assert set(listed(lakeful)) == {each.session_id for each in others}


@pytest.mark.s3
def test_a_receipt_counts_removals_of_a_failed_run(lakeful_on_s3: Lakeful, s3: S3Endpoint) -> None:
    lakeful = lakeful_on_s3
    session = marked(lakeful)
    compacted(lakeful, {session.day})
    request(lakeful, ErasureTargets((session.session_id,)))
    s3.faults.add(Fault(kind="forbidden", method="POST", match="?delete"))

    with pytest.raises(StoreUnavailable):
        execute_all(lakeful)
    (receipt,) = execute_all(lakeful)
    assert (receipt.row_count, receipt.file_count, receipt.chunk_count) == (1, 1, 0)


def test_a_receipt_counts_chunks_dropped_by_compaction_once(lakeful: Lakeful) -> None:
    session, other, late = marked(lakeful), lakeful.session(), lakeful.session()
    both = [*session.chunks(moves(session.began_ms + 900, 40)), *late.chunks(page(NOW_MS))]
    lakeful.append(both)
    request(lakeful, ErasureTargets((other.session_id,)))
    requested = request(lakeful, ErasureTargets((session.session_id,)))

    for _ in range(2):  # the second finds nothing
        lakeful.compact(session.day)
    assert pending_days(lakeful.store) == []
    by_id = {item.erasure_id: item for item in execute_all(lakeful)}
    assert by_id.pop(requested.erasure_id).chunk_count == 3
    assert [item.chunk_count for item in by_id.values()] == [0]
    assert listed(lakeful) == [late.session_id]


def test_many_sessions_are_one_rewrite_of_each_part(lakeful: Lakeful) -> None:
    sessions = [lakeful.session(began_ms=NOW_MS - n * 1000) for n in range(60)]
    lakeful.append(
        [chunk for session in sessions for chunk in session.chunks(page(session.began_ms))]
    )
    compacted(lakeful, {sessions[0].day})
    before = Table(lakeful.store, "sessions").snapshot().version

    request(lakeful, ErasureTargets(tuple(session.session_id for session in sessions[:50])))
    for session in sessions[50:55]:
        request(lakeful, ErasureTargets((session.session_id,)))
    assert len(listed(lakeful)) == 5
    execute_all(lakeful)
    parts = {f"{session.began_ms // 3_600_000}" for session in sessions}
    assert Table(lakeful.store, "sessions").snapshot().version - before <= len(parts)
    assert len(listed(lakeful)) == 5


def test_a_file_that_no_log_knows_is_left_until_it_is_nobodys(lakeful: Lakeful) -> None:
    """Fact 6: it may be a writer's that has not committed it yet."""
    session = marked(lakeful)
    compacted(lakeful, {session.day})
    (file,) = Table(lakeful.store, "sessions").snapshot().files
    key = f"tables/sessions/{file.uri.rpartition('/tables/sessions/')[2]}"
    stray = key.replace("part-", "stray-")
    lakeful.store.put(stray, lakeful.store.get(key))
    lakeful.clock.ms = int(next(iter(lakeful.store.list(stray))).modified_at.timestamp() * 1000)
    request(lakeful, ErasureTargets((session.session_id,)))

    (receipt,) = execute_all(lakeful)
    assert receipt.done_at is None
    assert receipt.waits_for
    assert stray in receipt.waits_for
    lakeful.clock.ms += (lakeful.settings.orphan_grace_s + 60) * 1000
    (receipt,) = execute_all(lakeful)
    assert receipt.done_at
    assert where(lakeful, MARKER) == []


def test_tombstones_past_every_plans_retention_are_dropped(lakeful: Lakeful) -> None:
    session = marked(lakeful)
    website_id = lakeful.website.website_id
    request(lakeful, ErasureTargets((session.session_id,), visitor_id=VISITOR))
    execute_all(lakeful)
    resurfaced.request_resurfaced(lakeful.store, lakeful.settings, now_ms=NOW_MS + 100 * DAY_MS)
    assert tombstones.read(lakeful.store, website_id).is_erased(session.session_id)
    resurfaced.request_resurfaced(lakeful.store, lakeful.settings, now_ms=NOW_MS + 200 * DAY_MS)
    assert tombstones.read(lakeful.store, website_id) == tombstones.Tombstones(
        website_id=website_id
    )
