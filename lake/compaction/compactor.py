"""Compaction of some sessions of a day: files, then rows, then the deletion of their segments.

This order survives a crash anywhere. Session files come first; their names are made from their
bytes. The rows of `sessions` come next, and readers see the sessions from then on. The rows of the
other tables follow, and the segments go last. Snapshots are taken in the opposite order. A writer
that was overtaken between two of its commits is therefore refused and starts over, and what it
left undone is still in the segments, which outlive all commits.

A session whose other tables are behind is finished first, with the very rows that its writer would
have committed. A writer without rows in a table touches nothing there, so it could not refuse a
slower writer later. Every step may run twice.
"""

import time
from collections import Counter, deque
from collections.abc import Mapping
from pathlib import Path

from lake import failpoints
from lake.compaction import session_writer
from lake.compaction.batches import Batch, ChunkSlice, PendingStats, session_batches
from lake.compaction.due import due_at_ms, is_due
from lake.compaction.erased_sessions import (
    find_erased,
    held_among,
    request_removal_after_write,
    request_removal_before_write,
)
from lake.compaction.report import CompactionReport, LargestSession
from lake.compaction.session_writer import RewrittenSession, needed_payloads
from lake.compaction.table_commits import TableCommits, TableState
from lake.compaction.uploads import Uploads
from lake.erasure import requests
from lake.errors import Conflict, Damaged, FormatUnknown, StoreUnavailable
from lake.raw import pending_index, quarantine
from lake.raw.payload_spool import PayloadSpool, SegmentLost
from lake.raw.pending_index import PendingChunk
from lake.raw.quarantine import RejectedChunk
from lake.settings import Settings
from lake.storage.base import Store
from lake.storage.failures import reason_of
from lake.storage.scratch import scratch_folder
from lake.tables.compacted_sessions import CompactedSession, chunk_union, open_session_file
from lake.tables.session_rows import SessionKey

_TRIES_MAX = 20  # without success, under continuous conflicts
# Errors that concern all sessions of a batch. Any other error concerns one session.
_SHARED_ERRORS = (Conflict, MemoryError, OSError, SegmentLost, StoreUnavailable)


class Compactor:
    """Compacts slices of one day and counts in `report` what it did.

    Args:
        now_ms: The server's clock, ms since the Unix epoch.
        settled_only: Leave sessions that still receive chunks, until `compact_wait_s` is over.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        report: CompactionReport,
        *,
        now_ms: int,
        settled_only: bool,
    ) -> None:
        self._store = store
        self._settings = settings
        self._report = report
        self._now_ms = now_ms
        self._settled_only = settled_only
        self._commits = TableCommits(store)
        self._failed: dict[SessionKey, str] = {}
        self._dropped: set[SessionKey] = set()

    def run(self, chunks: ChunkSlice) -> set[SessionKey]:
        """Compact some sessions; start over as long as another writer was faster.

        Returns those that need none of their chunks in segments any more.

        Raises:
            Conflict, StoreUnavailable.
        """
        for key, got in list(chunks.items()):
            if isinstance(got, Damaged):
                self.quarantine_segment(key, got)
                del chunks[key]
        conflicts = 0
        while True:
            try:
                return self._compact(chunks)
            except Conflict:
                self._report.conflict_count += 1
                conflicts += 1
                if conflicts == _TRIES_MAX:
                    raise
                time.sleep(0.02 * conflicts)
            except SegmentLost as lost:
                # Without damage, another compactor deleted it: the next try sees its rows.
                if lost.damage is not None:
                    self.quarantine_segment(lost.key, lost.damage)
                del chunks[lost.key]

    def quarantine_segment(self, key: str, damage: Damaged) -> None:
        """Move a segment that cannot be read to quarantine; leave one of a newer format."""
        if quarantine.quarantine_segment(self._store, key):
            self._report.quarantined_segment_count += 1
            self._report.failed[key] = (
                f"{damage}; it is in quarantine now, and none of its chunks is shown: "
                "`replaylake repair` brings back what can be read"
            )
        elif isinstance(damage, FormatUnknown):
            self._report.failed[key] = f"{damage}; it stays where it is"

    def is_maybe_due(self, pending: PendingStats) -> bool:
        """Whether a session may be due. Whether it is depends on which chunks its file holds."""
        times = {"oldest_us": pending.oldest_us, "latest_us": pending.latest_us}
        return not self._settled_only or self._now_ms >= due_at_ms(self._settings, **times)

    def delete(
        self,
        owners: Mapping[str, Mapping[SessionKey, int]],
        finished: set[SessionKey],
        expired: set[SessionKey],
    ) -> None:
        """Delete the segments of which every chunk is in its session's file, expired or erased.

        A session that a legal hold keeps by now stays, though it was expired or erased before.
        """
        finished = finished - held_among(self._store, expired | self._dropped)
        whole = [segment for segment, counts in owners.items() if counts.keys() <= finished]
        deleted = Counter[SessionKey]()
        for segment in whole:
            deleted.update(owners[segment])
        self._report.expired_count += sum(deleted[key] for key in deleted.keys() & expired)
        self._store.delete(whole[:1])
        failpoints.failpoint("compact-mid-delete")
        self._store.delete(whole[1:])
        self._report.segment_count += len(whole)
        erased_keys = deleted.keys() & self._dropped
        self._report.erased_count += sum(deleted[key] for key in erased_keys)
        requests.add_dropped_chunks(self._store, {key: deleted[key] for key in erased_keys})

    def _compact(self, chunks: ChunkSlice) -> set[SessionKey]:
        by_session = pending_index.group_by_session(
            chunk for got in chunks.values() if not isinstance(got, Damaged) for chunk in got
        )
        finished: set[SessionKey] = set()
        payload_bytes_max = self._settings.compact_spool_bytes_max
        work = deque(session_batches(by_session, payload_bytes_max))
        while work:
            batch = work.popleft()
            tables = self._commits.read(batch)
            dropped = self._drop_erased(batch, tables)
            finished |= dropped
            for key in dropped:
                del batch[key]
                tables.compacted.pop(key, None)
            if self._finish_derived_rows(tables):
                work.appendleft(batch)  # the snapshots are stale now
            elif batch:
                finished |= self._compact_batch(batch, tables)
        return finished

    def _drop_erased(self, batch: Batch, tables: TableState) -> set[SessionKey]:
        """Return the erased sessions of a batch, of which nothing is written."""
        erased = find_erased(self._store, batch, tables.compacted)
        for key, why in erased.unreadable.items():
            self._fail(key, why)
        request_removal_before_write(self._store, erased, now_ms=self._now_ms)
        self._dropped |= erased.removable
        return erased.removable

    def _finish_derived_rows(self, tables: TableState) -> bool:
        """Commit the derived rows that another writer left out or is about to commit.

        Those very rows, so that it cannot commit them later, over newer ones. Returns whether
        there were any.
        """
        results = []
        for key, session in tables.compacted.items():
            if session.damage:
                self._fail(key, session.damage)
            if session.has_derived_rows or key in self._failed:
                continue
            row = session.row
            try:
                file = open_session_file(self._store, row)
                results.append(
                    session_writer.rows_from_file(
                        file, size_bytes=row["file_bytes"], sha256=row["file_sha256"]
                    )
                )
            except _SHARED_ERRORS:
                raise
            except Exception as error:  # noqa: BLE001 - other sessions must not wait for this one
                self._fail(key, reason_of(error))
        if results:
            self._commits.commit_derived(results, tables)
        return bool(results)

    def _compact_batch(self, batch: Batch, tables: TableState) -> set[SessionKey]:
        """Write the sessions that are due; return those that need no segment any more."""
        due: Batch = {}
        payloads: list[PendingChunk] = []
        for key, chunks in batch.items():
            if key not in self._failed:
                union = chunk_union(tables.compacted.get(key), chunks)
                if not self._settled_only or is_due(self._settings, union, chunks, self._now_ms):
                    due[key] = chunks
                    payloads += needed_payloads(union, chunks)
        rejected: list[RejectedChunk] = []
        with (
            scratch_folder() as folder,
            PayloadSpool(self._store, payloads, folder / "spool") as spool,
        ):
            results: list[RewrittenSession] = []
            with Uploads(self._store) as uploads:
                for key in due:
                    result = self._rewrite(folder, key, due[key], tables, spool, rejected)
                    if result is not None:
                        assert result.written is not None
                        uploads.send(result.written)
                        results.append(result._replace(written=None))  # frees its header
            failpoints.failpoint("compact-after-session-file")
            if results:
                self._commit(results, tables)
            # After the commits: a forged chunk must not delay the other sessions.
            self._report.quarantined_count += quarantine.quarantine_chunks(
                self._store, self._report.day, rejected, spool.payload_of
            )
        self._remove_erased_meanwhile(batch, tables, results, rejected)
        return due.keys() - self._failed.keys()

    def _rewrite(
        self,
        folder: Path,
        key: SessionKey,
        chunks: list[PendingChunk],
        tables: TableState,
        spool: PayloadSpool,
        rejected: list[RejectedChunk],
    ) -> RewrittenSession | None:
        """Write a session's file and make its rows; None if it is up to date or failed."""
        try:
            return session_writer.write_readable(
                self._store,
                self._settings,
                folder,
                key,
                tables.compacted.get(key),
                chunks,
                spool.payload_of,
                rejected,
            )
        except _SHARED_ERRORS:
            raise
        except Exception as error:  # noqa: BLE001 - other sessions must not wait for this one
            self._fail(key, reason_of(error))
            return None

    def _commit(self, results: list[RewrittenSession], tables: TableState) -> None:
        self._commits.commit_sessions(results, tables)
        for result in results:
            self._count(result)
        self._commits.commit_derived(results, tables)
        failpoints.failpoint("compact-after-derived-commits")

    def _remove_erased_meanwhile(
        self,
        batch: Batch,
        tables: TableState,
        results: list[RewrittenSession],
        rejected: list[RejectedChunk],
    ) -> None:
        """Request the removal of sessions that were erased while this batch held them."""
        written = {result.key for result in results}
        written |= {
            (chunk.received_chunk.website_id, chunk.received_chunk.session_id) for chunk in rejected
        }
        if not written:
            return
        new_rows = {
            result.key: CompactedSession(result.row, b"[]", has_derived_rows=True)
            for result in results
        }
        erased = find_erased(
            self._store, {key: batch[key] for key in written}, tables.compacted | new_rows
        )
        for key, why in erased.unreadable.items():
            self._fail(key, why)
        request_removal_after_write(self._store, erased, now_ms=self._now_ms)

    def _fail(self, key: SessionKey, why: str) -> None:
        """Leave a session as it is; its chunks stay in their segments, where readers see them."""
        self._failed[key] = why
        self._report.failed["/".join(key)] = why

    def _count(self, result: RewrittenSession) -> None:
        report, row = self._report, result.row
        report.session_count += 1
        report.chunk_count += result.chunk_count
        report.received_bytes += result.received_bytes
        report.written_bytes += row["file_bytes"]
        report.raw_bytes += row["raw_bytes"]
        report.add_largest(LargestSession(row["file_bytes"], row["event_count"], *result.key))
