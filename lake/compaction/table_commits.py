"""Snapshots of the tables by session, and the commits of new rows against them.

`sessions` is committed first, the derived tables after it. Snapshots are taken in the opposite
order, so that a writer that was overtaken between two of its commits is refused.
"""

from collections.abc import Iterable
from typing import NamedTuple

from lake import failpoints
from lake.compaction.session_writer import RewrittenSession
from lake.storage.base import Store
from lake.tables import session_rows
from lake.tables.compacted_sessions import CompactedSession, read_compacted_sessions
from lake.tables.delta_table import Snapshot, Table
from lake.tables.partitions import hot_part
from lake.tables.schemas import DERIVED
from lake.tables.session_rows import SessionKey


class TableState(NamedTuple):
    """Snapshots of the tables, and some compacted sessions as of them."""

    sessions: Snapshot
    derived: dict[str, Snapshot]
    compacted: dict[SessionKey, CompactedSession]

    def parts_of(self, results: Iterable[RewrittenSession]) -> dict[SessionKey, str]:
        """Return each session's partition: the one its row is in, or the hot one if it is new."""
        return {
            key: self.compacted[key].row["part"] if key in self.compacted else hot_part(key[1])
            for key in (result.key for result in results)
        }


class TableCommits:
    """Handles on the tables by session. One thread at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tables = {name: Table(store, name) for name in ("sessions", *DERIVED)}

    def read(self, sessions: Iterable[SessionKey]) -> TableState:
        """Return the tables as they are now, with those of the sessions that are compacted.

        Raises:
            StoreUnavailable.
        """
        derived = {name: self._tables[name].snapshot() for name in DERIVED}
        snapshot = self._tables["sessions"].snapshot()
        files = derived["session_files"]
        compacted = read_compacted_sessions(self._store, snapshot, files, sessions)
        return TableState(snapshot, derived, compacted)

    def commit_sessions(self, results: list[RewrittenSession], state: TableState) -> None:
        """Replace the rows of `sessions`; from then on readers see these sessions.

        Raises:
            Conflict: Another writer changed one of the parts since `state` was read.
            StoreUnavailable.
        """
        failpoints.failpoint("compact-before-sessions-commit")
        rows = [result.row for result in results]
        session_rows.replace(
            self._tables["sessions"], state.sessions, state.parts_of(results), rows
        )
        failpoints.failpoint("compact-after-sessions-commit")

    def commit_derived(self, results: list[RewrittenSession], state: TableState) -> None:
        """Replace the sessions' rows in the derived tables, one commit for each table.

        Raises:
            Conflict, StoreUnavailable: As `commit_sessions`. Some tables may be committed.
        """
        parts = state.parts_of(results)
        for name, snapshot in state.derived.items():
            rows = [row for result in results for row in result.tables[name]]
            session_rows.replace(self._tables[name], snapshot, parts, rows)
