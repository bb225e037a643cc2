"""Preflight: trials that show whether an object store keeps the promises the lake relies on.

One small trial for each promise, on scratch objects. It returns what it saw, or what is broken and
the way out. The promises are described in `lake.storage.base`; our own code is covered by the test
suite. All objects are under one prefix, which is deleted when `preflight` returns.
"""

import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError

from lake.errors import LakeError, ObjectMissing
from lake.settings import Settings
from lake.storage.base import Store
from lake.storage.keys import preflight_prefix

__all__ = ["TrialResult", "preflight"]

# R2 takes about one write a second of one key, and refuses the rest for a while: few are enough.
_WRITERS = 8
_RACES = 3
_SWAPPERS = 4
_SWAPS_EACH = 2
_TRIES_MAX = 100
_LARGE_BYTES = 16 * 1024 * 1024 + 1  # more than one part of a multipart upload

_NOT_CONDITIONAL = (
    "acknowledged chunks can be overwritten: use a store that carries out If-None-Match and "
    "If-Match on PUT (Cloudflare R2, AWS S3), with nothing in front that drops these headers"
)
_NOT_CONSISTENT = (
    "chunks could be missed or served after their erasure: use a store that is strongly "
    "consistent (Cloudflare R2, AWS S3), and no cache in front of it"
)


class TrialResult(NamedTuple):
    """Result of one trial. `detail` is for people; if `ok` is False it contains the way out."""

    name: str
    ok: bool
    detail: str


class _BrokenError(Exception):
    """The store breaks a promise."""


class _TrialContext(NamedTuple):
    store: Store
    settings: Settings
    now_ms: int
    prefix: str

    def key(self, name: str) -> str:
        """Return the key of a scratch object."""
        return f"{self.prefix}{name}"


def preflight(store: Store, settings: Settings, *, now_ms: int) -> list[TrialResult]:
    """Test every promise once; takes some seconds.

    Args:
        now_ms: The time of this call, ms since the Unix epoch, to compare with the store's clock.

    Returns:
        One result for each trial; only the first if the store cannot be reached.
    """
    run = _TrialContext(store, settings, now_ms, preflight_prefix(uuid4().hex))
    findings = []
    try:
        for name, trial in _TRIALS.items():
            findings.append(_run_trial(name, trial, run))
            if not findings[0].ok:
                break
    finally:
        with suppress(LakeError):
            store.delete([item.key for item in store.list(run.prefix)])
    return findings


def _run_trial(name: str, trial: Callable[[_TrialContext], str], run: _TrialContext) -> TrialResult:
    try:
        return TrialResult(name, True, trial(run))
    except (_BrokenError, LakeError, DeltaError, OSError) as error:
        return TrialResult(name, False, str(error))


def _reachable(run: _TrialContext) -> str:
    """Write the object that `_clock` and `_encryption` read."""
    run.store.put(run.key("first"), b"")
    return run.store.url


def _clock(run: _TrialContext) -> str:
    """Compare the store's time of the first object with ours."""
    (item,) = run.store.list(run.key("first"))
    skew_s = item.modified_at.timestamp() - run.now_ms / 1000
    skew = f"the store's clock is {abs(skew_s):.0f} s {'ahead of' if skew_s > 0 else 'behind'} ours"
    limit_s = run.settings.orphan_grace_s / 10
    if abs(skew_s) > limit_s:
        raise _BrokenError(
            f"{skew}, limit is {limit_s:.0f} s: what is swept by its age would be swept too early "
            "or too late; set this machine's clock by NTP"
        )
    return skew


def _create_if_absent(run: _TrialContext) -> str:
    """Several writers create one object at once: exactly one succeeds, and its bytes stay."""
    for race in range(_RACES):
        key = run.key(f"create-{race}")
        start = threading.Barrier(_WRITERS)

        def create(number: int, key: str = key, start: threading.Barrier = start) -> bool:
            start.wait()
            return run.store.put_new(key, b"%d" % number, token=str(number))

        with ThreadPoolExecutor(_WRITERS) as pool:
            won = [
                number
                for number, is_ours in enumerate(pool.map(create, range(_WRITERS)))
                if is_ours
            ]
        if len(won) != 1:
            raise _BrokenError(
                f"{len(won)} of {_WRITERS} writers created one object: {_NOT_CONDITIONAL}"
            )
        stored_bytes = run.store.get(key)
        if stored_bytes != b"%d" % won[0]:
            raise _BrokenError(
                f"writer {won[0]} won, and {stored_bytes!r} is stored: {_NOT_CONDITIONAL}"
            )
        if not run.store.put_new(key, stored_bytes, token=str(won[0])):
            raise _BrokenError(
                "a repeated write was not known as its own: the store must keep x-amz-meta-token, "
                "else a lost answer fails a write that is stored"
            )
    return f"one of {_WRITERS} writers won each of {_RACES} races"


def _compare_and_swap(run: _TrialContext) -> str:
    """Increment a counter from several threads: no step may be lost."""
    store, key = run.store, run.key("swap")
    store.swap(key, b"0", version=None)
    _, stale = store.get_versioned(key)

    def count(_: int) -> None:
        for _ in range(_SWAPS_EACH):
            for _ in range(_TRIES_MAX):
                body, version = store.get_versioned(key)
                if store.swap(key, b"%d" % (int(body) + 1), version=version):
                    break
            else:
                raise _BrokenError(f"no swap succeeded in {_TRIES_MAX}: {_NOT_CONDITIONAL}")

    with ThreadPoolExecutor(_SWAPPERS) as pool:
        list(pool.map(count, range(_SWAPPERS)))
    result, expected = int(store.get(key)), _SWAPPERS * _SWAPS_EACH
    if result != expected:
        raise _BrokenError(f"{result} of {expected} swaps are left: {_NOT_CONDITIONAL}")
    if store.swap(key, b"0", version=stale):
        raise _BrokenError(f"a swap with an old version succeeded: {_NOT_CONDITIONAL}")
    return f"{expected} of {expected} swaps by {_SWAPPERS} writers counted"


def _read_after_write(run: _TrialContext) -> str:
    """Read an object the moment it is written, replaced and deleted."""
    store, key = run.store, run.key("read")
    with suppress(ObjectMissing):
        store.get(key)  # a cache would now remember that there is none
    for body in (b"old", b"new"):
        store.put(key, body)
        stored_bytes = store.get(key)
        if stored_bytes != body:
            raise _BrokenError(f"{body!r} was written and {stored_bytes!r} read: {_NOT_CONSISTENT}")
    store.delete([key])
    with suppress(ObjectMissing):
        store.get(key)
        raise _BrokenError(f"a deleted object was read: {_NOT_CONSISTENT}")
    return "a write, a replacement and a deletion were seen at once"


def _listing(run: _TrialContext) -> str:
    """List the moment after writing and deleting."""
    store, folder = run.store, run.key("list/")
    keys = [f"{folder}{number}" for number in range(5)]

    def expect(expected: list[str], *, start_after: str = "") -> None:
        listed = [item.key for item in store.list(folder, start_after=start_after)]
        if listed != expected:
            raise _BrokenError(f"{listed} was listed instead of {expected}: {_NOT_CONSISTENT}")

    expect([])
    for key in keys:
        store.put(key, b"")
    expect(keys)
    expect(keys[2:], start_after=keys[1])
    store.delete(keys[:2])
    expect(keys[2:])
    return "written objects are listed and deleted ones are not, at once and in order"


def _ranges(run: _TrialContext) -> str:
    """Read ranges of an object, as for footers and frames."""
    store, key = run.store, run.key("ranges")
    store.put(key, b"0123456789")
    for range_, result, expected in (
        ("bytes 2 to 4", store.get_range(key, 2, 5), b"234"),
        ("bytes 8 to 98", store.get_range(key, 8, 99), b"89"),
        ("bytes behind the end", store.get_range(key, 50, 99), b""),
        ("the last 3 bytes", store.get_tail(key, 3), b"789"),
        ("the last 99 bytes", store.get_tail(key, 99), b"0123456789"),
    ):
        if result != expected:
            raise _BrokenError(
                f"{range_} of 0123456789 came as {result!r}: use a store that carries out Range on "
                "GET, with nothing in front that drops it"
            )
    return "parts and tails came as asked for"


def _large_file(run: _TrialContext) -> str:
    """Send a file that is large enough for a multipart upload."""
    body = bytes(range(256)) * (_LARGE_BYTES // 256) + b"!"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large"
        path.write_bytes(body)
        run.store.put_file(run.key("large"), path)
    if run.store.get(run.key("large")) != body:
        raise _BrokenError(
            f"a file of {len(body)} bytes came back changed: allow this key multipart uploads"
        )
    return f"a file of {len(body)} bytes went in parts and came back"


def _table_commits(run: _TrialContext) -> str:
    """Several writers commit to one Delta table from the same version: all rows must stay."""
    uri = f"{run.store.url}/{run.prefix}table"
    options = run.store.table_options()
    write_deltalake(uri, pa.table({"writer": [-1]}), storage_options=options)
    start = threading.Barrier(_SWAPPERS)

    def append(number: int) -> None:
        for left in reversed(range(_TRIES_MAX)):
            table = DeltaTable(uri, storage_options=options)
            if left == _TRIES_MAX - 1:
                start.wait()
            try:
                write_deltalake(table, pa.table({"writer": [number]}), mode="append")
            except DeltaError:
                if not left:
                    raise
            else:
                return

    with ThreadPoolExecutor(_SWAPPERS) as pool:
        list(pool.map(append, range(_SWAPPERS)))
    rows = DeltaTable(uri, storage_options=options).to_pyarrow_table()["writer"].to_pylist()
    missing = set(range(_SWAPPERS)) - set(rows)
    if missing:
        raise _BrokenError(f"{len(missing)} of {_SWAPPERS} commits were lost: {_NOT_CONDITIONAL}")
    return f"{_SWAPPERS} of {_SWAPPERS} commits from one version are in the table"


def _encryption(run: _TrialContext) -> str:
    """Report the bucket's encryption; a store that reports none may still encrypt."""
    from lake.storage.s3 import S3Store  # s3fs takes half a second to import

    if not isinstance(run.store, S3Store):
        return "a folder is as encrypted as its disk"
    encryption = run.store.encryption(run.key("first"))
    return encryption or "none is reported: turn it on for the bucket, if it is not on silently"


_TRIALS: dict[str, Callable[[_TrialContext], str]] = {
    "reachable": _reachable,
    "clock": _clock,
    "create if absent": _create_if_absent,
    "compare and swap": _compare_and_swap,
    "read after write": _read_after_write,
    "listing": _listing,
    "ranges": _ranges,
    "large files": _large_file,
    "table commits": _table_commits,
    "encryption at rest": _encryption,
}
