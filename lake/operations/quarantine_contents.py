"""Objects in quarantine: listed, totalled, and removed by an operator."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import islice
from typing import Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from lake.control import audit_entries, legal_holds
from lake.errors import BadInput, Damaged, ObjectMissing, OnLegalHold
from lake.raw import segment_file, segment_index
from lake.raw.quarantine import POSITION_TAKEN
from lake.raw.segment_file import ReceivedChunk
from lake.storage import keys
from lake.storage.base import ObjectInfo, Store
from lake.tables.session_rows import SessionKey

_READERS = 8

Kind = Literal["conflict", "damaged-chunks", "damaged-segment", "object"]


class QuarantinedObject(NamedTuple):
    """One object in quarantine. `sessions` and `chunk_count` are None if unknown.

    Kinds: `conflict`, chunks whose place had other bytes; `damaged-chunks`; `damaged-segment`, a
    whole one, of which `replaylake repair` brings back what can be read; `object`, anything else
    that a repair moved. `counted_only`: chunks of which only the row was kept.
    """

    key: str
    size_bytes: int
    kind: Kind
    reason: str
    sessions: frozenset[SessionKey] | None
    chunk_count: int | None
    counted_only: int = 0

    @property
    def day(self) -> date | None:
        """The day of its sessions, if the key contains it."""
        if parsed := keys.parse_segment_key(self.key):
            return parsed[0]
        file = keys.parse_quarantined_file_key(self.key)
        return file.day if file else None

    @property
    def affected(self) -> str:
        """The numbers of chunks and sessions, in words."""
        chunks = _count(self.chunk_count, "chunk")
        sessions = _count(None if self.sessions is None else len(self.sessions), "session")
        return f"{chunks} of {sessions}"


@dataclass(kw_only=True)
class QuarantineTotals:
    """Totals of some objects. `unknown_count` counts objects whose chunks are unknown."""

    object_count: int = 0
    size_bytes: int = 0
    chunk_count: int = 0
    conflict_count: int = 0
    unknown_count: int = 0
    sessions: set[SessionKey] = field(default_factory=set)

    def add(self, quarantined: QuarantinedObject) -> None:
        """Count one object."""
        self.object_count += 1
        self.size_bytes += quarantined.size_bytes
        self.chunk_count += quarantined.chunk_count or 0
        self.conflict_count += (
            (quarantined.chunk_count or 0) if quarantined.kind == "conflict" else 0
        )
        self.unknown_count += quarantined.chunk_count is None
        self.sessions |= quarantined.sessions or set()

    @property
    def has_loss(self) -> bool:
        """Whether acknowledged chunks are missing in their sessions; a conflict loses none."""
        return self.unknown_count > 0 or self.chunk_count > self.conflict_count


def contents(
    store: Store, day: date | None = None, *, objects_max: int | None = None
) -> Iterator[QuarantinedObject]:
    """Yield the objects in quarantine, of one day or all, in key order.

    Raises:
        StoreUnavailable.
    """
    prefix = keys.QUARANTINE if day is None else keys.quarantine_prefix(day)
    listed = (item for item in store.list(prefix) if not keys.is_quarantine_reason(item.key))
    items = islice(listed, objects_max)
    with ThreadPoolExecutor(_READERS) as pool:
        while batch := list(islice(items, _READERS * 4)):
            for quarantined in pool.map(partial(_read, store), batch):
                if quarantined is not None:
                    yield quarantined


def totals(
    store: Store, day: date | None = None, *, objects_max: int | None = None
) -> QuarantineTotals:
    """Return totals of the objects in quarantine.

    Raises:
        StoreUnavailable.
    """
    sums = QuarantineTotals()
    for quarantined in contents(store, day, objects_max=objects_max):
        sums.add(quarantined)
    return sums


def remove(store: Store, wanted: Iterable[str], *, by: str, now_ms: int) -> Iterator[str]:
    """Delete objects from quarantine, each after an audit entry; yield their keys.

    Raises:
        BadInput: No object has this key; those before it are deleted.
        OnLegalHold: A legal hold keeps one of its sessions; those before it are deleted.
        Damaged, StoreUnavailable.
    """
    for key in wanted:
        item = next(iter(store.list(key)), None) if key.startswith(keys.QUARANTINE) else None
        quarantined = _read(store, item) if item is not None and item.key == key else None
        if quarantined is None:
            raise BadInput(f"nothing in quarantine has the key {key[:200]!r}")
        for website_id, session_id in sorted(quarantined.sessions or ()):
            if legal_holds.read(store, website_id).holds(session_id):
                raise OnLegalHold(
                    f"{key} has chunks of session {session_id}, which a legal hold keeps"
                )
        details = {"kind": quarantined.kind, "chunks": quarantined.chunk_count}
        websites = sorted({website_id for website_id, _ in quarantined.sessions or ()})
        audit_entries.write(
            store,
            [
                audit_entries.entry(
                    website_id, by, "quarantine-removed", key, details, now_ms=now_ms
                )
                for website_id in websites or [audit_entries.ALL_WEBSITES]
            ],
        )
        store.delete([keys.quarantine_reason_key(key), key])
        yield key


def _read(store: Store, item: ObjectInfo) -> QuarantinedObject | None:
    """Read one object; None if it was removed meanwhile."""
    if file := keys.parse_quarantined_file_key(item.key):
        sessions = frozenset({(file.website_id, file.session_id)})
        reason = _reason_beside(store, item.key)
        return QuarantinedObject(item.key, item.size_bytes, "object", reason, sessions, None)
    if not keys.parse_segment_key(item.key):
        reason = _reason_beside(store, item.key)
        return QuarantinedObject(item.key, item.size_bytes, "object", reason, None, None)
    try:
        received_chunks, why = segment_index.read_index_and_reason(store, item.key, item.size_bytes)
        if why is not None:
            kind: Kind = "conflict" if why == POSITION_TAKEN else "damaged-chunks"
            only = sum(not received_chunk.payload_bytes for received_chunk in received_chunks)
            return _of_chunks(item, kind, why, received_chunks, only)
    except ObjectMissing:
        return None
    except Damaged:
        pass
    return _whole_segment(store, item)


def _whole_segment(store: Store, item: ObjectInfo) -> QuarantinedObject | None:
    try:
        body = store.get(item.key)
    except ObjectMissing:
        return None
    reason = "a payload is damaged"
    try:
        return _of_chunks(
            item, "damaged-segment", reason, segment_file.decode(body, verify_pages=False)
        )
    except Damaged as error:
        reason = str(error)
    try:
        rows: int | None = pq.read_metadata(pa.BufferReader(body)).num_rows
    except (pa.ArrowException, OSError, ValueError):
        rows = None
    return QuarantinedObject(item.key, item.size_bytes, "damaged-segment", reason, None, rows)


def _of_chunks(
    item: ObjectInfo,
    kind: Kind,
    reason: str,
    received_chunks: list[ReceivedChunk],
    counted_only: int = 0,
) -> QuarantinedObject:
    sessions = frozenset(
        (received_chunk.website_id, received_chunk.session_id) for received_chunk in received_chunks
    )
    return QuarantinedObject(
        item.key, item.size_bytes, kind, reason, sessions, len(received_chunks), counted_only
    )


def _reason_beside(store: Store, key: str) -> str:
    try:
        return store.get(keys.quarantine_reason_key(key)).decode(errors="replace").strip()
    except ObjectMissing:
        return "no reason is told"


def _count(count: int | None, what: str) -> str:
    if count is None:
        return f"an unknown number of {what}s"
    return f"{count:,} {what}{'' if count == 1 else 's'}"
