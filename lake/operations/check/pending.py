"""Checks of segments (readable, in their day's folder, nothing erased) and of the quarantine."""

from collections.abc import Iterator
from datetime import date

from lake import ids
from lake.erasure.lookup import people_in_file
from lake.errors import Damaged, ObjectMissing
from lake.operations.check.deleted_data import DeletedData
from lake.operations.check.finding import CheckFinding
from lake.operations.quarantine_contents import contents
from lake.raw import segment_file, segment_index
from lake.raw.segment_file import ReceivedChunk
from lake.sessions import merge
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.tables.session_rows import SessionKey


class PendingSegments:
    """The segments of a day: `sessions` with pending chunks, and findings in `broken`."""

    def __init__(self, store: Store, settings: Settings, deleted: DeletedData, day: date) -> None:
        self.sessions: set[SessionKey] = set()
        self.broken: list[CheckFinding] = []
        for item in store.list(keys.raw_prefix(day)):
            if not keys.parse_segment_key(item.key):
                self._add("foreign-object", item.key, "no segment has this name", day)
                continue
            try:
                received_chunks = segment_file.decode(store.get(item.key))
            except ObjectMissing:
                continue
            except Damaged as error:
                self._add("segment-damaged", item.key, str(error), day)
                continue
            for received_chunk in received_chunks:
                self.sessions.add((received_chunk.website_id, received_chunk.session_id))
                if not ids.is_uuid7(received_chunk.session_id):
                    detail = f"holds session {received_chunk.session_id[:64]}, whose id has no day"
                    self._add("segment-misplaced", item.key, detail, day)
                elif ids.day_of(received_chunk.session_id) != day:
                    detail = f"holds session {received_chunk.session_id} of another day"
                    self._add("segment-misplaced", item.key, detail, day)
                try:
                    merge.decode_chunk_events(received_chunk, received_chunk.payload, settings)
                except Damaged as error:
                    self._add("chunk-damaged", item.key, str(error), day)
            self.broken += _deleted_chunks(deleted, item.key, received_chunks)

    def _add(self, kind: str, key: str, detail: str, day: date) -> None:
        self.broken.append(CheckFinding(kind, key, detail, day=day))


def quarantine_findings(store: Store) -> Iterator[CheckFinding]:
    """Yield a finding for each object in quarantine: readers see nothing of it."""
    for content in contents(store):
        detail = f"{content.affected}: {content.reason}"
        if content.counted_only:
            detail += f"; of {content.counted_only:,} only the number is kept"
        if content.kind == "damaged-segment":
            kind = "quarantined-segment"
            detail += "; `replaylake repair` brings back what can be read"
        else:
            kind = "quarantined-object" if content.kind == "object" else "quarantined-chunks"
            detail += "; look at it, then `replaylake quarantine remove KEY`"
        sessions = None if content.sessions is None else len(content.sessions)
        yield CheckFinding(
            kind,
            content.key,
            detail,
            day=content.day,
            sessions=sessions,
            chunks=content.chunk_count,
        )


def deleted_in_quarantine(store: Store, deleted: DeletedData) -> Iterator[CheckFinding]:
    """Yield quarantined data of sessions that should be deleted by now."""
    for item in store.list(keys.QUARANTINE):
        if parsed := keys.parse_quarantined_file_key(item.key):
            key = (parsed.website_id, parsed.session_id)
            if why := deleted.reason_deleted(*key, **people_in_file(store, item.key)._asdict()):
                yield CheckFinding(why[0], item.key, why[1], key, parsed.day)
            continue
        if not keys.parse_segment_key(item.key):
            continue
        try:
            yield from _deleted_chunks(
                deleted, item.key, segment_index.read_index(store, item.key, item.size_bytes)
            )
        except (Damaged, ObjectMissing):
            continue


def _deleted_chunks(
    deleted: DeletedData, where: str, received_chunks: list[ReceivedChunk]
) -> Iterator[CheckFinding]:
    named = set()
    for received_chunk in received_chunks:
        key = (received_chunk.website_id, received_chunk.session_id)
        if not ids.is_uuid7(key[1]):
            continue
        visitors, users = (received_chunk.client.visitor_id,), received_chunk.facts.users
        why = deleted.reason_deleted(*key, visitors=visitors, users=users)
        if why and key not in named:
            named.add(key)
            yield CheckFinding(why[0], where, why[1], key, ids.day_of(key[1]))
