"""Logs of tables: every commit since the newest checkpoint must exist and be readable.

delta-rs refuses a table with a missing commit in the middle. If the newest commits are missing, it
reads an older version of the table, which then contradicts the session files.
"""

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq

from lake.errors import ObjectMissing
from lake.storage import keys
from lake.storage.base import Store

_COMMIT = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.parquet")


def log_damage(store: Store, name: str) -> str | None:
    """Return the defect of a table's commits, None if there is none.

    Raises:
        StoreUnavailable.
    """
    commits, checkpoints = _versions(store, name)
    good = next((v for v in reversed(checkpoints) if not _is_damaged(store, name, v)), -1)
    if not commits and good < 0:
        return "no commit can be read" if checkpoints else None
    if checkpoints and good < 0 and commits[0] > 0:
        return "no checkpoint can be read"
    newest = max([good, *commits])
    lost = sorted(set(range(good + 1, newest + 1)) - set(commits))
    if lost:
        return f"commit {lost[0]} is missing"
    for version in commits:
        if version <= good:
            continue
        try:
            body = store.get(keys.delta_log_key(name, f"{version:020}.json"))
            for line in filter(None, body.split(b"\n")):
                json.loads(line)
        except ObjectMissing:
            return None  # a checkpoint has been made, and the log shortened, meanwhile
        except ValueError as error:
            return f"commit {version} cannot be read: {error}"
    return None


def checkpoint_damage(store: Store, name: str) -> str | None:
    """Return the defect of a table's checkpoints, None if there is none.

    Raises:
        StoreUnavailable.
    """
    _, checkpoints = _versions(store, name)
    if not checkpoints:
        return None
    try:
        hint = json.loads(store.get(keys.delta_log_key(name, "_last_checkpoint")))
        version = hint["version"]
    except ObjectMissing:
        return "_last_checkpoint is missing"
    except (ValueError, TypeError, KeyError) as error:
        return f"_last_checkpoint cannot be read: {error!r}"
    if version not in checkpoints:
        return f"_last_checkpoint names version {version}, which has no checkpoint"
    if _is_damaged(store, name, max(checkpoints)):
        return f"the checkpoint of version {max(checkpoints)} cannot be read"
    return None


def repair_checkpoints(store: Store, name: str) -> None:
    """Delete a table's damaged checkpoints, and write `_last_checkpoint` for the newest other.

    Only where `log_damage` returns None: then the commits alone describe the table.

    Raises:
        StoreUnavailable.
    """
    _, checkpoints = _versions(store, name)
    damaged = [version for version in checkpoints if _is_damaged(store, name, version)]
    store.delete(
        [keys.delta_log_key(name, f"{version:020}.checkpoint.parquet") for version in damaged]
    )
    good = [version for version in checkpoints if version not in damaged]
    if not good:
        store.delete([keys.delta_log_key(name, "_last_checkpoint")])
        return
    body = store.get(keys.delta_log_key(name, f"{good[-1]:020}.checkpoint.parquet"))
    row_count = pq.read_metadata(pa.BufferReader(body)).num_rows
    hint = {"version": good[-1], "size": row_count}
    store.put(keys.delta_log_key(name, "_last_checkpoint"), json.dumps(hint).encode())


def _versions(store: Store, name: str) -> tuple[list[int], list[int]]:
    commits, checkpoints = [], []
    for item in store.list(keys.delta_log_key(name, "")):
        file = item.key.rpartition("/")[2]
        if match := _COMMIT.fullmatch(file):
            commits.append(int(match[1]))
        elif match := _CHECKPOINT.fullmatch(file):
            checkpoints.append(int(match[1]))
    return commits, checkpoints


def _is_damaged(store: Store, name: str, version: int) -> bool:
    try:
        body = store.get(keys.delta_log_key(name, f"{version:020}.checkpoint.parquet"))
        pq.read_table(pa.BufferReader(body)).validate(full=True)
    except (pa.ArrowException, OSError, ValueError):
        return True
    except ObjectMissing:
        return False
    return False
