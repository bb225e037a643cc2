"""Days of recorded sessions, pending compaction in segments."""

from collections.abc import Iterable, Iterator

from benchmarks.recorded import Session
from lake import ids
from lake.raw import segment_writer
from lake.raw.segment_file import ReceivedChunk
from lake.storage.base import Store

BEGAN_MS = 1_794_960_000_000  # 2026-11-18T00:00:00Z
DAY = ids.day_of(ids.uuid7(BEGAN_MS, 0))
NOW_MS = BEGAN_MS + 86_400_000
_SEGMENT_CHUNKS = 100  # as at a busy ingest


def sessions(count: int, *, noted: bool = True) -> list[Session]:
    """Sessions that begin evenly over the day."""
    return [Session(i, BEGAN_MS + i * 80_000_000 // count, noted=noted) for i in range(count)]


def big_session(raw_bytes: int) -> Session:
    """One session of at least so many bytes: an hour, a day, whatever it takes."""
    hour = Session(0, BEGAN_MS, duration_ms=3_600_000, noted=True)
    hour_bytes = sum(len(chunk.raw) for chunk in hour.chunks)
    return Session(0, BEGAN_MS, duration_ms=3_600_000 * raw_bytes // hour_bytes, noted=True)


def append_all(store: Store, made: Iterable[Session]) -> tuple[int, int]:
    """Append the sessions' chunks, about as an ingest would mix them; return (raw, gz) bytes."""
    raw_bytes = gz_bytes = 0
    for batch in _batches(_mixed(made)):
        segment_writer.append(store, batch, now_ms=batch[-1].received_at // 1000)
        raw_bytes += sum(received_chunk.facts.raw_bytes for received_chunk in batch)
        gz_bytes += sum(received_chunk.payload_bytes for received_chunk in batch)
    return raw_bytes, gz_bytes


def _mixed(made: Iterable[Session]) -> Iterator[ReceivedChunk]:
    """Ten sessions at a time take turns."""
    upcoming = iter(made)
    going: list[Iterator[ReceivedChunk]] = []
    while True:
        while len(going) < 10 and (session := next(upcoming, None)) is not None:
            going.append(session.received_chunks())
        if not going:
            return
        for received_chunks in list(going):
            if (received_chunk := next(received_chunks, None)) is None:
                going.remove(received_chunks)
            else:
                yield received_chunk


def _batches(received_chunks: Iterator[ReceivedChunk]) -> Iterator[list[ReceivedChunk]]:
    batch: list[ReceivedChunk] = []
    for received_chunk in received_chunks:
        batch.append(received_chunk)
        if len(batch) == _SEGMENT_CHUNKS:
            yield batch
            batch = []
    if batch:
        yield batch
