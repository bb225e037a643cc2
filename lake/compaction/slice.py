"""Some segments are brought into the lake: files, then rows, and only then are they deleted.

The order forgives a crash anywhere. First the session files, whose names come from their bytes;
then the rows of `sessions`, which is the moment at which readers see them; then those of the
other tables; then the segments go. Snapshots are taken in the opposite order, so that a writer
who was overtaken between two of its commits is refused and begins again, and what it left undone
is still told by the segments, which outlive all commits. Every step may run twice.
"""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from lake import crash, merge, pending, quarantine, websites
from lake.compaction import session as rewriting
from lake.compaction.known import Known, file_key, known_of
from lake.compaction.session import Rewritten
from lake.compaction.spool import SegmentLost, Spool
from lake.errors import Conflict, Damaged, ObjectMissing, WebsiteMissing
from lake.merge import ChunkDamaged, Union
from lake.pending import Waiting
from lake.segments import Arrival
from lake.session_files import SessionFile
from lake.settings import Settings
from lake.store import Store
from lake.tables import sessions as session_rows
from lake.tables.parts import hot_part
from lake.tables.schemas import DERIVED
from lake.tables.sessions import Key
from lake.tables.table import Snapshot, Table

if TYPE_CHECKING:
    from lake.compaction.day import Compacted

Slice = dict[str, list[Waiting] | Damaged]

_TRIES_MAX = 20  # without success, under continuous conflicts
_UPLOADS = 4  # session files on their way to the store
_SESSIONS_MAX = 2_000  # rows of one commit: bounds memory


class Compactor:
    """Compacts slices of one day and adds up in `done` what it did."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        done: "Compacted",
        *,
        now_ms: int,
        settled_only: bool,
    ) -> None:
        self._store = store
        self._settings = settings
        self._done = done
        self._now_ms = now_ms
        self._settled_only = settled_only
        self._tables = {name: Table(store, name) for name in ("sessions", *DERIVED)}
        self._first_days: dict[str, bool] = {}

    def run(self, part: Slice) -> None:
        """Compact a slice; begin it again for as long as somebody else was faster.

        Raises:
            Conflict, StoreUnavailable.
        """
        for key, got in list(part.items()):
            if isinstance(got, Damaged):
                self._put_aside(part, key, got)
        for attempt in range(1, _TRIES_MAX + 1):
            try:
                self._compact(part)
                return
            except Conflict:
                self._done.conflict_count += 1
                if attempt == _TRIES_MAX:
                    raise
                time.sleep(0.02 * attempt)
            except SegmentLost as lost:
                if lost.damage is None:
                    del part[lost.key]  # by another compactor, whose rows are then seen
                else:
                    self._put_aside(part, lost.key, lost.damage)

    def _put_aside(self, part: Slice, key: str, damage: Damaged) -> None:
        quarantine.put_segment(self._store, key)
        self._done.failed[key] = str(damage)
        del part[key]

    def _compact(self, part: Slice) -> None:
        waiting = pending.by_session(
            item for got in part.values() if not isinstance(got, Damaged) for item in got
        )
        expired = {key for key in waiting if self._is_expired(key[0])}
        finished = set(expired)
        for batch in self._batches(waiting, expired):
            finished |= self._compact_batch(batch)
        self._delete(part, finished, expired)

    def _batches(
        self, waiting: dict[Key, list[Waiting]], expired: set[Key]
    ) -> Iterator[dict[Key, list[Waiting]]]:
        """Yield sessions in order of their start, so that a batch touches few hours."""
        batch: dict[Key, list[Waiting]] = {}
        size = 0
        for key in sorted(waiting.keys() - expired, key=lambda key: key[::-1]):
            batch[key] = waiting[key]
            size += sum(item.arrival.payload_bytes for item in waiting[key])
            if len(batch) >= _SESSIONS_MAX or size >= self._settings.compact_spool_bytes_max:
                yield batch
                batch, size = {}, 0
        if batch:
            yield batch

    def _compact_batch(self, batch: dict[Key, list[Waiting]]) -> set[Key]:
        """Bring sessions up to date that are due; return those that need no segment any more."""
        derived = {name: self._tables[name].snapshot() for name in DERIVED}
        sessions = self._tables["sessions"].snapshot()
        known = known_of(self._store, sessions, derived["session_files"], batch)
        unions = {
            key: merge.unite(
                known[key].chunks if key in known else (),
                known[key].client if key in known else None,
                (item.arrival for item in items),
            )
            for key, items in batch.items()
        }
        due = {key: union for key, union in unions.items() if self._is_due(batch[key], union)}
        results: list[Rewritten] = []
        failed: set[Key] = set()
        with tempfile.TemporaryDirectory(prefix="replaylake-") as name:
            wanted = {
                id(arrival) for union in due.values() for arrival in union.new + union.rejected
            }
            items = (item for key in due for item in batch[key] if id(item.arrival) in wanted)
            with (
                Spool(self._store, items, Path(name) / "spool") as spool,
                ThreadPoolExecutor(_UPLOADS) as pool,
            ):
                uploads: list[Future[None]] = []
                for key, union in due.items():
                    try:
                        result = self._rewrite(Path(name), key, known.get(key), union, spool)
                    except (Damaged, ObjectMissing) as error:
                        self._done.failed[key[1]] = str(error)
                        failed.add(key)
                        continue
                    if result is None:
                        continue
                    results.append(result)
                    if result.written:
                        uploads.append(pool.submit(rewriting.put, self._store, result.written))
                    if len(uploads) > _UPLOADS:
                        uploads.pop(0).result()  # bounds what lies in the folder
                for upload in uploads:
                    upload.result()
        crash.point("compact-after-session-file")
        if results:
            self._commit(results, known, sessions, derived)
        return due.keys() - failed

    def _is_due(self, items: list[Waiting], union: Union) -> bool:
        """Whoever asks for all gets all; else a session is due once it is silent or waits long."""
        if not self._settled_only or not union.new:
            return True
        settings = self._settings
        latest_ms = max(item.arrival.received_at for item in items) / 1000
        oldest_ms = min(arrival.received_at for arrival in union.new) / 1000
        return (
            self._now_ms - latest_ms >= settings.compact_settled_s * 1000
            or self._now_ms - oldest_ms >= settings.compact_wait_s * 1000
        )

    def _is_expired(self, website_id: str) -> bool:
        if website_id not in self._first_days:
            try:
                website = websites.get(self._store, website_id)
                first_day = websites.first_day_kept(website, now_ms=self._now_ms)
                self._first_days[website_id] = self._done.day < first_day
            except WebsiteMissing:
                self._first_days[website_id] = False
        return self._first_days[website_id]

    def _rewrite(
        self, folder: Path, key: Key, known: Known | None, union: Union, spool: Spool
    ) -> Rewritten | None:
        """Write a session's file and make its rows. None: it is up to date already."""
        for arrival in union.rejected:
            self._quarantine(arrival, spool, "another chunk with other bytes was first")
        while union.new:
            try:
                return rewriting.write_file(
                    self._store, self._settings, folder, key, known, union, spool.payload_of
                )
            except ChunkDamaged as damage:
                self._quarantine(damage.arrival, spool, str(damage))
                union = union.without(damage.arrival)
        if known is None or known.is_derived:
            return None
        return rewriting.rows_from_file(
            SessionFile(self._store, file_key(known.row)),
            size_bytes=known.row["file_bytes"],
            sha256=known.row["file_sha256"],
        )

    def _quarantine(self, arrival: Arrival, spool: Spool, reason: str) -> None:
        payload = spool.payload_of(arrival)
        is_new = quarantine.put_chunk(self._store, self._done.day, arrival, payload, reason=reason)
        self._done.quarantined_count += is_new

    def _commit(
        self,
        results: list[Rewritten],
        known: dict[Key, Known],
        sessions: Snapshot,
        derived: dict[str, Snapshot],
    ) -> None:
        parts = {
            result.key: known[result.key].row["part"]
            if result.key in known
            else hot_part(result.key[1])
            for result in results
        }
        written = [result for result in results if result.written]
        crash.point("compact-before-sessions-commit")
        if written:
            session_rows.replace(
                self._tables["sessions"],
                sessions,
                {result.key: parts[result.key] for result in written},
                [result.row for result in written],
            )
        crash.point("compact-after-sessions-commit")
        for name, snapshot in derived.items():
            rows = [row for result in results for row in result.tables[name]]
            session_rows.replace(self._tables[name], snapshot, parts, rows)
        crash.point("compact-after-derived-commits")
        for result in written:
            self._count(result, known.get(result.key))

    def _count(self, result: Rewritten, known: Known | None) -> None:
        done, row = self._done, result.row
        done.session_count += 1
        done.chunk_count += result.chunk_count - (len(known.chunks) if known else 0)
        done.received_bytes += result.received_bytes
        done.written_bytes += row["file_bytes"]
        done.raw_bytes += row["raw_bytes"]
        done.add_largest(*result.key, row["file_bytes"], row["event_count"])

    def _delete(self, part: Slice, finished: set[Key], expired: set[Key]) -> None:
        """Delete the segments of which every chunk is in its session, or expired."""
        whole: list[str] = []
        for segment, got in part.items():
            assert not isinstance(got, Damaged)
            owners = [(item.arrival.website_id, item.arrival.session_id) for item in got]
            if all(owner in finished for owner in owners):
                whole.append(segment)
                self._done.expired_count += sum(owner in expired for owner in owners)
        self._store.delete(whole[:1])
        crash.point("compact-mid-delete")
        self._store.delete(whole[1:])
        self._done.segment_count += len(whole)
