"""Deletion of a table's former files, which still contain removed sessions.

A file that the log marks as removed is deleted at once: no writer can want it back, and a reader of
an older version retries. A file that is in no log may belong to a writer that has not committed
yet. It is deleted if it contains one of the sessions and is old enough to be abandoned.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from lake.errors import ObjectMissing
from lake.ids import day_of
from lake.storage import keys
from lake.storage.base import ObjectInfo, Store
from lake.tables.daily_summary import SUMMARY, part_of
from lake.tables.delta_table import Table
from lake.tables.partitions import cold_part, hot_part
from lake.tables.schemas import BY_SESSION

_LISTED_MAX = 100  # parts of a table, each a request


def purge(
    store: Store, website_id: str, sessions: Iterable[str], *, now_ms: int, grace_s: int
) -> tuple[int, list[str]]:
    """Delete former files of the parts in which these sessions were.

    Args:
        grace_s: Age from which a file in no log is abandoned.

    Returns:
        The number of deleted files, and a text for each file that contains one of the sessions and
        must wait.

    Raises:
        StoreUnavailable.
    """
    wanted = set(sessions)
    by_session = {hot_part(session_id) for session_id in wanted} | {
        cold_part(day_of(session_id), website_id) for session_id in wanted
    }
    # Summaries hold URLs, which may identify people.
    summaries = {
        part_of(day_of(session_id)) for session_id in wanted
    }  # with URLs, which may identify people
    old = datetime.fromtimestamp(now_ms / 1000 - grace_s, UTC)
    count = 0
    left: list[str] = []
    for name in (*BY_SESSION, SUMMARY):
        parts = summaries if name == SUMMARY else by_session
        # Listed before the log is read, so that no file that is active by then is deleted.
        items = _files(store, name, parts)
        if not items:
            continue
        table = Table(store, name)
        active = {keys.table_file_key(name, path) for path in table.paths()}
        removed = {keys.table_file_key(name, path) for path in table.removed_paths()}
        for item in items:
            if item.key in active:
                continue
            if item.key not in removed:
                if name != SUMMARY and not _holds(store, item.key, website_id, wanted):
                    continue
                if item.modified_at > old:
                    left.append(f"{item.key} may be a writer's until it is older")
                    continue
            store.delete([item.key])
            count += 1
    return count, left


def _files(store: Store, name: str, parts: set[str]) -> list[ObjectInfo]:
    """List few parts of a table one by one, many parts in one listing of all."""
    if len(parts) <= _LISTED_MAX:
        folders = (keys.table_part_prefix(name, part) for part in sorted(parts))
        return [item for folder in folders for item in store.list(folder)]
    wanted = {keys.table_part_prefix(name, part) for part in parts}
    listed = store.list(keys.table_prefix(name))
    return [item for item in listed if item.key[: item.key.rfind("/") + 1] in wanted]


def _holds(store: Store, key: str, website_id: str, sessions: set[str]) -> bool:
    try:
        body = store.get(key)
    except ObjectMissing:
        return False
    try:
        rows = pq.read_table(pa.BufferReader(body), columns=["website_id", "session_id"])
    except (pa.ArrowException, OSError):
        return True  # an incomplete file may contain any session
    return any(
        row["website_id"] == website_id and row["session_id"] in sessions
        for row in rows.to_pylist()
    )
