"""Repair of sessions: rows made from the files that can be read, other files quarantined.

Damaged files are copied to quarantine before rows change, and deleted after. An interrupted run is
repeated.
"""

from collections.abc import Collection
from itertools import islice
from pathlib import Path

from lake import failpoints
from lake.compaction.session_writer import RewrittenSession
from lake.control.tombstones import People
from lake.erasure import resurfaced
from lake.errors import Conflict, Damaged, ObjectMissing
from lake.operations import file_generations
from lake.operations.check.deleted_data import DeletedData
from lake.operations.file_generations import Generation
from lake.operations.repair_report import RepairAction, RepairReport
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.storage.scratch import scratch_folder
from lake.tables import session_rows
from lake.tables.delta_table import Snapshot, Table
from lake.tables.partitions import hot_day, hot_part
from lake.tables.row_builders import Row
from lake.tables.schemas import DERIVED
from lake.tables.session_rows import SessionKey

_TRIES_MAX = 20


class SessionRepairer:
    """Makes the rows of sessions from those of their files that can be read."""

    def __init__(
        self, store: Store, settings: Settings, done: RepairReport, *, now_ms: int, dry_run: bool
    ) -> None:
        self._store = store
        self._settings = settings
        self._done = done
        self._now_ms = now_ms
        self._deleted = DeletedData(store, settings, now_ms=now_ms)
        self._people: dict[SessionKey, People] = {}
        self._dry_run = dry_run
        self._tables = {name: Table(store, name) for name in ("sessions", *DERIVED)}

    def repair(self, batch: list[SessionKey]) -> None:
        """Repair some sessions, with one commit for each table.

        Raises:
            Conflict: Other writers were faster each time.
            StoreUnavailable.
        """
        for attempt in range(1, _TRIES_MAX + 1):
            derived = {name: self._tables[name].snapshot() for name in DERIVED}
            sessions = self._tables["sessions"].snapshot()
            # Files are listed after the snapshot: those of rows in it are among them.
            rows = {_key(row): row for row in session_rows.rows_of(sessions, batch).to_dicts()}
            bad: dict[str, str] = {}
            self._people = dict.fromkeys(batch, People())
            result = {key: self._readable(key, bad) for key in batch}
            if self._dry_run:
                self._record(result, rows, bad)
                return
            for key, why in bad.items():
                quarantine_object(self._store, key, why)
            failpoints.failpoint("repair-after-quarantine")
            with scratch_folder() as folder:
                made, merged_files = self._make_rows(folder, result)
            try:
                self._commit(batch, rows, made, sessions, derived)
            except Conflict:
                if attempt == _TRIES_MAX:
                    raise
                continue
            self._store.delete([*bad, *merged_files])
            self._request_erasures(made)
            self._record(result, rows, bad)
            return

    def _request_erasures(self, made: Collection[SessionKey]) -> None:
        """Request the removal of erased sessions whose files are here or whose rows were made.

        A running erasure may have passed the new rows of a session that was erased meanwhile.
        """
        hidden = resurfaced.erased_among(self._store, self._people)
        for is_written in (False, True):
            some = {key for key in hidden if (key in made) == is_written}
            resurfaced.request_removal(
                self._store, some, now_ms=self._now_ms, by="repair", is_written=is_written
            )

    def _readable(self, key: SessionKey, bad: dict[str, str]) -> list[Generation]:
        """Return the session's own files that can be read to their end; `bad` gets the others."""
        failed: dict[str, str] = {}
        readable = []
        for generation in file_generations.read_generations(self._store, *key, failed):
            header = generation.file.header
            if (header.website_id, header.session_id) != key:
                bad[generation.file.key] = "it is another session's"
                continue
            try:
                for _ in generation.file.events():
                    pass
            except (Damaged, ValueError) as error:
                bad[generation.file.key] = str(error)
                continue
            readable.append(generation)
        bad.update({at: why for at, why in failed.items() if _is_there(self._store, at)})
        self._people[key] = people = file_generations.people_in_generations(readable)
        if self._deleted.is_gone(*key, **people._asdict()):
            return []
        return readable

    def _make_rows(
        self, folder: Path, generations: dict[SessionKey, list[Generation]]
    ) -> tuple[dict[SessionKey, RewrittenSession], list[str]]:
        """Return the rows of sessions that have files, and the keys of files that were merged."""
        made: dict[SessionKey, RewrittenSession] = {}
        merged_files: list[str] = []
        for key, readable in generations.items():
            if not readable:
                continue
            try:
                made[key], _ = file_generations.merge_generations(
                    self._store, self._settings, folder, readable
                )
            except ObjectMissing as error:
                raise Conflict(f"{error}: a compaction was faster") from error
            sha256 = made[key].row["file_sha256"]
            merged_files += [item.file.key for item in readable if item.sha256 != sha256]
        return made, merged_files

    def _commit(
        self,
        batch: list[SessionKey],
        rows: dict[SessionKey, Row],
        made: dict[SessionKey, RewrittenSession],
        sessions: Snapshot,
        derived: dict[str, Snapshot],
    ) -> None:
        parts = {key: rows[key]["part"] if key in rows else hot_part(key[1]) for key in batch}
        pending = [result.row for result in made.values()]
        session_rows.replace(self._tables["sessions"], sessions, parts, pending)
        for name, snapshot in derived.items():
            new = [row for key in batch if key in made for row in made[key].tables[name]]
            if name == "session_files":
                new = [row if hot_day(parts[_key(row)]) else row | {"chunks": None} for row in new]
            session_rows.replace(self._tables[name], snapshot, parts, new)

    def _record(
        self,
        generations: dict[SessionKey, list[Generation]],
        rows: dict[SessionKey, Row],
        bad: dict[str, str],
    ) -> None:
        for at, reason in bad.items():
            self._done.done.append(RepairAction("moved to quarantine", at, reason))
        for key, readable in generations.items():
            if readable:
                what, why = "rows made anew", f"from {readable[0].file.key}"
            elif key in rows:
                what, why = "rows removed", "no file of it can be read"
            else:
                what, why = "no rows", "nothing of it can be read, or it is erased or expired"
            self._done.done.append(RepairAction(what, "/".join(key), why))


def quarantine_object(store: Store, key: str, why: str) -> None:
    """Copy an object to quarantine, with the reason. May be repeated.

    Raises:
        StoreUnavailable.
    """
    try:
        body = store.get(key)
    except ObjectMissing:
        return
    copy = keys.quarantined_object_key(key)
    store.put(keys.quarantine_reason_key(copy), f"{key}: {why}\n".encode())
    store.put(copy, body)


def _is_there(store: Store, key: str) -> bool:
    return any(item.key == key for item in islice(store.list(key), 1))


def _key(row: Row) -> SessionKey:
    return row["website_id"], row["session_id"]
