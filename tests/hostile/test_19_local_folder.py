"""A lake in a folder: its own names can be deleted, and its files are nobody else's."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lake.operations.maintenance import maintain
from lake.settings import Settings
from lake.storage.base import Store, open_store
from tests.hostile.commands import runner
from tests.support import lakes

pytestmark = pytest.mark.folder


def delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


@pytest.mark.parametrize("names", [[".tmp"], [".lock"], [".tmp", ".lock"]], ids="+".join)
def test_removed_internal_folders_are_created_anew(names: list[str], settings: Settings) -> None:
    """By every kind of write, in a process that had it open."""
    folder = Path(settings.lake)
    writes: list[Callable[[Store], object]] = [
        lambda store: store.put("raw/a", b"1"),
        lambda store: store.put_new("raw/b", b"1", token="t"),
        lambda store: store.put_file("raw/c", Path(__file__)),
        lambda store: store.swap("raw/d", b"1", version=None),
        lambda store: store.swap("raw/e", b"2", version=store.get_versioned("raw/e")[1]),
        lambda store: store.delete(["raw/e"]),
        lambda store: maintain(store, settings, now_ms=lakes.NOW_MS),
    ]
    for number, write in enumerate(writes):
        store = open_store(settings)
        store.put("raw/e", b"1")
        for name in names:
            delete(folder / name)

        write(store)

        assert sorted(item.key for item in store.list("raw/")), number


def test_uploads_go_on_when_the_folders_of_a_lake_are_swept(settings: Settings) -> None:
    store = open_store(settings)
    lakes.append(store, lakes.session(0))
    for path in (".tmp", ".lock"):
        delete(Path(settings.lake) / path)

    lakes.append(store, lakes.session(1))
    lakes.compact(store, settings)

    lakes.verify(store, [*lakes.session(0), *lakes.session(1)])


def test_folders_are_700_and_files_600(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also those that the writer of the tables makes, whatever the user's umask is (022 here)."""
    folder = tmp_path / "lake"
    run = runner({"REPLAY_LAKE": str(folder)}, monkeypatch, capfd)
    website_id = run("website", "create", "shop").out.strip()
    run("import", str(lakes.RECORDINGS[0]), "--website", website_id, "--at", "now")
    run("compact", "--once")
    run("maintain")

    modes = {path: path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*"))}
    assert {"tables", "raw", "sessions", "control"} & {path.name for path in modes}
    assert {
        path: oct(mode) for path, mode in modes.items() if path.is_dir() and mode != 0o700
    } == {}
    assert {
        path: oct(mode) for path, mode in modes.items() if path.is_file() and mode != 0o600
    } == {}


def test_a_folder_that_stood_before_keeps_its_mode(tmp_path: Path) -> None:
    """It may be shared with a group on purpose; what the lake makes in it is private."""
    tmp_path.chmod(0o750)
    open_store(Settings(lake=str(tmp_path))).put("raw/a", b"1")

    assert tmp_path.stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "raw").stat().st_mode & 0o777 == 0o700
