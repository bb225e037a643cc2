"""Some segments are brought into the lake: files, then rows, and only then are they deleted.

The order forgives a crash anywhere. First the session files, whose names come from their bytes;
then the rows of `sessions`, which is the moment at which readers see them; then those of the
other tables; then the segments go. Snapshots are taken in the opposite order, so that a writer
who was overtaken between two of its commits is refused and begins again, and what it left undone
is still told by the segments, which outlive all commits. Whoever finds a session whose other
tables are behind finishes it as its writer would have, before anything else: a writer without
rows in a table touches nothing there, and could not refuse a slower one. Every step may run twice.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from lake import failpoints
from lake.compaction import session_writer as rewriting
from lake.compaction.batches import ChunkSlice, PendingStats
from lake.compaction.due import due_at_ms
from lake.compaction.session_writer import RewrittenSession
from lake.control import legal_holds, tombstones, websites
from lake.control.legal_holds import Holds
from lake.control.tombstones import Tombstones
from lake.erasure import requests
from lake.errors import Conflict, Damaged, FormatUnknown, StoreUnavailable, WebsiteMissing
from lake.raw import pending_index, quarantine
from lake.raw.payload_spool import PayloadSpool, SegmentLost
from lake.raw.pending_index import PendingChunk
from lake.raw.quarantine import RejectedChunk
from lake.raw.segment_file import SegmentRow
from lake.sessions import merge
from lake.sessions.merge import ChunkDamaged, ChunkUnion
from lake.settings import Settings
from lake.storage.base import Store
from lake.storage.failures import reason_of
from lake.storage.scratch import scratch_folder
from lake.tables import session_rows
from lake.tables.compacted_sessions import (
    CompactedSession,
    open_session_file,
    read_compacted_sessions,
)
from lake.tables.delta_table import Snapshot, Table
from lake.tables.partitions import hot_part
from lake.tables.row_builders import users_of, visitors_of
from lake.tables.schemas import DERIVED
from lake.tables.session_rows import SessionKey

if TYPE_CHECKING:
    from lake.compaction.day import CompactionReport

_TRIES_MAX = 20  # without success, under continuous conflicts
_UPLOADS = 4  # session files on their way to the store
_SESSIONS_MAX = 2_000  # rows of one commit: bounds memory
_COMMON = (Conflict, MemoryError, OSError, SegmentLost, StoreUnavailable)  # no session's own


class Compactor:
    """Compacts slices of one day and adds up in `done` what it did."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        done: "CompactionReport",
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
        self._expired: dict[str, Holds | None] = {}
        self._failed: dict[SessionKey, str] = {}
        self._dropped: set[SessionKey] = set()

    def run(self, part: ChunkSlice) -> set[SessionKey]:
        """Compact some sessions; begin again for as long as somebody else was faster.

        Returns those that need none of their chunks in segments any more.

        Raises:
            Conflict, StoreUnavailable.
        """
        for key, got in list(part.items()):
            if isinstance(got, Damaged):
                self.put_aside(key, got)
                del part[key]
        conflicts = 0
        while True:
            try:
                return self._compact(part)
            except Conflict:
                self._done.conflict_count += 1
                conflicts += 1
                if conflicts == _TRIES_MAX:
                    raise
                time.sleep(0.02 * conflicts)
            except SegmentLost as lost:
                # Else it went by another compactor, whose rows are then seen.
                if lost.damage is not None:
                    self.put_aside(lost.key, lost.damage)
                del part[lost.key]

    def put_aside(self, key: str, damage: Damaged) -> None:
        """Move a segment that cannot be read out of the way; leave one of a newer format."""
        if quarantine.quarantine_segment(self._store, key):
            self._done.quarantined_segment_count += 1
            self._done.failed[key] = (
                f"{damage}; it is in quarantine now, and none of its chunks is shown: "
                "`replaylake repair` brings back what can be read"
            )
        elif isinstance(damage, FormatUnknown):
            self._done.failed[key] = f"{damage}; it stays where it is"

    def is_maybe_due(self, seen: PendingStats) -> bool:
        """Whether a session is worth looking at: what waits of it may be in its file already."""
        times = {"oldest_us": seen.oldest_us, "latest_us": seen.latest_us}
        return not self._settled_only or self._now_ms >= due_at_ms(self._settings, **times)

    def delete(
        self,
        owners: Mapping[str, Mapping[SessionKey, int]],
        finished: set[SessionKey],
        expired: set[SessionKey],
    ) -> None:
        """Delete the segments of which every chunk is in its session, expired or erased.

        What a legal hold keeps by now stays, though it was expired or erased a moment ago.
        """
        finished = finished - self._held(expired | self._dropped)
        whole = [segment for segment, counts in owners.items() if counts.keys() <= finished]
        gone = Counter[SessionKey]()
        for segment in whole:
            gone.update(owners[segment])
        self._done.expired_count += sum(gone[key] for key in gone.keys() & expired)
        self._store.delete(whole[:1])
        failpoints.failpoint("compact-mid-delete")
        self._store.delete(whole[1:])
        self._done.segment_count += len(whole)
        erased_keys = gone.keys() & self._dropped
        self._done.erased_count += sum(gone[key] for key in erased_keys)
        requests.add_dropped_chunks(self._store, {key: gone[key] for key in erased_keys})

    def _compact(self, part: ChunkSlice) -> set[SessionKey]:
        waiting = pending_index.group_by_session(
            item for got in part.values() if not isinstance(got, Damaged) for item in got
        )
        finished: set[SessionKey] = set()
        for batch in self._batches(waiting):
            finished |= self._compact_batch(batch)
        return finished

    def _batches(
        self, waiting: dict[SessionKey, list[PendingChunk]]
    ) -> Iterator[dict[SessionKey, list[PendingChunk]]]:
        """Yield sessions in order of their start, so that a batch touches few hours."""
        batch: dict[SessionKey, list[PendingChunk]] = {}
        size = 0
        for key in sorted(waiting, key=lambda key: key[::-1]):
            batch[key] = waiting[key]
            size += sum(item.received_chunk.payload_bytes for item in waiting[key])
            if len(batch) >= _SESSIONS_MAX or size >= self._settings.compact_spool_bytes_max:
                yield batch
                batch, size = {}, 0
        if batch:
            yield batch

    def _compact_batch(self, batch: dict[SessionKey, list[PendingChunk]]) -> set[SessionKey]:
        """Bring sessions up to date that are due; return those that need no segment any more."""
        derived = {name: self._tables[name].snapshot() for name in DERIVED}
        sessions = self._tables["sessions"].snapshot()
        known = read_compacted_sessions(self._store, sessions, derived["session_files"], batch)
        dropped = self._erased(batch, known)
        if dropped:
            rest = {key: waiting for key, waiting in batch.items() if key not in dropped}
            return dropped | (self._compact_batch(rest) if rest else set())
        for key, old in known.items():
            if old.damage:
                self._fail(key, old.damage)
        if self._finish(known, derived):
            return self._compact_batch(batch)
        due: dict[SessionKey, list[PendingChunk]] = {}
        payloads: list[PendingChunk] = []
        for key in batch:
            if key in self._failed:
                continue
            union = _united(known.get(key), batch[key])
            if self._is_due(batch[key], union):
                due[key] = batch[key]
                known_chunks = {facts.place: facts for facts in union.chunks}
                new = {received_chunk.facts.place for received_chunk in union.new}
                payloads += [
                    item
                    for item in batch[key]
                    # Of a new chunk that came twice, the second is wanted if the first is damaged.
                    if (place := item.received_chunk.facts.place) in new
                    or place not in known_chunks
                    or not merge.has_same_content(known_chunks[place], item.received_chunk.facts)
                ]
        results: list[RewrittenSession] = []
        refused: list[RejectedChunk] = []
        with scratch_folder() as folder:
            path = folder / "spool"
            with PayloadSpool(self._store, payloads, path) as spool:
                with ThreadPoolExecutor(_UPLOADS) as pool:
                    uploads: list[Future[None]] = []
                    for key, items in due.items():
                        result = self._rewrite(folder, key, known.get(key), items, spool, refused)
                        if result is None:
                            continue
                        assert result.written is not None
                        uploads.append(
                            pool.submit(rewriting.upload_session_file, self._store, result.written)
                        )
                        results.append(result._replace(written=None))  # lets its header go
                        if len(uploads) > _UPLOADS:
                            uploads.pop(0).result()  # bounds what lies in the folder
                    for upload in uploads:
                        upload.result()
                failpoints.failpoint("compact-after-session-file")
                if results:
                    self._commit(results, known, sessions, derived)
                # After the commits: no session waits for what another one's sender made up.
                self._done.quarantined_count += quarantine.quarantine_chunks(
                    self._store, self._done.day, refused, spool.payload_of
                )
        # What was erased while it was held in memory stands in the lake now, whatever an
        # erasure that goes on has looked at already.
        written = {result.key for result in results}
        written |= {
            (one.received_chunk.website_id, one.received_chunk.session_id) for one in refused
        }
        if written:
            rows = {r.key: CompactedSession(r.row, b"[]", has_derived_rows=True) for r in results}
            self._erased({key: batch[key] for key in written}, {**known, **rows}, is_written=True)
        return due.keys() - self._failed.keys()

    def _erased(
        self,
        batch: Mapping[SessionKey, list[PendingChunk]],
        known: Mapping[SessionKey, CompactedSession],
        *,
        is_written: bool = False,
    ) -> set[SessionKey]:
        """Return sessions that were erased. What the lake still has of them is erased once more.

        Those that a legal hold keeps are compacted, unseen, and wait for their erasure.
        """
        gone = tombstones.read_many(self._store, {website_id for website_id, _ in batch})
        hidden: set[SessionKey] = set()
        for key, waiting in batch.items():
            mine = gone.get(key[0])
            if isinstance(mine, Damaged):
                self._fail(key, str(mine))
            elif mine is not None and _is_hidden(mine, key, waiting, known.get(key)):
                hidden.add(key)
        held = self._held(hidden)
        for website_id in {website_id for website_id, _ in hidden}:
            mine = gone[website_id]
            assert not isinstance(mine, Damaged)
            sessions = {session_id for owner, session_id in hidden if owner == website_id}
            if is_written:  # a request that waits for a hold has not looked yet
                sessions -= {one for owner, one in held if owner == website_id} & mine.waiting
            elif sessions <= mine.waiting:
                continue
            if sessions:
                requests.create_request(
                    self._store,
                    website_id,
                    sorted(sessions),
                    {},
                    now_ms=self._now_ms,
                    by="compaction",
                )
        if not is_written:
            self._dropped |= hidden - held
        return hidden - held

    def _held(self, sessions: Iterable[SessionKey]) -> set[SessionKey]:
        """Return those of the sessions that a legal hold keeps now."""
        wanted = list(sessions)
        found: dict[str, Holds] = {}
        for website_id in {website_id for website_id, _ in wanted}:
            try:
                found[website_id] = legal_holds.read(self._store, website_id)
            except Damaged as error:
                found[website_id] = legal_holds.assume_all_held(website_id, error)
        return {key for key in wanted if found[key[0]].holds(key[1])}

    def _finish(
        self, known: dict[SessionKey, CompactedSession], derived: dict[str, Snapshot]
    ) -> bool:
        """Finish what another writer left undone or is still doing; return whether there was any.

        His very rows are committed, so that he cannot commit them later, over newer ones.
        """
        results = []
        for key, old in known.items():
            if old.has_derived_rows or key in self._failed:
                continue
            row = old.row
            try:
                file = open_session_file(self._store, row)
                results.append(
                    rewriting.rows_from_file(
                        file, size_bytes=row["file_bytes"], sha256=row["file_sha256"]
                    )
                )
            except _COMMON:
                raise
            except Exception as error:  # noqa: BLE001 - the others are somebody else's
                self._fail(key, reason_of(error))
        if results:
            self._commit_derived(results, _parts(results, known), derived)
        return bool(results)

    def _fail(self, key: SessionKey, why: str) -> None:
        """Leave a session as it is: its chunks go on waiting, where readers see them."""
        self._failed[key] = why
        self._done.failed["/".join(key)] = why

    def _is_due(self, items: list[PendingChunk], union: ChunkUnion) -> bool:
        """Whoever asks for all gets all; else a session is due once it is silent or waits long."""
        if not self._settled_only or not union.new:
            return True
        due_ms = due_at_ms(
            self._settings,
            oldest_us=min(received_chunk.received_at for received_chunk in union.new),
            latest_us=max(item.received_chunk.received_at for item in items),
        )
        return self._now_ms >= due_ms

    def is_expired(self, key: SessionKey) -> bool:
        """Whether a website no longer keeps the day, and no legal hold keeps the session."""
        website_id, session_id = key
        if website_id not in self._expired:
            held = None
            try:
                website = websites.get(self._store, website_id)
                first_day = websites.first_retained_day(
                    website, self._settings, now_ms=self._now_ms
                )
                if self._done.day < first_day:
                    held = legal_holds.read(self._store, website_id)
            except WebsiteMissing:
                pass
            except Damaged as error:
                self._done.failed[website_id] = str(error)  # what may be kept is kept
            self._expired[website_id] = held
        kept = self._expired[website_id]
        return kept is not None and not kept.holds(session_id)

    def _rewrite(
        self,
        folder: Path,
        key: SessionKey,
        known: CompactedSession | None,
        items: list[PendingChunk],
        spool: PayloadSpool,
        refused: list[RejectedChunk],
    ) -> RewrittenSession | None:
        """Write a session's file and make its rows. None: it is up to date, or cannot be.

        `refused` gets its chunks that go to quarantine.
        """
        damaged: set[SegmentRow | None] = set()
        while True:
            good = [item for item in items if (item.key, item.row) not in damaged]
            union = _united(known, good) if known or good else None
            if union is None or not union.new:
                result = None
                break
            try:
                result = rewriting.write_session(
                    self._store, self._settings, folder, key, known, union, spool.payload_of
                )
                break
            except ChunkDamaged as damage:
                refused.append(RejectedChunk(damage.received_chunk, str(damage)))
                damaged.add(damage.received_chunk.source)
            except _COMMON:
                raise
            except Exception as error:  # noqa: BLE001 - the others are somebody else's
                self._fail(key, reason_of(error))
                return None
        if union is not None:
            refused += [
                RejectedChunk(received_chunk, merge.rejection_reason(union, received_chunk))
                for received_chunk in union.rejected
            ]
        return result

    def _commit(
        self,
        results: list[RewrittenSession],
        known: dict[SessionKey, CompactedSession],
        sessions: Snapshot,
        derived: dict[str, Snapshot],
    ) -> None:
        parts = _parts(results, known)
        failpoints.failpoint("compact-before-sessions-commit")
        rows = [result.row for result in results]
        session_rows.replace(self._tables["sessions"], sessions, parts, rows)
        failpoints.failpoint("compact-after-sessions-commit")
        for result in results:
            self._count(result)
        self._commit_derived(results, parts, derived)
        failpoints.failpoint("compact-after-derived-commits")

    def _commit_derived(
        self,
        results: list[RewrittenSession],
        parts: dict[SessionKey, str],
        derived: dict[str, Snapshot],
    ) -> None:
        for name, snapshot in derived.items():
            rows = [row for result in results for row in result.tables[name]]
            session_rows.replace(self._tables[name], snapshot, parts, rows)

    def _count(self, result: RewrittenSession) -> None:
        done, row = self._done, result.row
        done.session_count += 1
        done.chunk_count += result.chunk_count
        done.received_bytes += result.received_bytes
        done.written_bytes += row["file_bytes"]
        done.raw_bytes += row["raw_bytes"]
        done.add_largest(*result.key, row["file_bytes"], row["event_count"])


def _is_hidden(
    gone: Tombstones,
    key: SessionKey,
    waiting: Iterable[PendingChunk],
    known: CompactedSession | None,
) -> bool:
    visitors = {item.received_chunk.client.visitor_id for item in waiting}
    users = {user_id for item in waiting for user_id in item.received_chunk.facts.users}
    if known is not None:
        visitors.update(visitors_of(known.row))
        users.update(users_of(known.row))
    return gone.is_erased(key[1], visitors=visitors, users=users)


def _united(known: CompactedSession | None, items: Iterable[PendingChunk]) -> ChunkUnion:
    return merge.unite_chunks(
        known.chunks if known else (),
        known.client if known else None,
        (item.received_chunk for item in items),
        known.visitor_ids if known else (),
    )


def _parts(
    results: Iterable[RewrittenSession], known: Mapping[SessionKey, CompactedSession]
) -> dict[SessionKey, str]:
    """Say where each session's rows go: where they lie, or into the hot part."""
    return {
        key: known[key].row["part"] if key in known else hot_part(key[1])
        for key in (result.key for result in results)
    }
