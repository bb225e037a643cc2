"""Removal of a day's expired sessions, in an order that survives a crash.

Pending chunks are removed first, so that no compaction uses them. Rows follow, then files, so that
no row ever points at a missing file, and then quarantined objects. Memory does not depend on the
day's size: listings are streamed, objects are deleted 1,000 in a request, and rows a few parts at a
time. `lake.retention.policy` decides what is expired.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import islice

import polars as pl

from lake import failpoints
from lake.compaction.batches import SegmentWindow, segment_windows
from lake.control import legal_holds
from lake.errors import Damaged, ObjectMissing
from lake.raw.segment_file import ReceivedChunk
from lake.raw.segment_rewriter import rewrite_without
from lake.retention.policy import OverdueDay, expired_share, read_holds, websites_of_day
from lake.retry import retried
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import ObjectInfo, Store
from lake.tables.daily_summary import summarise_day
from lake.tables.delta_table import Table, reading
from lake.tables.schemas import BY_SESSION
from lake.tables.session_rows import SessionKey, files_of_day, keys_in, on_day, remove

_TRIES_MAX = 10
_DELETED_AT_ONCE = 1000  # limit of one request
_LISTED_MAX = 1000  # sessions that a dry run names

PLAN, HELD, UNREADABLE = "plan keeps it", "legal hold", "cannot be read"


@dataclass(kw_only=True)
class ExpiryReport:
    """Result of the removal of one day; of a dry run, what would be removed.

    A segment counts as one object whether it was deleted or rewritten without expired chunks.
    `by_website` counts sessions. `kept` counts what stays, by reason: sessions by `PLAN` and
    `HELD`, unreadable objects by `UNREADABLE`. `failed` maps what could not be read to the reason.
    `sessions` are the first 1,000 sessions of a dry run.
    """

    day: date
    session_count: int = 0
    file_count: int = 0
    file_bytes: int = 0
    segment_count: int = 0
    segment_bytes: int = 0
    quarantined_count: int = 0
    quarantined_bytes: int = 0
    by_website: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    sessions: list[SessionKey] = field(default_factory=list)

    @property
    def object_count(self) -> int:
        """Number of objects that were deleted or rewritten."""
        return self.file_count + self.segment_count + self.quarantined_count

    @property
    def size_bytes(self) -> int:
        """Removed bytes: objects, and payloads of rewritten objects."""
        return self.file_bytes + self.segment_bytes + self.quarantined_bytes


class DayRemoval:
    """Removes the expired sessions of a day, or only counts them, into `done`."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        overdue: OverdueDay,
        done: ExpiryReport,
        *,
        dry_run: bool,
    ) -> None:
        self._store = store
        self._settings = settings
        self._overdue = overdue
        self._removed_rows = overdue  # state when the rows of `sessions` were removed
        self._dry_run = dry_run
        self.done = done

    def run(self) -> None:
        """Run all steps; a dry run changes nothing.

        Raises:
            Conflict, Damaged, StoreUnavailable.
        """
        self._remove_pending()
        if not self._dry_run and self._overdue.websites:
            for name in BY_SESSION:
                retried(partial(self._remove_rows, Table(self._store, name)), tries_max=_TRIES_MAX)
            retried(partial(summarise_day, self._store, self._overdue.day), tries_max=_TRIES_MAX)
            failpoints.failpoint("retention-after-rows")
        self._delete_files()
        self._refresh_holds()
        self._delete(self._quarantined())
        self._count_kept()

    def _refresh_holds(self) -> None:
        """Read the legal holds again: a new one keeps what is not removed yet."""
        self._overdue = self._overdue.with_newer_holds(read_holds(self._store, self.done.failed))

    def _remove_pending(self) -> None:
        day = self._overdue.day
        chunks_max = self._settings.compact_chunks_max
        items = (i for i in self._store.list(keys.raw_prefix(day)) if keys.parse_segment_key(i.key))
        sessions = Table(self._store, "sessions").snapshot()
        for window in segment_windows(self._store, items, chunks_max):
            for key in sorted(window.sessions.keys() - keys_in(sessions, window.sessions)):
                self._count(key)
            if window.damaged:
                self._keep(UNREADABLE, len(window.damaged))
            self._refresh_holds()
            self._delete(self._segments(window))

    def _segments(self, window: SegmentWindow) -> Iterator[str]:
        for key, owners in window.owners.items():
            expired = [session for session in owners if self._overdue.is_expired(*session)]
            if not expired:
                continue
            self.done.segment_count += 1
            if len(expired) == len(owners):
                self.done.segment_bytes += window.items[key].size_bytes
                yield key
            else:
                self.done.segment_bytes += self._rewrite(key)

    def _remove_rows(self, table: Table) -> None:
        self._refresh_holds()
        if table.name == "sessions":
            self._removed_rows = self._overdue
        snapshot = table.snapshot()
        files = files_of_day(snapshot, self._overdue.day, self._overdue.websites)
        with reading(table.name):
            remove(table, snapshot, files, self._overdue.rows())

    def _delete_files(self) -> None:
        """Delete the expired session files, with the holds read again for each batch."""
        files, last = self._files(), None
        while batch := list(islice(files, _DELETED_AT_ONCE)):
            held = {key[0]: self._holds_now(key[0]) for _, key in batch}
            self._overdue = self._overdue.with_newer_holds(held)
            expired_keys = []
            for item, key in batch:
                is_new, last = key != last, key
                if self._overdue.is_expired(*key):
                    if is_new:  # else an older generation of the same session
                        self._count(key)
                    self.done.file_count += 1
                    self.done.file_bytes += item.size_bytes
                    expired_keys.append(item.key)
                elif is_new:
                    self._keep(HELD)  # held since its row was removed; others are counted by rows
            self._delete(expired_keys)

    def _files(self) -> Iterator[tuple[ObjectInfo, SessionKey]]:
        """Yield the files of sessions whose rows were removed, held since or not."""
        for website_id in websites_of_day(self._store, self._overdue.day):
            if website_id not in self._removed_rows.websites:
                continue
            for item in self._store.list(keys.session_prefix(self._overdue.day, website_id)):
                parsed = keys.parse_session_file_key(item.key)
                if parsed is not None and self._removed_rows.is_expired(
                    website_id, parsed.session_id
                ):
                    yield item, (website_id, parsed.session_id)

    def _holds_now(self, website_id: str) -> legal_holds.Holds:
        try:
            return legal_holds.read(self._store, website_id)
        except Damaged as error:
            self.done.failed[website_id] = str(error)
            return legal_holds.assume_all_held(website_id, error)

    def _quarantined(self) -> Iterator[str]:
        """Yield the keys of expired quarantined objects, each after that of its reason."""
        for item in self._store.list(keys.quarantine_prefix(self._overdue.day)):
            share = expired_share(self._store, self._overdue, item)
            if isinstance(share, Damaged):
                self._keep(UNREADABLE)
            elif share == "some":
                self.done.quarantined_count += 1
                self.done.quarantined_bytes += self._rewrite(item.key)
            elif share == "all":
                self.done.quarantined_count += 1
                self.done.quarantined_bytes += item.size_bytes
                yield keys.quarantine_reason_key(item.key)
                yield item.key

    def _rewrite(self, key: str) -> int:
        try:
            return rewrite_without(self._store, key, self._is_unwanted, dry_run=self._dry_run)
        except ObjectMissing:
            return 0  # compacted meanwhile: the next run handles its session
        except Damaged:
            self._keep(UNREADABLE)
            return 0

    def _is_unwanted(self, received_chunk: ReceivedChunk) -> bool:
        return self._overdue.is_expired(received_chunk.website_id, received_chunk.session_id)

    def _delete(self, expired_keys: Iterable[str]) -> None:
        rest = iter(expired_keys)
        while batch := list(islice(rest, _DELETED_AT_ONCE)):
            if not self._dry_run:
                self._store.delete(batch)
                failpoints.failpoint("retention-mid-delete")

    def _count(self, key: SessionKey) -> None:
        """Count a session as removed, or by the reason why it stays."""
        if not self._overdue.is_expired(*key):
            self._keep(HELD if self._overdue.is_held(*key) else PLAN)
            return
        self.done.session_count += 1
        self.done.by_website[key[0]] = self.done.by_website.get(key[0], 0) + 1
        if self._dry_run and len(self.done.sessions) < _LISTED_MAX:
            self.done.sessions.append(key)

    def _keep(self, why: str, count: int = 1) -> None:
        self.done.kept[why] = self.done.kept.get(why, 0) + count

    def _count_kept(self) -> None:
        """Count the sessions that stay, by their rows."""
        snapshot = Table(self._store, "sessions").snapshot()
        stays = on_day(self._overdue.day) & ~self._overdue.rows()
        late = [*self._overdue.websites, *self._overdue.held]
        for file in files_of_day(snapshot, self._overdue.day):
            with reading("sessions"):
                counts = (
                    snapshot.scan([file])
                    .filter(stays)
                    .group_by(is_late=pl.col("website_id").is_in(late))
                    .len()
                    .collect()
                )
            for is_late, count in counts.iter_rows():
                self._keep(HELD if is_late else PLAN, count)
