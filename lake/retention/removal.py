"""The sessions of a day that are overdue are removed, in the order that a crash can forgive.

First the chunks that wait, so that no compaction makes anything of them; then rows, then files, so
that no row ever points at a missing file; then what was put aside. Nothing here holds a day at
once: listings are streamed, objects go 1,000 to a request, and rows a few parts at a time. What is
overdue is told by `lake.retention.policy`.
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
_DELETED_AT_ONCE = 1000  # what one request takes
_LISTED_MAX = 1000  # sessions that a dry run names

PLAN, HELD, UNREADABLE = "plan keeps it", "legal hold", "cannot be read"


@dataclass(kw_only=True)
class ExpiryReport:
    """What was removed of one day, or would be.

    Counts of objects; a segment is one whether it went or was written anew without what expired.
    `by_website` counts sessions. `kept` tells why what is stored of that day stays: sessions by
    `PLAN` and `HELD`, objects that cannot be read by `UNREADABLE`. `failed` names what could not be
    read, with the reason. `sessions` are the first 1,000 that would go, named by a dry run only.
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
        """How many objects went, or became smaller."""
        return self.file_count + self.segment_count + self.quarantined_count

    @property
    def size_bytes(self) -> int:
        """How many bytes went: objects, and payloads where only some chunks of one went."""
        return self.file_bytes + self.segment_bytes + self.quarantined_bytes


class DayRemoval:
    """Removes what is overdue of a day, or only counts it; `done` tells what."""

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
        self._rows_gone = overdue  # as it was when rows of `sessions` were removed
        self._dry_run = dry_run
        self.done = done

    def run(self) -> None:
        """Remove it, as far as a dry run does not forbid it.

        Raises:
            Conflict, Damaged, StoreUnavailable.
        """
        self._remove_waiting()
        if not self._dry_run and self._overdue.websites:
            for name in BY_SESSION:
                retried(partial(self._remove_rows, Table(self._store, name)), tries_max=_TRIES_MAX)
            retried(partial(summarise_day, self._store, self._overdue.day), tries_max=_TRIES_MAX)
            failpoints.failpoint("retention-after-rows")
        self._delete_files()
        self._refresh_holds()
        self._delete(self._aside())
        self._count_kept()

    def _refresh_holds(self) -> None:
        """Read the legal holds again: one that was placed since keeps what is still there."""
        self._overdue = self._overdue.with_newer_holds(read_holds(self._store, self.done.failed))

    def _remove_waiting(self) -> None:
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
            going = [session for session in owners if self._overdue.goes(*session)]
            if not going:
                continue
            self.done.segment_count += 1
            if len(going) == len(owners):
                self.done.segment_bytes += window.items[key].size_bytes
                yield key
            else:
                self.done.segment_bytes += self._trim(key)

    def _remove_rows(self, table: Table) -> None:
        self._refresh_holds()
        if table.name == "sessions":
            self._rows_gone = self._overdue
        snapshot = table.snapshot()
        files = files_of_day(snapshot, self._overdue.day, self._overdue.websites)
        with reading(table.name):
            remove(table, snapshot, files, self._overdue.rows())

    def _delete_files(self) -> None:
        """Delete the session files that go, each batch by the holds that there are then."""
        files, last = self._files(), None
        while batch := list(islice(files, _DELETED_AT_ONCE)):
            held = {key[0]: self._holds_now(key[0]) for _, key in batch}
            self._overdue = self._overdue.with_newer_holds(held)
            going = []
            for item, key in batch:
                is_new, last = key != last, key
                if self._overdue.goes(*key):
                    if is_new:  # else an older generation of the same
                        self._count(key)
                    self.done.file_count += 1
                    self.done.file_bytes += item.size_bytes
                    going.append(item.key)
                elif is_new:
                    self._keep(HELD)  # since its row went, by which others are counted
            self._delete(going)

    def _files(self) -> Iterator[tuple[ObjectInfo, SessionKey]]:
        """Yield the session files that go, unless they are held since their rows went."""
        for website_id in websites_of_day(self._store, self._overdue.day):
            if website_id not in self._rows_gone.websites:
                continue
            for item in self._store.list(keys.session_prefix(self._overdue.day, website_id)):
                parsed = keys.parse_session_file_key(item.key)
                if parsed is not None and self._rows_gone.goes(website_id, parsed.session_id):
                    yield item, (website_id, parsed.session_id)

    def _holds_now(self, website_id: str) -> legal_holds.Holds:
        try:
            return legal_holds.read(self._store, website_id)
        except Damaged as error:
            self.done.failed[website_id] = str(error)
            return legal_holds.assume_all_held(website_id, error)

    def _aside(self) -> Iterator[str]:
        """Yield what was put aside and goes, each object behind the text that says why it was."""
        for item in self._store.list(keys.quarantine_prefix(self._overdue.day)):
            found = expired_share(self._store, self._overdue, item)
            if isinstance(found, Damaged):
                self._keep(UNREADABLE)
            elif found == "some":
                self.done.quarantined_count += 1
                self.done.quarantined_bytes += self._trim(item.key)
            elif found == "all":
                self.done.quarantined_count += 1
                self.done.quarantined_bytes += item.size_bytes
                yield keys.quarantine_reason_key(item.key)
                yield item.key

    def _trim(self, key: str) -> int:
        try:
            return rewrite_without(self._store, key, self._is_unwanted, dry_run=self._dry_run)
        except ObjectMissing:
            return 0  # compacted meanwhile: the next run looks at what became of it
        except Damaged:
            self._keep(UNREADABLE)
            return 0

    def _is_unwanted(self, received_chunk: ReceivedChunk) -> bool:
        return self._overdue.goes(received_chunk.website_id, received_chunk.session_id)

    def _delete(self, going: Iterable[str]) -> None:
        rest = iter(going)
        while batch := list(islice(rest, _DELETED_AT_ONCE)):
            if not self._dry_run:
                self._store.delete(batch)
                failpoints.failpoint("retention-mid-delete")

    def _count(self, key: SessionKey) -> None:
        """Count a session by what becomes of it."""
        if not self._overdue.goes(*key):
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
