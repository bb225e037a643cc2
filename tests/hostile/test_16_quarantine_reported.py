"""Operators see what is in quarantine, in Dagster and by `check`, until they deal with it."""

import json
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from lake.control import legal_holds, websites
from lake.raw.segment_file import ReceivedChunk
from lake.settings import Settings, from_environ
from lake.storage import keys
from lake.storage.base import Store, open_store
from orchestration.definitions import defs
from tests.hostile.commands import Run, runner
from tests.orchestration.conftest import FrozenLake
from tests.support import lakes

NOW_MS = lakes.NOW_MS
DAY = f"{lakes.DAY}"


@pytest.fixture
def settings(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("REPLAY_LAKE", str(tmp_path / "lake"))
    return from_environ()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setattr("orchestration.cli.operations.now_ms", lambda: NOW_MS)
    monkeypatch.setattr("orchestration.cli.quarantine.now_ms", lambda: NOW_MS)
    return runner({}, monkeypatch, capfd)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def website_id(store: Store) -> str:
    return websites.create(store, "shop", origins=("*",), now_ms=NOW_MS).website_id


def materialized(instance: dg.DagsterInstance) -> tuple[dict[str, Any], dg.AssetCheckEvaluation]:
    """Run Dagster's job `compact`; return the day's metadata and the check of the quarantine."""
    result = defs.resolve_job_def("compact").execute_in_process(
        instance=instance, resources={"lake": FrozenLake(at_ms=NOW_MS)}, partition_key=DAY
    )
    (event,) = (
        event.materialization
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey("session_files")
    )
    (evaluation,) = (
        evaluation
        for evaluation in result.get_asset_check_evaluations()
        if evaluation.check_name == "nothing_is_quarantined"
    )
    return {name: value.value for name, value in event.metadata.items()}, evaluation


def damaged(store: Store, chunks: list[ReceivedChunk]) -> str:
    """Append chunks as one segment and flip a bit in the payload of the second."""
    (key,) = lakes.append(store, chunks)
    body = bytearray(store.get(key))
    body[body.index(chunks[1].payload) + 20] ^= 1
    store.put(key, bytes(body))
    return key


def of(website_id: str, number: int, count: int = 3) -> list[ReceivedChunk]:
    return lakes.session(number, website=website_id, chunk_count=count)


def kinds(run: Run) -> list[str]:
    result = run("check", "--json")
    finding_kinds = [finding["kind"] for finding in json.loads(result.out)]
    assert result.code == (1 if finding_kinds else 0)
    return finding_kinds


def test_damaged_segment_fails_the_check_in_every_run(
    store: Store, website_id: str, instance: dg.DagsterInstance, run: Run
) -> None:
    damaged(store, of(website_id, 0) + of(website_id, 1))
    lakes.append(store, of(website_id, 2))

    first, _ = materialized(instance)
    lakes.append(store, of(website_id, 3))
    second, evaluation = materialized(instance)

    for metadata in (first, second):
        assert (metadata["quarantined"], metadata["quarantined_sessions"]) == (6, 2)
        assert metadata["quarantined_objects"] == 1
    assert (first["sessions"], second["sessions"], second["run_sessions"]) == (1, 2, 1)
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert "replaylake repair" in (evaluation.description or "")
    assert evaluation.metadata["quarantined_sessions"].value == 2


def test_unreadable_segment_counts_as_quarantined(
    store: Store, website_id: str, instance: dg.DagsterInstance, run: Run
) -> None:
    lakes.append(store, of(website_id, 2))
    store.put(keys.segment_key(lakes.DAY, "poison"), b"no parquet")

    metadata, evaluation = materialized(instance)

    assert (metadata["quarantined"], metadata["quarantined_unreadable_objects"]) == (1, 1)
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert kinds(run) == ["quarantined-segment"]


def test_conflict_made_up_by_a_visitor_is_a_warning(
    store: Store, website_id: str, instance: dg.DagsterInstance, run: Run
) -> None:
    chunks = of(website_id, 0)
    other = lakes.chunk([lakes.click(1, other=True)], seq=1, website=website_id)
    lakes.append(store, chunks, [other])

    metadata, evaluation = materialized(instance)

    assert (metadata["quarantined"], metadata["quarantined_conflicts"]) == (1, 1)
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert kinds(run) == ["quarantined-chunks"]


def test_a_lake_without_quarantine_passes(
    store: Store, website_id: str, instance: dg.DagsterInstance, run: Run
) -> None:
    lakes.append(store, of(website_id, 0))

    metadata, evaluation = materialized(instance)

    assert (metadata["quarantined"], metadata["quarantined_objects"], evaluation.passed) == (
        0,
        0,
        True,
    )
    assert kinds(run) == []


def test_check_leads_an_operator_to_a_clean_lake(
    store: Store, settings: Settings, website_id: str, run: Run
) -> None:
    """check names it, repair brings back what can be read, quarantine remove ends the rest."""
    chunks = of(website_id, 0)
    damaged(store, chunks)
    compacted = run("compact", "--once")
    assert "quarantine" in compacted.err

    (finding,) = json.loads(run("check", "--json").out)
    assert (finding["kind"], finding["chunks"], finding["sessions"]) == (
        "quarantined-segment",
        3,
        1,
    )
    assert "replaylake repair" in finding["detail"]

    run("repair")
    run("compact", "--once")
    (session,) = lakes.rows(store, "sessions")
    assert session["event_count"] == 4  # all but the chunk with the flipped bit

    (left,) = json.loads(run("check", "--json").out)
    assert (left["kind"], left["chunks"]) == ("quarantined-chunks", 1)
    assert "replaylake quarantine remove" in left["detail"]
    repeated = run("repair")
    assert (repeated.code, "replaylake quarantine remove" in repeated.err) == (1, True)

    (listed,) = json.loads(run("quarantine", "list", "--json").out)
    assert listed["sessions"] == [f"{website_id}/{lakes.session_id(0)}"]
    assert run("quarantine", "remove", listed["key"], "--by", "ada").out.strip() == listed["key"]
    assert kinds(run) == []
    entries = json.loads(run("audit", "--website", website_id, "--json").out)
    (entry,) = (entry for entry in entries if entry["action"] == "quarantine-removed")
    assert (entry["actor"], entry["target"]) == ("ada", listed["key"])


def test_quarantine_under_a_legal_hold_is_not_removed(
    store: Store, website_id: str, run: Run
) -> None:
    damaged(store, of(website_id, 0))
    run("compact", "--once")
    legal_holds.place(
        store, website_id, lakes.session_id(0), reason="case 7", by="cli", now_ms=NOW_MS
    )

    refused = run("quarantine", "remove", "--all")

    assert (refused.code, "legal hold" in refused.err) == (1, True)
    assert kinds(run) == ["quarantined-segment"]
    legal_holds.release(store, website_id, lakes.session_id(0), by="cli", now_ms=NOW_MS)
    assert run("quarantine", "remove", "--all").code == 0
    assert kinds(run) == []


@pytest.mark.parametrize("key", ["raw/x", "control/websites/w.json", "quarantine/", "quarantine/x"])
def test_only_objects_in_quarantine_can_be_removed(
    key: str, store: Store, website_id: str, run: Run
) -> None:
    damaged(store, of(website_id, 0))
    run("compact", "--once")
    before = [item.key for item in store.list("")]

    assert run("quarantine", "remove", key).code == 1
    assert run("quarantine", "remove").code == 2
    assert [item.key for item in open_store(from_environ()).list("")] == before
