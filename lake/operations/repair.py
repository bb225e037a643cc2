"""Repair of what `lake.operations.check.run` finds, from what can still be read.

Session files are the truth: rows are made anew from them, as `lake.operations.rebuild` makes all.
Bytes that are damaged or foreign are copied to quarantine, with the reason, before rows change,
and leave their place after: a run that was cut off is done again. Chunks of segments are told one
by one (`lake.operations.segment_salvage`), also of a segment that a compaction put into
quarantine: what can be read of it waits again, and what stays there is an operator's to look at.
Compactions may run meanwhile. Nothing that can be read is dropped.
"""

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from lake import failpoints
from lake.compaction.session_writer import RewrittenSession
from lake.control.tombstones import People
from lake.erasure import resurfaced
from lake.errors import Conflict, Damaged, ObjectMissing, StoreUnavailable
from lake.operations import file_generations, segment_salvage
from lake.operations.check.deleted_data import DeletedData
from lake.operations.check.delta_logs import repair_checkpoints
from lake.operations.check.run import NEEDS_REBUILD, CheckFinding, check
from lake.operations.file_generations import Generation
from lake.retry import retried
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.storage.failures import Failures, reason_of
from lake.storage.scratch import scratch_folder
from lake.tables import session_rows
from lake.tables.daily_summary import summarise_day
from lake.tables.delta_table import Snapshot, Table
from lake.tables.partitions import hot_day, hot_part
from lake.tables.row_builders import Row
from lake.tables.schemas import DERIVED
from lake.tables.session_rows import SessionKey

_log = logging.getLogger(__name__)
_BATCH = 200  # sessions of one commit
_TRIES_MAX = 20
_SEGMENTS = ("segment-damaged", "segment-misplaced", "chunk-damaged", "quarantined-segment")
_SESSIONS = (
    *("session-file-missing", "session-file-damaged", "session-doubled", "row-wrong"),
    *("row-without-session", "orphan", "unmerged", "superseded"),
)
_INSPECT = "look at it, then `replaylake quarantine remove` it"
_ADVICE = {
    "quarantined-chunks": _INSPECT,
    "quarantined-object": _INSPECT,
    "erased-still-there": "its erasure is asked for again: run `replaylake erase --waiting`",
    "expired-still-there": "run `replaylake retention`",
    "control-damaged": "put back what it was, or make it anew",
    "erasure-impossible": "cancel it",
    "check-failed": "look at it",
    "website-unknown": "put its document back; what is there stays",
}


class RepairAction(NamedTuple):
    """One thing that was done, or would be."""

    what: str
    where: str
    why: str


@dataclass(kw_only=True)
class RepairReport:
    """What was done, and what was found and has to be mended otherwise."""

    done: list[RepairAction] = field(default_factory=list)
    left: list[RepairAction] = field(default_factory=list)


def repair(
    store: Store,
    settings: Settings,
    *,
    now_ms: int,
    dry_run: bool = False,
    report: Callable[[str], None] = lambda _: None,
) -> RepairReport:
    """Look for what is broken, and mend it. Safe to run twice.

    Raises:
        Conflict: Other writers were faster each time; run it again.
        StoreUnavailable.
    """
    broken = check(store, settings, now_ms=now_ms, report=report)
    done = RepairReport()
    checkpoints = [one for one in broken if one.kind == "table-checkpoint-damaged"]
    for one in checkpoints:
        done.done.append(RepairAction("checkpoints named anew", one.where, one.detail))
        if not dry_run:
            repair_checkpoints(store, one.where.partition("/")[2])
    if checkpoints and not dry_run:
        broken = check(store, settings, now_ms=now_ms, report=report)  # now that all can be read
    for one in broken:
        if one.kind in NEEDS_REBUILD:
            done.left.append(RepairAction("run `replaylake rebuild`", one.where, one.detail))
        elif one.kind in _ADVICE:
            done.left.append(RepairAction(_ADVICE[one.kind], one.where, one.detail))
        elif one.kind == "erasure-late":
            done.left.append(RepairAction("run `replaylake erase`", one.where, one.detail))
        elif one.kind == "foreign-object" and not one.where.startswith(keys.CONTROL):
            done.done.append(RepairAction("moved to quarantine", one.where, one.detail))
            if not dry_run:
                _quarantine(store, one.where, one.detail)
                store.delete([one.where])
        elif one.kind == "foreign-object":
            done.left.append(RepairAction("remove it", one.where, one.detail))
    back = {one.session for one in broken if one.session and one.kind == "erased-still-there"}
    if not dry_run:
        resurfaced.request_removal(store, back, now_ms=now_ms, by="repair")
    _salvage_segments(store, settings, broken, done, dry_run=dry_run)
    wanted = sorted({one.session for one in broken if one.session and one.kind in _SESSIONS})
    days = {one.day for one in broken if one.day and one.kind in ("summary-stale", *_SESSIONS)}
    mender = _SessionRepairer(store, settings, done, now_ms=now_ms, dry_run=dry_run)
    todo = iter(wanted)
    while batch := list(islice(todo, _BATCH)):
        report(f"{len(batch)} sessions")
        _repair_sessions(mender, batch, done)
    failures = Failures()
    for day in sorted(days):
        if any(one.kind == "summary-stale" and one.day == day for one in broken):
            done.done.append(
                RepairAction("summary made anew", f"daily_summary: {day}", "it was stale")
            )
        if not dry_run:
            with failures.of(f"daily_summary: {day}"):
                retried(partial(summarise_day, store, day))
    done.left += [RepairAction("run it again", what, why) for what, why in failures.found.items()]
    return done


def _salvage_segments(
    store: Store,
    settings: Settings,
    broken: Iterable[CheckFinding],
    done: RepairReport,
    *,
    dry_run: bool,
) -> None:
    why = {one.where: one.detail for one in broken if one.kind in _SEGMENTS}
    for key, detail in why.items():
        if dry_run:
            done.done.append(RepairAction("segment sorted out", key, detail))
            continue
        sorted_out = segment_salvage.salvage_segment(store, settings, key)
        if sorted_out is None:
            done.left.append(RepairAction("a newer version reads it", key, detail))
            continue
        if key.startswith(keys.QUARANTINE) and not any(sorted_out):
            done.left.append(RepairAction(f"nothing of it can be read: {_INSPECT}", key, detail))
            continue
        what = f"segment sorted out: {sorted_out.kept} chunks go on waiting"
        if sorted_out.aside:
            what += f", {sorted_out.aside} in quarantine"
        done.done.append(RepairAction(what, key, detail))


def _repair_sessions(
    mender: "_SessionRepairer", batch: list[SessionKey], done: RepairReport
) -> None:
    """Mend some sessions together or, where that fails, each by itself."""
    try:
        mender.mend(batch)
    except (Conflict, MemoryError, OSError, StoreUnavailable):
        raise
    except Exception as error:  # noqa: BLE001 - the others are somebody else's
        if len(batch) == 1:
            _log.error("%s not mended", "/".join(batch[0]), exc_info=error)
            done.left.append(RepairAction("look at it", "/".join(batch[0]), reason_of(error)))
            return
        for key in batch:
            _repair_sessions(mender, [key], done)


class _SessionRepairer:
    """Makes the rows of sessions anew from what can be read of their files."""

    def __init__(
        self, store: Store, settings: Settings, done: RepairReport, *, now_ms: int, dry_run: bool
    ) -> None:
        self._store = store
        self._settings = settings
        self._done = done
        self._now_ms = now_ms
        self._gone = DeletedData(store, settings, now_ms=now_ms)
        self._people: dict[SessionKey, People] = {}
        self._dry_run = dry_run
        self._tables = {name: Table(store, name) for name in ("sessions", *DERIVED)}

    def mend(self, batch: list[SessionKey]) -> None:
        """Mend some sessions, in one commit a table."""
        for attempt in range(1, _TRIES_MAX + 1):
            derived = {name: self._tables[name].snapshot() for name in DERIVED}
            sessions = self._tables["sessions"].snapshot()
            # Files are listed after the snapshot: those of rows in it are among them.
            rows = {_key(row): row for row in session_rows.rows_of(sessions, batch).to_dicts()}
            bad: dict[str, str] = {}
            self._people = dict.fromkeys(batch, People())
            found = {key: self._readable(key, bad) for key in batch}
            if self._dry_run:
                self._note(found, rows, bad)
                return
            for key, why in bad.items():
                _quarantine(self._store, key, why)
            failpoints.failpoint("repair-after-quarantine")
            with scratch_folder() as folder:
                made, swept = self._made(folder, found)
            try:
                self._commit(batch, rows, made, sessions, derived)
            except Conflict:
                if attempt == _TRIES_MAX:
                    raise
                continue
            self._store.delete([*bad, *swept])
            self._erase_again(made)
            self._note(found, rows, bad)
            return

    def _erase_again(self, made: Collection[SessionKey]) -> None:
        """Nothing may be left of erased sessions whose files were there again, or are read now.

        What was made of one that was erased meanwhile, an erasure that runs may not have seen.
        """
        hidden = resurfaced.erased_among(self._store, self._people)
        for is_written in (False, True):
            some = {key for key in hidden if (key in made) == is_written}
            resurfaced.request_removal(
                self._store, some, now_ms=self._now_ms, by="repair", is_written=is_written
            )

    def _readable(self, key: SessionKey, bad: dict[str, str]) -> list[Generation]:
        """Return the session's files that are whole and its own; `bad` gets the others."""
        failed: dict[str, str] = {}
        readable = []
        for one in file_generations.read_generations(self._store, *key, failed):
            header = one.file.header
            if (header.website_id, header.session_id) != key:
                bad[one.file.key] = "it is another session's"
                continue
            try:
                for _ in one.file.events():
                    pass
            except (Damaged, ValueError) as error:
                bad[one.file.key] = str(error)
                continue
            readable.append(one)
        bad.update({at: why for at, why in failed.items() if _is_there(self._store, at)})
        self._people[key] = people = file_generations.people_in_generations(readable)
        if self._gone.is_gone(*key, **people._asdict()):
            return []
        return readable

    def _made(
        self, folder: Path, found: dict[SessionKey, list[Generation]]
    ) -> tuple[dict[SessionKey, RewrittenSession], list[str]]:
        """Make the rows of sessions that have files, and tell which files are in others now."""
        made: dict[SessionKey, RewrittenSession] = {}
        swept: list[str] = []
        for key, readable in found.items():
            if not readable:
                continue
            try:
                made[key], _ = file_generations.merge_generations(
                    self._store, self._settings, folder, readable
                )
            except ObjectMissing as error:
                raise Conflict(f"{error}: a compaction was faster") from error
            sha256 = made[key].row["file_sha256"]
            swept += [one.file.key for one in readable if one.sha256 != sha256]
        return made, swept

    def _commit(
        self,
        batch: list[SessionKey],
        rows: dict[SessionKey, Row],
        made: dict[SessionKey, RewrittenSession],
        sessions: Snapshot,
        derived: dict[str, Snapshot],
    ) -> None:
        parts = {key: rows[key]["part"] if key in rows else hot_part(key[1]) for key in batch}
        fresh = [result.row for result in made.values()]
        session_rows.replace(self._tables["sessions"], sessions, parts, fresh)
        for name, snapshot in derived.items():
            new = [row for key in batch if key in made for row in made[key].tables[name]]
            if name == "session_files":
                new = [row if hot_day(parts[_key(row)]) else row | {"chunks": None} for row in new]
            session_rows.replace(self._tables[name], snapshot, parts, new)

    def _note(
        self,
        found: dict[SessionKey, list[Generation]],
        rows: dict[SessionKey, Row],
        bad: dict[str, str],
    ) -> None:
        for at, reason in bad.items():
            self._done.done.append(RepairAction("moved to quarantine", at, reason))
        for key, readable in found.items():
            if readable:
                what, why = "rows made anew", f"from {readable[0].file.key}"
            elif key in rows:
                what, why = "rows removed", "no file of it can be read"
            else:
                what, why = "no rows", "nothing of it can be read, or it is erased or expired"
            self._done.done.append(RepairAction(what, "/".join(key), why))


def _quarantine(store: Store, key: str, why: str) -> None:
    """Copy an object to quarantine, with the reason. May be repeated."""
    try:
        body = store.get(key)
    except ObjectMissing:
        return
    aside = keys.quarantined_object_key(key)
    store.put(keys.quarantine_reason_key(aside), f"{key}: {why}\n".encode())
    store.put(aside, body)


def _is_there(store: Store, key: str) -> bool:
    return any(item.key == key for item in islice(store.list(key), 1))


def _key(row: Row) -> SessionKey:
    return row["website_id"], row["session_id"]
