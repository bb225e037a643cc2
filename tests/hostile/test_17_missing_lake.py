"""A missing lake: commands report it, exit with 2 and create nothing."""

from pathlib import Path

import dagster as dg
import pytest

import lake
from assets.resources import LakeResource
from lake.control import websites
from lake.errors import LakeMissing
from lake.operations.check.run import check
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import open_store
from lake.storage.presence import open_existing
from orchestration.definitions import defs
from orchestration.schedules import daily_retention, hourly_checks, nightly_maintenance
from orchestration.sensors import compact_when_due, erase_when_asked
from tests.hostile.commands import runner
from tests.s3.endpoint import Fault, S3Endpoint
from tests.support import lakes
from tests.support.processes import serving

SESSION = lakes.session_id()
COMMANDS = [
    *("query", "compact --once", "compact", "maintain", "rebuild", "rescore", "check", "repair"),
    *("retention", "retention --dry-run", "audit --website w_a", f"export {SESSION}"),
    *("website list", "website show w_a", "website set w_a plan=pro"),
    *("key list", "key create --website w_a --role viewer", "key revoke x"),
    *("share list --website w_a", "share revoke x", f"share create {SESSION} --website w_a"),
    *("hold list", "hold place --website w_a --reason x", "hold release --website w_a"),
    *(f"erase --session {SESSION}", "erase --waiting", "erase --visitor v --website w_a"),
    *("sourcemap list --website w_a", "sourcemap remove --all --website w_a"),
    *("quarantine list", "quarantine remove --all"),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_command_on_a_mistyped_folder_exits_2_and_writes_nothing(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run = runner({"REPLAY_LAKE": str(tmp_path / "deep/typo")}, monkeypatch, capfd)

    result = run(*command.split())

    assert result.code == 2, result
    assert f"no lake at {tmp_path / 'deep/typo'}" in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["empty", "other files", "left by a preflight", "a folder without objects"]
)
def test_folder_without_a_lake_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run = runner({"REPLAY_LAKE": str(tmp_path)}, monkeypatch, capfd)
    if name == "other files":
        (tmp_path / "notes.txt").write_text("mine")
    elif name == "left by a preflight":
        (tmp_path / keys.preflight_prefix("x")).mkdir(parents=True)
        (tmp_path / keys.preflight_prefix("x") / "a").write_text("")
    elif name == "a folder without objects":
        open_store(Settings(lake=str(tmp_path)))
    before = sorted(tmp_path.rglob("*"))

    for command in ("check", "preflight", "website list"):
        assert run(*command.split()).code == 2
    assert sorted(tmp_path.rglob("*")) == before


def test_website_create_makes_a_lake_other_commands_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "lake"
    recording = str(lakes.RECORDINGS[0])
    run = runner({"REPLAY_LAKE": str(folder)}, monkeypatch, capfd)

    assert run("settings").code == 0
    assert run("check", "--help").code == 0
    assert run("import", recording, "--website", "w_none").code == 1
    assert not folder.exists()
    website_id = run("website", "create", "shop").out.strip()
    assert run("check").code == 0
    assert run("preflight").code == 0
    assert run("import", recording, "--website", website_id, "--at", "now").code == 0


def test_old_lake_is_recognised_by_any_of_its_objects(settings: Settings) -> None:
    """Such as one whose control objects were lost: it is what a repair is for."""
    for append in (
        lambda store: lakes.append(store, lakes.session(0)),
        lambda store: lakes.compact(store, settings),
        lambda store: store.delete([item.key for item in store.list(keys.SESSIONS)]),
    ):
        append(open_store(settings))
        assert open_existing(settings)


def test_open_of_a_missing_lake_raises_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(LakeMissing, match="no lake at"):
        lake.open(str(tmp_path / "typo"))
    assert list(tmp_path.iterdir()) == []


def test_dagster_skips_until_the_first_upload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPLAY_LAKE", str(tmp_path / "lake"))
    resource = LakeResource()

    def tick_all() -> list[object]:
        with dg.DagsterInstance.ephemeral() as instance:
            sensing = dg.build_sensor_context(
                instance=instance, repository_def=defs.get_repository_def()
            )
            ticking = dg.build_schedule_context(instance=instance)
            requests = compact_when_due(sensing, lake=resource)
            assert requests is not None
            return [
                *requests,
                erase_when_asked(sensing, lake=resource),
                *(schedule(ticking, lake=resource) for schedule in (daily_retention,)),
                *(schedule(lake=resource) for schedule in (hourly_checks, nightly_maintenance)),
            ]

    before = tick_all()
    assert len(before) == 5
    for result in before:
        assert isinstance(result, dg.SkipReason)
        assert "no lake at" in str(result.skip_message)
    assert list(tmp_path.iterdir()) == []

    websites.create(open_store(Settings(lake=str(tmp_path / "lake"))), "shop", now_ms=lakes.NOW_MS)
    after = tick_all()
    assert not any("no lake" in str(getattr(result, "skip_message", "")) for result in after)
    assert sum(isinstance(result, dg.RunRequest) for result in after) == 2


@pytest.mark.s3
def test_command_on_an_empty_prefix_or_no_bucket_exits_2(
    s3: S3Endpoint, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    empty = s3.settings()
    run = runner(s3.environ(empty), monkeypatch, capfd)
    for lake_url in (empty.lake, "s3://no-such-bucket/lake"):
        monkeypatch.setenv("REPLAY_LAKE", lake_url)
        for command in ("check", "query", "website list"):
            result = run(*command.split())
            assert (result.code, f"no lake at {lake_url}" in result.err) == (2, True), result

    assert set(s3.operations) <= {"LIST"}
    assert list(open_store(empty).list("")) == []


@pytest.mark.s3
def test_unreachable_bucket_is_not_a_missing_lake(
    s3: S3Endpoint, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    s3.faults.add(Fault(kind="forbidden", method="GET"))
    run = runner(s3.environ(s3.settings()), monkeypatch, capfd)

    result = run("check")

    assert (result.code, "no lake" in result.err) == (1, False)


@pytest.mark.long
@pytest.mark.s3
def test_preflight_tries_a_prefix_before_there_is_a_lake(
    s3: S3Endpoint, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = s3.settings()
    run = runner(s3.environ(settings), monkeypatch, capfd)

    assert run("preflight").code == 0
    assert run("check").code == 2
    assert list(open_store(settings).list("control/")) == []


def test_first_start_of_ingest_makes_an_openable_lake(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(LakeMissing):
        open_existing(settings)
    with serving(settings, tmp_path / "ingest.log"):
        store = open_existing(settings)

        assert [item.key for item in store.list("")] == [keys.LAKE_MARKER]
        assert check(store, settings, now_ms=0) == []
