"""The lake in a local folder: atomic, durable objects by hard link, rename and fsync.

A key is a path below the root. `.tmp/` holds files that are being written. `swap` and every other
change of an existing name are serialised by a lock on the root folder, and on `.lock` for older
versions. `.tmp` and `.lock` are created again if they were deleted. Processes on other machines do
not see the locks: a lake cannot be a folder that is shared over a network (use `lake.storage.s3`).
Only the owner may read folders and files (modes 700 and 600).
"""

import errno
import fcntl
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from lake import failpoints
from lake.errors import ObjectMissing, StoreFull, StoreUnavailable
from lake.storage import keys
from lake.storage.base import ObjectInfo

_FULL = (errno.ENOSPC, errno.EDQUOT)
_MISSING = (FileNotFoundError, IsADirectoryError, NotADirectoryError)
_OURS = (".tmp", ".lock")
_DELETE_MAX = 1000
_LINK_TRIES_MAX = 100  # an empty folder may be removed just before we use it, but not for ever
_SYNCED_MAX = 10_000  # folders known to be durable; a further one costs an fsync
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


class LocalStore:
    """See `lake.storage.base.Store` for the promises.

    `put_new` does not need its token: a link succeeds or fails, and a caller that repeats a write
    passes the same bytes. Two writers of equal bytes therefore both get True.

    Args:
        root: The lake's folder.
        create: Create it now if it is missing, else at the first write.
    """

    def __init__(self, root: Path, *, create: bool = True) -> None:
        self._root = root.expanduser().resolve()
        self.url = str(self._root)
        self._tmp = self._root / ".tmp"
        self._lock = self._root / ".lock"
        self._synced: set[Path] = set()
        self._synced_guard = threading.Lock()
        if create:
            with self._writing("the lake's folder"):
                self._create()

    def put_new(self, key: str, body: bytes, *, token: str) -> bool:  # noqa: ARG002 - see the class
        """Link a synced file to its name; the link fails if the name exists."""
        path = self._path(key)
        with self._writing(key), self._written(body) as written:
            failpoints.failpoint("store-between-write-and-link")
            return self._name(path, lambda: _link(written, path) or path.read_bytes() == body)

    def put(self, key: str, body: bytes) -> None:
        """Rename a synced file over its name."""
        path = self._path(key)
        with self._writing(key), self._written(body) as written:
            self._name(path, lambda: self._replace(written, path))

    def put_file(self, key: str, path: Path) -> None:
        """Copy, sync and rename."""
        target = self._path(key)
        with path.open("rb") as source, self._writing(key), self._tmp_file() as (written, sink):
            shutil.copyfileobj(source, sink, 1 << 20)
            _sync_file(sink)
            self._name(target, lambda: self._replace(written, target))

    def get(self, key: str) -> bytes:
        """Return the whole object."""
        with self._reading(key) as file:
            return file.read()

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return bytes [start, end)."""
        with self._reading(key) as file:
            file.seek(start)
            return file.read(max(0, end - start))

    def get_tail(self, key: str, size_bytes: int) -> bytes:
        """Return the last bytes."""
        with self._reading(key) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - size_bytes))
            return file.read()

    def get_versioned(self, key: str) -> tuple[bytes, str]:
        """Return the object and the hash of it."""
        body = self.get(key)
        return body, _version(body)

    def swap(self, key: str, body: bytes, *, version: str | None) -> bool:
        """Compare and replace under a lock that all processes on this machine respect."""
        path = self._path(key)
        with self._writing(key), self._written(body) as written:
            if version is None:
                return self._name(path, lambda: _link(written, path))
            return self._name(path, lambda: self._replace(written, path, version))

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[ObjectInfo]:
        """Walk the folders in key order; one folder's names are held at a time."""
        folder = prefix.rpartition("/")[0]
        if folder:
            self._path(folder)
        try:
            yield from self._walk(folder, prefix, start_after)
        except OSError as error:
            raise self._unavailable(prefix, error) from error

    def delete(self, keys: Iterable[str]) -> None:
        """Unlink, remove folders that became empty, and sync both."""
        rest = iter(keys)
        while batch := [(key, self._path(key)) for key in islice(rest, _DELETE_MAX)]:
            for key, path in batch:
                with self._writing(key), self._locked(), suppress(*_MISSING):
                    path.unlink()
            for folder in {path.parent for _, path in batch}:
                with self._writing(str(folder)):
                    self._drop_empty(folder)

    def table_uri(self, name: str) -> str:
        """Return the table's folder."""
        return str(self._root / keys.table_prefix(name))

    def table_options(self) -> dict[str, str]:
        """Return nothing: a folder needs no credentials."""
        return {}

    def sweep_tmp(self, grace_s: float) -> int:
        """Remove files older than `grace_s` that killed writers left; return how many."""
        limit = time.time() - grace_s
        count = 0
        with self._writing(".tmp"), suppress(FileNotFoundError):
            for path in list(self._tmp.iterdir()):
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime < limit:
                        path.unlink()
                        count += 1
        return count

    def _create(self) -> None:
        above = [folder for folder in self._root.parents if not folder.exists()]
        self._root.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
        for folder in {self._root.parent, *(path.parent for path in above)}:
            with suppress(PermissionError):
                _sync_folder(folder)  # of another user: then it existed before
        self._make_folder(self._tmp)
        with self._locked():  # created now, so that `delete` works on a full disk
            pass

    def _path(self, key: str) -> Path:
        steps = key.split("/")
        assert not any(step in ("", ".", "..") or "\0" in step for step in steps), key
        assert steps[0] not in _OURS, key
        return self._root.joinpath(*steps)

    @contextmanager
    def _tmp_file(self) -> Iterator[tuple[Path, BinaryIO]]:
        path = self._tmp / uuid4().hex
        try:
            with self._opened_new(path) as file:
                yield path, file
        finally:
            path.unlink(missing_ok=True)

    def _opened_new(self, path: Path) -> BinaryIO:
        for is_last in (False, True):
            try:
                return os.fdopen(
                    os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _FILE_MODE), "wb"
                )
            except FileNotFoundError:
                if is_last:
                    raise
                self._make_folder(self._tmp)
        raise AssertionError(path)

    @contextmanager
    def _written(self, body: bytes) -> Iterator[Path]:
        with self._tmp_file() as (path, file):
            file.write(body)
            _sync_file(file)
            yield path

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Exclude all threads and processes of this machine; a kill releases the lock."""
        with (
            _flocked(self._root, os.O_RDONLY),
            _flocked(self._lock, os.O_RDWR | os.O_CREAT),
        ):
            yield

    def _replace(self, written: Path, path: Path, version: str | None = None) -> bool:
        """Rename over `path`; with a `version`, only if the object is at it."""
        with self._locked():
            if version is not None:
                try:
                    stored = _version(path.read_bytes())
                except FileNotFoundError:
                    return False
                if stored != version:
                    return False
            written.replace(path)
        return True

    def _name(self, path: Path, give_name: Callable[[], bool]) -> bool:
        """Make the folder, run `give_name`, and sync the folder.

        Synced also if `give_name` returns False or the object has its bytes already: they may be
        from before a crash between the link and the sync.
        """
        for attempt in range(1, _LINK_TRIES_MAX + 1):
            try:
                self._make_folder(path.parent)
                is_named = give_name()
            except FileNotFoundError:
                # The empty folder was removed in between, or the object deleted: try again.
                with self._synced_guard:
                    self._synced.discard(path.parent)
                if attempt == _LINK_TRIES_MAX:
                    raise
                continue
            with suppress(FileNotFoundError):  # deleted already, with its folder
                _sync_folder(path.parent)
            return is_named
        raise AssertionError(path)

    def _make_folder(self, folder: Path) -> None:
        """Create a folder, and sync its name and those above it in their parents.

        An existing folder may have been created by a process that has not synced it yet, so that
        every process syncs each folder once.
        """
        if folder in self._synced and folder.is_dir():
            return
        depth = len(folder.parts) - len(self._root.parts)
        for path in reversed([folder, *folder.parents][:depth]):
            with suppress(FileExistsError):
                path.mkdir(_FOLDER_MODE)
            _sync_folder(path.parent)
        with self._synced_guard:
            if len(self._synced) >= _SYNCED_MAX:
                self._synced.clear()
            self._synced.add(folder)

    def _drop_empty(self, folder: Path) -> None:
        """Remove a folder and those above it while they are empty, and sync the one that is not."""
        while folder != self._root:
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass  # removed by another process
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                    break
                raise
            with self._synced_guard:
                self._synced.discard(folder)
            folder = folder.parent
        with suppress(*_MISSING):
            _sync_folder(folder)

    def _walk(self, folder: str, prefix: str, start_after: str) -> Iterator[ObjectInfo]:
        try:
            with os.scandir(self._root / folder) as entries:
                # 'a/' sorts as its keys do: after 'a-', before 'a0'.
                names = sorted(e.name + ("/" if e.is_dir() else "") for e in entries)
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in names:
            key = f"{folder}/{name}" if folder else name
            if not key.startswith(prefix) or key.split("/", 1)[0] in _OURS:
                continue
            if name.endswith("/"):
                if key > start_after or start_after.startswith(key):
                    yield from self._walk(key[:-1], prefix, start_after)
            elif key > start_after:
                with suppress(FileNotFoundError):
                    stat = (self._root / key).stat()
                    modified_at = datetime.fromtimestamp(stat.st_mtime, UTC)
                    yield ObjectInfo(key, stat.st_size, modified_at)

    @contextmanager
    def _reading(self, key: str) -> Iterator[BinaryIO]:
        path = self._path(key)
        try:
            with path.open("rb") as file:
                yield file
        except _MISSING as error:
            raise ObjectMissing(key) from error
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise ObjectMissing(key) from error  # no object can have this key
            raise self._unavailable(key, error) from error

    @contextmanager
    def _writing(self, key: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._unavailable(key, error) from error

    def _unavailable(self, key: str, error: OSError) -> StoreUnavailable:
        if error.errno in _FULL:
            return StoreFull(
                f"{self.url} has no room for {key} (disk, quota or inodes; see `df` and `df -i`): "
                "free some, or run `replaylake retention`"
            )
        return StoreUnavailable(
            f"{self.url} failed at {key}: {error.strerror}; "
            "look at the folder, its owner and its disk, then try again"
        )


@contextmanager
def _flocked(path: Path, flags: int) -> Iterator[None]:
    descriptor = os.open(path, flags, _FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _link(written: Path, path: Path) -> bool:
    try:
        path.hardlink_to(written)
    except FileExistsError:
        return False
    return True


def _version(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _sync_file(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
