"""One website's bad ids and damaged objects fail no job and no route of another website."""

import json
import os
from contextlib import suppress

import dagster as dg
import msgspec
import pytest
from typer.testing import CliRunner

import lake as open_lake
from ingest_api.app import create_app as create_ingest
from lake import erasure, ids
from lake.compaction import compact_day
from lake.control import legal_holds, tombstones, websites
from lake.erasure import ErasureTargets, Receipt
from lake.errors import Damaged
from lake.operations.check.run import check
from lake.operations.maintenance import maintain
from lake.operations.rebuild import rebuild
from lake.operations.repair import repair
from lake.operations.rescore import rescore_day
from lake.raw import segment_file
from lake.raw.pending_index import PendingIndex
from lake.reading.lake_snapshot import Lake
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.tables.delta_table import Table
from lake.timestamps import iso, utc_day
from orchestration.cli import app
from orchestration.definitions import defs
from tests.ingest_api import recording
from tests.ingest_api.recording import Recorder, recording_website
from tests.lake.operations.expired import OVER_MS, expire, old
from tests.lake.operations.lakes import DAY_MS, compacted
from tests.orchestration.conftest import FrozenLake
from tests.query_api.recorded import NOW_MS, Clock, Lakeful, Session, moves, page
from tests.support.asgi import AppClient
from tests.support.processes import environ_of

MAX_ID = "ffffffff-ffff-7fff-bfff-ffffffffffff"
TOO_LATE = ids.uuid7(ids.TIME_MS_MAX + 1, 7)
AFTER_US = ids.uuid7(2**47, 7)  # the year 6429
BAD_IDS = [MAX_ID, TOO_LATE, AFTER_US, "x", "", MAX_ID.upper()]


def test_the_last_id_with_a_date_is_accepted() -> None:
    last = ids.uuid7(ids.TIME_MS_MAX, 2**74 - 1)

    assert ids.check_uuid7(last, "it") == last
    assert f"{ids.day_of(last)}" == "9998-12-31"
    assert not ids.is_uuid7(TOO_LATE)


def test_every_route_refuses_an_impossible_session_id(client: AppClient, lakeful: Lakeful) -> None:
    admin = lakeful.headers(role="admin")
    base = f"/api/websites/{lakeful.website.website_id}"
    for bad in BAD_IDS:
        body = {"sessions": [ids.new_uuid7(NOW_MS), bad]}
        part = bad or "%20"
        requests: list[tuple[str, str, dict[str, object]]] = [
            ("POST", f"{base}/erasures", {"json": body}),
            ("DELETE", f"/api/replay/{part}", {}),
            ("GET", f"/api/replay/{part}", {}),
            ("GET", f"/api/replay/{part}/offline", {}),
            ("GET", f"/api/replay/{part}/shares", {}),
            ("POST", f"/api/replay/{part}/share", {}),
            ("DELETE", f"/api/shares/{part}", {}),
            ("GET", f"{base}/sessions/{part}", {}),
            ("GET", f"/api/erasures/{part}", {}),
            ("DELETE", f"{base}/erasures/{part}", {}),
            ("DELETE", f"{base}/keys/{part}", {}),
            ("GET", f"{base}/sessions?cursor={part}", {}),
        ]
        if bad != AFTER_US:  # an empty page
            requests.append(("GET", f"{base}/audit?cursor={part}", {}))
        for method, path, options in requests:
            answer = client.request(method, path, headers=admin, **options)
            assert 400 <= answer.status_code < 500, (method, path, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
    assert list(lakeful.store.list(keys.ERASURES)) == []


def test_ingest_refuses_session_and_page_ids_without_a_date(
    settings: Settings, store: Store
) -> None:
    recorder = Recorder(recording_website(store).website_id)
    with AppClient(create_ingest(settings, store, clock=Clock())) as client:
        for name in ("session", "page"):
            for bad in BAD_IDS:
                answer = client.post(
                    "/v1/chunks",
                    params=recorder.params(**{name: bad}),
                    content=recording.zipped(recording.chunk()),
                    headers=recording.headers(),
                )
                is_fair = (name, bad) == ("page", AFTER_US)  # of a page, the time means nothing
                assert (answer.status_code == 202) == is_fair, (name, bad, answer.text)
                assert answer.status_code < 500


@pytest.mark.parametrize("bad", [MAX_ID, TOO_LATE])
def test_every_command_refuses_an_id_without_a_date(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    for name, value in environ_of(lakeful.settings).items():
        monkeypatch.setitem(os.environ, name, value)
    mine = ["--website", lakeful.website.website_id]
    for arguments in (
        ["erase", *mine, "--session", bad],
        ["erase", "--session", bad],
        ["erase", *mine, "--cancel", bad],
        ["hold", "place", *mine, "--session", bad, "--reason", "case 1"],
        ["share", "create", bad, *mine],
        ["export", bad],
    ):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 1, (arguments, done.output)
        # `main` prints errors of ours in one line.
        assert type(done.exception).__module__ == "lake.errors" or "Erasure" in repr(done.exception)
    assert list(lakeful.store.list("control/erasures/")) == []
    assert list(lakeful.store.list("control/holds/")) == []


def poisoned(website_id: str, *, sessions: tuple[str, ...], at_ms: int = NOW_MS) -> Receipt:
    """A request as versions before this one accepted it."""
    return Receipt(
        erasure_id=ids.new_uuid7(at_ms),
        website_id=website_id,
        requested_at=iso(at_ms),
        requested_by="old",
        due_at=iso(at_ms + DAY_MS),
        sessions=sessions,
    )


def put(store: Store, key: str, document: object) -> None:
    store.put(key, msgspec.json.encode(document))


def plant_erasures(lakeful: Lakeful, website_id: str, session: Session) -> Receipt:
    """Requests, receipts, tombstones and holds that no version should have stored."""
    store = lakeful.store
    poison = poisoned(website_id, sessions=(MAX_ID, session.session_id))
    put(store, keys.erasure_key(website_id, poison.erasure_id), poison)
    for name, body in (("junk", b"\xff\x00"), (ids.new_uuid7(1), b"[" * 100_000)):
        store.put(keys.erasure_key(website_id, name), body)
        store.put(keys.receipt_key(website_id, name), body)
    foreign = poisoned("w_somebody", sessions=(session.session_id,))
    put(store, keys.erasure_key(website_id, foreign.erasure_id), foreign)
    put(
        store,
        keys.tombstones_key(website_id),
        {
            "website_id": website_id,
            "waiting": [MAX_ID, session.session_id],
            "sessions": ["x"],
        },
    )
    hold = {"reason": "r", "placed_at": iso(NOW_MS), "placed_by": "old"}
    put(store, keys.hold_key(website_id), {"website_id": website_id, "sessions": {MAX_ID: hold}})
    return poison


def plant_garbage(lakeful: Lakeful) -> list[str]:
    """Websites of which one document each cannot be read; the store's other odd objects too."""
    store = lakeful.store
    made = []
    for key_of in (keys.website_key, keys.tombstones_key, keys.hold_key):
        website_id = lakeful.new_website().website_id
        session = lakeful.record(page(NOW_MS - 600_000), websites.get(store, website_id))
        store.put(key_of(website_id), b'{"website_id": 7')
        made.append(website_id)
        assert session.website_id == website_id
    store.put(f"{keys.KEYS}abcdefghijkl.json", b"{")
    store.put(f"{keys.SHARES}abcdefghijkl.json", b"\xfe")
    store.put(f"{keys.SALTS}2026-13-45.json", b"{}")
    store.put(f"{keys.AUDIT}date=2026-11-18/{ids.new_uuid7(NOW_MS)}.ndjson", b"{]")
    day = lakeful.session().day
    store.put(keys.session_file_key(day, made[0], MAX_ID, "00"), b"?")
    return made


def plant_chunk(lakeful: Lakeful, website_id: str, good: Session) -> None:
    """A chunk of a session whose id has no day, in one segment with another website's chunk."""
    (first, second) = good.chunks([*page(good.began_ms), *moves(good.began_ms, 40)])
    bad = first._replace(website_id=website_id, session_id=MAX_ID)
    key = keys.segment_key(good.day, ids.new_uuid7(NOW_MS))
    lakeful.store.put(key, segment_file.encode([bad, first, second]))
    lakeful.clock.tick()


def execute(lakeful: Lakeful) -> list[Receipt]:
    def sleep(seconds: float) -> None:
        lakeful.clock.ms += int(seconds * 1000) + 1

    return erasure.execute_pending_requests(
        lakeful.store, lakeful.settings, now_ms=lakeful.clock, sleep=sleep
    )


def routes(website_id: str, session_id: str) -> list[str]:
    base = f"/api/websites/{website_id}"
    return [
        *(f"{base}{path}" for path in ("", "/sessions", "/errors", "/erasures", "/keys", "/audit")),
        f"{base}/sessions/{session_id}",
        f"{base}/days",
        f"{base}/frustration",
        f"/api/replay/{session_id}?website={website_id}",
        f"/api/replay/{session_id}/shares?website={website_id}",
    ]


def test_damage_in_other_websites_harms_no_job_or_route(
    lakeful: Lakeful, client: AppClient
) -> None:
    """Every kind of bad control object, of several websites, and a sound website beside them."""
    store, settings = lakeful.store, lakeful.settings
    bad_website, sound = lakeful.website, lakeful.new_website()
    expired = old(lakeful, website=sound)
    theirs = lakeful.record(page(NOW_MS - 600_000), bad_website)
    stays, erased = (lakeful.record(page(NOW_MS - 600_000), sound) for _ in range(2))
    admin = {"authorization": f"Bearer {lakeful.key(sound, 'admin')}"}
    all_of_them = {"authorization": f"Bearer {key_of_all(lakeful)}"}
    poison = plant_erasures(lakeful, bad_website.website_id, theirs)
    garbage = plant_garbage(lakeful)
    pending_session = lakeful.session(sound)
    plant_chunk(lakeful, bad_website.website_id, pending_session)

    # Readers and compaction.
    pending = PendingIndex(store).refresh()
    assert (sound.website_id, pending_session.session_id) in pending.sessions
    answer = client.get(f"/api/websites/{sound.website_id}/sessions", headers=admin)
    assert answer.status_code == 200, answer.text
    done = compact_day(store, settings, stays.day, now_ms=lakeful.clock.ms)
    assert f"{bad_website.website_id}/{MAX_ID}" in done.failed
    compacted_ids = set(Table(store, "sessions").snapshot().scan().collect()["session_id"])
    assert {stays.session_id, erased.session_id, pending_session.session_id} <= compacted_ids
    lakeful.clock.tick()

    # The sound website's erasure is done, the poisoned one states why it failed.
    request = erasure.request_erasure(
        Lake(store, settings, lakeful.clock),
        sound.website_id,
        ErasureTargets(sessions=(erased.session_id,)),
        by="test",
    )
    execute(lakeful)
    assert erasure.read_receipt(store, sound.website_id, request.erasure_id).done_at
    failed = erasure.read_receipt(store, bad_website.website_id, poison.erasure_id)
    assert failed.done_at is None
    assert failed.failed is not None
    assert MAX_ID in failed.failed
    assert not any(theirs.session_id in item.key for item in store.list(keys.SESSIONS))

    # All other jobs.
    expire(lakeful)
    assert not any(expired.session_id in item.key for item in store.list(keys.SESSIONS))
    assert rescore_day(store, stays.day, again=True).session_count >= 2
    cared = maintain(store, settings, now_ms=lakeful.clock.ms)
    assert list(cared.failed) == [keys.tombstones_key(garbage[1])] or "erased" in str(cared.failed)
    findings = check(store, settings, now_ms=lakeful.clock.ms)
    kinds = {finding.kind for finding in findings}
    assert {"erasure-impossible", "control-damaged", "foreign-object"} <= kinds
    assert "check-failed" not in kinds
    assert not any(sound.website_id in finding.where for finding in findings)
    repair(store, settings, now_ms=lakeful.clock.ms)
    assert not any(
        finding.kind == "segment-misplaced"
        for finding in check(store, settings, now_ms=lakeful.clock.ms)
    )
    rebuild(store, settings)
    lakeful.clock.tick()

    # Routes: the sound website's are whole, the others' are no 5xx.
    answer = client.get(f"/api/websites/{sound.website_id}/sessions", headers=admin)
    listed = {session["sessionId"] for session in answer.json()["sessions"]}
    assert listed == {stays.session_id, pending_session.session_id}
    for path in routes(sound.website_id, stays.session_id):
        assert client.get(path, headers=admin).status_code == 200, path
    for website_id in (bad_website.website_id, *garbage):
        for path in routes(website_id, theirs.session_id):
            answer = client.get(path, headers=all_of_them)
            assert answer.status_code < 500, (path, answer.text)
    names = client.get("/api/websites", headers=all_of_them).json()["websites"]
    assert {name["website_id"] for name in names} >= {sound.website_id, bad_website.website_id}
    assert client.get("/api/me", headers=all_of_them).status_code == 200
    receipts = client.get(
        f"/api/websites/{bad_website.website_id}/erasures", headers=all_of_them
    ).json()["erasures"]
    assert {receipt["status"] for receipt in receipts} == {"failed"}
    frames = open_lake.open(settings.lake).sessions().collect()
    assert set(frames["session_id"]) >= {stays.session_id, pending_session.session_id}
    assert garbage[1] not in set(frames["website_id"])  # its tombstones are unreadable


def key_of_all(lakeful: Lakeful) -> str:
    from lake.control import api_keys

    return api_keys.create(lakeful.store, website_id="*", role="admin", now_ms=NOW_MS)


def test_cancelled_poisoned_erasure_is_replaced_and_carried_out(
    lakeful: Lakeful, client: AppClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, website_id = lakeful.store, lakeful.website.website_id
    admin = lakeful.headers(role="admin")
    theirs = lakeful.record(page(NOW_MS - 600_000))
    compacted(lakeful, {theirs.day})
    poison = plant_erasures(lakeful, website_id, theirs)
    base = f"/api/websites/{website_id}/erasures"
    sound = erasure.request_erasure(
        Lake(store, lakeful.settings, lakeful.clock),
        website_id,
        ErasureTargets(sessions=(ids.new_uuid7(NOW_MS),)),
        by="test",
    )

    refused = client.request("DELETE", f"{base}/{sound.erasure_id}", headers=admin)
    assert (refused.status_code, refused.json()["kind"]) == (409, "erasure-sound")
    done = client.request("DELETE", f"{base}/{poison.erasure_id}", headers=admin)
    assert done.status_code == 200, done.text
    anew = done.json()["replacedBy"]
    for name, value in environ_of(lakeful.settings).items():
        monkeypatch.setitem(os.environ, name, value)
    for item in list(store.list(keys.erasures_prefix(website_id))):
        name = item.key.rpartition("/")[2].removesuffix(".json")
        if name not in (anew, sound.erasure_id):
            run = CliRunner().invoke(app, ["erase", "--cancel", name, "--website", website_id])
            assert run.exit_code == 0, run.output

    execute(lakeful)
    assert erasure.read_receipt(store, website_id, anew).done_at
    assert erasure.pending_erasures(store) == erasure.unreadable_erasures(store) == []
    assert not any(theirs.session_id in item.key for item in store.list(keys.SESSIONS))
    assert MAX_ID not in store.get(keys.tombstones_key(website_id)).decode()
    entries = client.get(f"/api/websites/{website_id}/audit", headers=admin).json()["entries"]
    cancelled = [entry["target"] for entry in entries if entry["action"] == "erasure-cancelled"]
    assert poison.erasure_id in cancelled
    assert "junk" in cancelled


def test_a_website_whose_erasure_fails_delays_no_other(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of ours counts like damage: it is named, and tried again."""
    store = lakeful.store
    first, second = sorted((lakeful.website, lakeful.new_website()), key=lambda w: w.website_id)
    sessions = [lakeful.record(page(NOW_MS - 1000), website) for website in (first, second)]
    compacted(lakeful, {sessions[0].day})
    reader = Lake(store, lakeful.settings, lakeful.clock)
    requests = [
        erasure.request_erasure(
            reader, session.website_id, ErasureTargets(sessions=(session.session_id,)), by="test"
        )
        for session in sessions
    ]
    real, todo = tombstones.mark_removed, [1]

    def fail_first_call(store: Store, website_id: str, session_ids: set[str]) -> None:
        if website_id == first.website_id and todo.pop():
            raise ZeroDivisionError
        real(store, website_id, session_ids)

    monkeypatch.setattr(tombstones, "mark_removed", fail_first_call)
    with pytest.raises(ZeroDivisionError):
        execute(lakeful)
    states = [
        erasure.read_receipt(store, request.website_id, request.erasure_id) for request in requests
    ]
    assert [bool(state.done_at) for state in states] == [False, True]
    assert "ZeroDivisionError" in (states[0].failed or "")

    monkeypatch.setattr(tombstones, "mark_removed", real)
    (done,) = execute(lakeful)
    assert (bool(done.done_at), done.failed) == (True, None)


def test_dagster_reports_failed_erasures_and_continues(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ_of(lakeful.settings).items():
        monkeypatch.setitem(os.environ, name, value)
    monkeypatch.setitem(os.environ, "REPLAY_CONTROL_CACHE_S", "0.001")
    monkeypatch.setattr("lake.erasure.execute._COMMIT_MS", 0)
    sound = lakeful.new_website()
    theirs = lakeful.record(page(NOW_MS - 1000))
    poison = plant_erasures(lakeful, lakeful.website.website_id, theirs)
    request = erasure.request_erasure(
        Lake(lakeful.store, lakeful.settings, lakeful.clock),
        sound.website_id,
        ErasureTargets(sessions=(ids.new_uuid7(NOW_MS),)),
        by="test",
    )
    resources = {"lake": FrozenLake(at_ms=NOW_MS)}

    with dg.DagsterInstance.ephemeral() as instance:
        run = defs.resolve_job_def("erasure").execute_in_process(
            instance=instance, resources=resources
        )
        assert run.success
        (event,) = run.filter_events(lambda event: event.is_successful_output)
        metadata = event.step_output_data.metadata
        assert poison.erasure_id in str(metadata["failed"].value)
        assert request.erasure_id not in str(metadata["left_for_the_next_run"].value)
        checked = defs.resolve_job_def("checks").execute_in_process(
            instance=instance, resources=resources
        )
    (evaluation,) = [
        evaluation
        for evaluation in checked.get_asset_check_evaluations()
        if evaluation.check_name == "erasures_are_carried_out"
    ]
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert poison.erasure_id in json.dumps(evaluation.metadata["failed"].value)


def test_a_day_that_fails_stops_no_other_day(
    lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ_of(lakeful.settings).items():
        monkeypatch.setitem(os.environ, name, value)
    monkeypatch.setattr("orchestration.cli.compact.now_ms", lambda: NOW_MS)
    early, late = (
        lakeful.record(page(began_ms), began_ms=began_ms)
        for began_ms in (NOW_MS - 2 * DAY_MS, NOW_MS - DAY_MS)
    )
    real = compact_day

    def fail(store: Store, settings: Settings, day: object, **options: object) -> object:
        if day == early.day:
            raise Damaged("this day")
        return real(store, settings, day, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("lake.compaction.compact_day", fail)
    done = CliRunner().invoke(app, ["compact", "--once"])

    assert done.exit_code == 1
    assert "this day" in done.output
    rows = Table(lakeful.store, "sessions").snapshot().scan().collect()
    assert list(rows["session_id"]) == [late.session_id]


def test_damaged_salt_stops_no_other_websites_ingest(settings: Settings, store: Store) -> None:
    clock = Clock()
    store.put(keys.salt_key(utc_day(NOW_MS)), b"\x00")
    recorder = Recorder(recording_website(store).website_id)

    with AppClient(create_ingest(settings, store, clock=clock)) as client:
        answer = client.post(
            "/v1/chunks",
            params=recorder.params(),
            content=recording.zipped(recording.chunk()),
            headers=recording.headers(),
        )
    assert answer.status_code == 202, answer.text


def test_retention_skips_ids_without_a_day_and_removes_the_rest(
    lakeful: Lakeful,
) -> None:
    expired = lakeful.session(began_ms=OVER_MS)
    plant_chunk(lakeful, lakeful.new_website().website_id, expired)

    expire(lakeful)
    assert list(lakeful.store.list(keys.RAW)) == []


def test_holds_of_ids_without_a_day_are_listed_and_released(lakeful: Lakeful) -> None:
    website_id = lakeful.website.website_id
    plant_erasures(lakeful, website_id, lakeful.session())

    assert MAX_ID in legal_holds.read(lakeful.store, website_id).sessions
    with suppress(Damaged):
        expire(lakeful)
    legal_holds.release(lakeful.store, website_id, MAX_ID, by="me", now_ms=OVER_MS)
    assert legal_holds.read(lakeful.store, website_id).sessions == {}
