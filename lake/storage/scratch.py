"""Temporary folders for payloads that go with their process, even where it is killed.

They lie outside the lake and hold what visitors recorded, so that nobody else may read them and no
erasure finds them. Each is locked by its owner (`flock`, which the kernel ends with the process).
Whoever makes one, maintains the lake or erases from it removes the folders that nobody locks.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "replaylake-spool-"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder that only this user can read (mode 700), and remove it in the end.

    Raises:
        OSError: The disk failed, or is full.
    """
    remove_abandoned()
    path, lock = _locked_folder()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def remove_abandoned() -> int:
    """Remove the folders of processes that are dead; return how many."""
    return sum(_removed(path) for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"))


def _locked_folder() -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = _opened(path)
        if lock is None:
            continue  # swept between the two calls
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            return path, lock
        os.close(lock)  # swept before it was locked


def _removed(path: Path) -> bool:
    lock = _opened(path)
    if lock is None:
        return False
    try:
        if os.fstat(lock).st_uid != os.geteuid():
            return False
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path, ignore_errors=True)
        return not path.exists()
    except BlockingIOError:
        return False  # its process lives
    finally:
        os.close(lock)


def _opened(path: Path) -> int | None:
    with suppress(OSError):  # gone meanwhile, or not a folder of ours
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    return None
