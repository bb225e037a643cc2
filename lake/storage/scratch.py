"""Temporary folders for payloads, removed with their process even if it is killed.

They are outside the lake and hold recordings of visitors: only their owner may read them, and an
erasure does not reach them. Each is locked by its process (`flock`, which the kernel releases when
the process ends). Creating a folder, maintenance and erasures remove the folders without a lock.
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
    """Make a folder that only this user can read (mode 700), and remove it after the block.

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
    """Remove the folders of ended processes; return how many."""
    return sum(_removed(path) for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"))


def _locked_folder() -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = _opened(path)
        if lock is None:
            continue  # removed by another process between the two calls
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            return path, lock
        os.close(lock)  # removed by another process before it was locked


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
        return False  # its process runs
    finally:
        os.close(lock)


def _opened(path: Path) -> int | None:
    with suppress(OSError):  # deleted in the meantime, or another user's
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    return None
