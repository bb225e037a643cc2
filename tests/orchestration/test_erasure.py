"""Erasure as Dagster carries it out: asked for by its sensor, and nowhere afterwards.

Neither in the lake nor in Dagster's own records, which have seen the sessions come.
"""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lake import erasure
from lake.erasure import ErasureTargets, Receipt, execute
from lake.raw.chunk_facts import Client
from lake.reading.lake_snapshot import Lake
from lake.settings import Settings, from_environ
from lake.storage import keys
from lake.storage.base import Store, open_store
from orchestration.definitions import defs
from orchestration.sensors import erase_when_asked
from tests.orchestration.conftest import FrozenLake
from tests.query_api.recorded import NOW_MS, Clock, Lakeful, Session, note, page, script_error
from tests.s3.endpoint import Fault, S3Endpoint
from tests.support.texts import every_text, texts_of

MARKER = "zqmarker4711"
VISITOR, USER = f"visitor-{MARKER}", f"user-{MARKER}"
DAY = "2026-11-18"
LAKE = {"lake": FrozenLake(at_ms=NOW_MS)}


@pytest.fixture
def instance(tmp_path: Path) -> dg.DagsterInstance:
    """Dagster's records in a home of their own, what its steps print among them."""
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return dg.DagsterInstance.from_config(str(home))


@pytest.fixture(autouse=True)
def nothing_is_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLAY_CONTROL_CACHE_S", "0.001")
    monkeypatch.setattr(execute, "_COMMIT_MS", 0)


@pytest.fixture
def lakeful(settings: Settings) -> Lakeful:
    return Lakeful(open_store(settings), from_environ(), Clock())


def recorded(lakeful: Lakeful, name: str = MARKER) -> Session:
    """Store a session that has the marker in all that it tells, and a chunk that cannot be read."""
    began_ms = NOW_MS - 5 * 3_600_000
    session = lakeful.session(
        began_ms=began_ms, client=Client(visitor_id=f"visitor-{name}", device_type="desktop")
    )
    url = f"https://shop.example/{name}"
    events = [
        *page(began_ms, url, name),
        note(began_ms + 20, "page", url=url, title=name),
        script_error(began_ms + 50, f"{name} is undefined"),
        note(began_ms + 60, "identify", id=f"user-{name}"),
    ]
    lakeful.append(session.chunks(events))
    return session


def add_chunk_twice(lakeful: Lakeful, session: Session) -> None:
    """Store another text under a number that was used: compaction puts it aside and says why."""
    page_id = next(iter(session.page_seqs))
    body = b'[{"type":5,"timestamp":1,"data":{"tag":"%b"}}]' % MARKER.encode()
    lakeful.append([session.chunk(body, page_id, 0)])


def add_damaged(lakeful: Lakeful, session: Session) -> None:
    """Store a segment in which nobody can read anything: a run warns of it."""
    key = keys.segment_key(session.day, "damaged")
    lakeful.store.put(key, b"no parquet " + MARKER.encode())


def request_one(lakeful: Lakeful) -> Receipt:
    lake = Lake(lakeful.store, lakeful.settings, lakeful.clock)
    wanted = ErasureTargets(visitor_id=VISITOR, user_id=USER)
    return erasure.request_erasure(lake, lakeful.website.website_id, wanted, by="test")


def run(instance: dg.DagsterInstance, job: str, **options: Any) -> dg.ExecuteInProcessResult:
    return defs.resolve_job_def(job).execute_in_process(
        instance=instance, resources=LAKE, raise_on_error=False, **options
    )


def tick(instance: dg.DagsterInstance) -> list[dg.RunRequest]:
    """Return the run requests of the sensor."""
    with dg.build_sensor_context(
        instance=instance, repository_def=defs.get_repository_def(), resources=LAKE
    ) as context:
        return list(erase_when_asked.evaluate_tick(context).run_requests or ())


def figures(run_result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    """Return the metadata that Dagster shows of the run."""
    (event,) = run_result.filter_events(lambda event: event.is_successful_output)
    return {name: value.value for name, value in event.step_output_data.metadata.items()}


def where(store: Store, instance: dg.DagsterInstance, text: str = MARKER) -> set[str]:
    """The places that hold a text: objects of the lake, and files of Dagster's home."""
    home = Path(instance.root_directory)
    files = [path for path in home.rglob("*") if path.is_file()]
    assert {"runs.db", "index.db"} <= {path.name for path in files}
    bodies = every_text(store) | texts_of((str(path), path.read_bytes()) for path in files)
    return {name for name, body in bodies.items() if text.encode() in body}


def test_erased_data_is_in_neither_the_lake_nor_dagster(
    lakeful: Lakeful, instance: dg.DagsterInstance
) -> None:
    session, other = recorded(lakeful), recorded(lakeful, "somebody")
    add_chunk_twice(lakeful, session)
    assert run(instance, "compact", partition_key=DAY).success
    add_damaged(lakeful, session)
    compacted = run(instance, "compact", partition_key=DAY)
    assert run(instance, "checks").success
    late = recorded(lakeful)
    places = where(lakeful.store, instance)
    assert {place.split("/")[0] for place in places} == {"raw", "sessions", "tables", "quarantine"}
    assert tick(instance) == []

    requested = request_one(lakeful)
    assert len(tick(instance)) == 1
    going = instance.create_run_for_job(
        defs.resolve_job_def("erasure"), status=dg.DagsterRunStatus.STARTED
    )
    assert tick(instance) == []
    instance.report_run_canceled(going)
    (request,) = tick(instance)
    run_result = run(instance, "erasure", tags=request.tags, run_config=request.run_config)

    assert run_result.success
    assert figures(run_result) == {
        "erasures": 1,
        "sessions": 2,
        "session_files": 1,
        "bytes": figures(run_result)["bytes"],
        "chunks": 2,
        "former_table_files": figures(run_result)["former_table_files"],
        "left_for_the_next_run": [],
        "held": [],
        "failed": [],
    }
    assert figures(run_result)["bytes"] > 0
    assert figures(run_result)["former_table_files"] > 0
    assert tick(instance) == []
    assert where(lakeful.store, instance) == set()
    # The search finds what is there: who was not erased, in the lake and in what runs said.
    left = where(lakeful.store, instance, other.session_id)
    assert {item.split("/")[0] for item in left} >= {"", "sessions", "tables"}
    assert any(f"{compacted.run_id}" in item for item in where(lakeful.store, instance, "damaged"))
    website_id = lakeful.website.website_id
    receipt = erasure.read_receipt(lakeful.store, website_id, requested.erasure_id)
    assert set(receipt.sessions) == {session.session_id, late.session_id}
    assert other.session_id not in receipt.sessions
    assert receipt.unreadable_count == 1


@pytest.mark.s3
def test_a_failed_erasure_is_retried_and_reveals_nothing(
    s3: S3Endpoint, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = s3.settings()
    for name, value in s3.environ(settings).items():
        monkeypatch.setenv(name, value)
    lakeful = Lakeful(open_store(settings), from_environ(), Clock())
    recorded(lakeful)
    assert run(instance, "compact", partition_key=DAY).success
    request_one(lakeful)
    assert len(tick(instance)) == 1
    refusal = s3.faults.add(Fault(kind="forbidden", method="POST", match="?delete"))

    failed = run(instance, "erasure")

    assert refusal.hits == 1
    assert not failed.success
    (failure,) = failed.filter_events(lambda event: event.is_step_failure)
    error = failure.step_failure_data.error
    assert error is not None
    text = error.to_string()
    assert "StoreUnavailable" in text
    assert "AccessDenied" in text
    assert "replaylake preflight" in text
    home = str(instance.root_directory)
    assert [item for item in where(lakeful.store, instance) if item.startswith(home)] == []
    assert where(lakeful.store, instance)
    assert len(tick(instance)) == 1
    again = run(instance, "erasure")
    assert again.success
    assert figures(again)["sessions"] == 1
    assert where(lakeful.store, instance) == set()
    assert tick(instance) == []
