"""Temporary folders: locked while their process lives, removed by anybody once it is dead."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from lake.storage import scratch

MAKE_AND_DIE = """
import os
from lake.storage import scratch
made = scratch.scratch_folder()
folder = made.__enter__()
(folder / "payload").write_text("x")
print(folder, flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def started(end: str) -> subprocess.Popen[str]:
    code = MAKE_AND_DIE + end
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True)


def test_a_folder_of_a_live_process_stays_and_of_a_dead_one_goes(folder: Path) -> None:
    process = started("input()")
    assert process.stdin
    assert process.stdout
    path = Path(process.stdout.readline().strip())
    assert scratch.remove_abandoned() == 0
    assert (path / "payload").exists()

    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    assert scratch.remove_abandoned() == 1
    assert list(folder.iterdir()) == []


def test_a_folder_is_private_and_goes_in_the_end(folder: Path) -> None:
    with scratch.scratch_folder() as mine:
        assert mine.parent == folder
        assert mine.stat().st_mode & 0o777 == 0o700
        with scratch.scratch_folder():
            assert mine.exists()
    assert list(folder.iterdir()) == []


def test_what_others_put_there_is_left_alone(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "file").touch()
    (folder / "replaylake-spool-link").symlink_to(elsewhere)
    (folder / "replaylake-spool-file").touch()
    (folder / "replaylake-soak-abc").mkdir()

    assert scratch.remove_abandoned() == 0
    assert (elsewhere / "file").exists()
    assert len(list(folder.iterdir())) == 3


def test_folder_swept_before_its_lock_is_made_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, todo = tempfile.mkdtemp, [scratch.remove_abandoned]

    def made(**options: str) -> str:
        path = make(**options)
        if todo:
            todo.pop()()
        return path

    monkeypatch.setattr(tempfile, "mkdtemp", made)
    with scratch.scratch_folder() as mine:
        assert list(folder.iterdir()) == [mine]
        assert os.access(mine, os.W_OK)
