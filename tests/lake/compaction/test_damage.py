"""Bytes that are not what was written, in segments, session files, rows and chunks."""

import io
import random
import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lake.compaction import table_commits
from lake.errors import Damaged
from lake.raw import segment_file
from lake.raw.pending_index import PendingIndex
from lake.raw.segment_file import ReceivedChunk
from lake.sessions.session_file import SessionFile
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.tables import session_rows
from lake.tables.compacted_sessions import read_compacted_sessions
from tests.support import lakes


def flipped(body: bytes, at: int, bit: int = 0) -> bytes:
    return body[:at] + bytes([body[at] ^ 1 << bit]) + body[at + 1 :]


def place_of(received_chunk: ReceivedChunk) -> tuple[lakes.Key, lakes.Place]:
    return (received_chunk.website_id, received_chunk.session_id), received_chunk.facts.place


def file_at(store: Store, key: lakes.Key) -> str:
    (row,) = [
        row
        for row in lakes.rows(store, "sessions")
        if (row["website_id"], row["session_id"]) == key
    ]
    return lakes.file_key(row)


def other_parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), sink)
    return sink.getvalue()


def rewritten(change: Callable[[pa.Table], pa.Table]) -> bytes:
    """A segment with its right name and a wrong inside."""
    table = change(pq.read_table(pa.BufferReader(segment_file.encode(lakes.session(5)))))
    sink = io.BytesIO()
    pq.write_table(table, sink, write_page_checksum=True)
    return sink.getvalue()


def with_column(table: pa.Table, name: str, values: list[Any]) -> pa.Table:
    at = table.schema.get_field_index(name)
    array = pa.array(values * table.num_rows, table.schema.field(name).type)
    return table.set_column(at, name, array)


POISON = {
    "empty": b"",
    "garbage": b"PAR1 nothing of that kind",
    "zeros": bytes(5000),
    "cut short": segment_file.encode(lakes.session(5))[:-9],
    "another parquet": other_parquet(),
    "no metadata": rewritten(lambda table: table.replace_schema_metadata({})),
    "a column too few": rewritten(lambda table: table.drop_columns(["seq"])),
    "a column too many": rewritten(lambda table: table.append_column("x", [[1] * 3])),
    "another type": rewritten(
        lambda table: table.set_column(4, "seq", table["seq"].cast(pa.string()))
    ),
    "no session": rewritten(lambda table: with_column(table, "session_id", [None])),
    "no uuid": rewritten(lambda table: with_column(table, "session_id", ["../../etc/passwd"])),
    "a website that is a path": rewritten(lambda t: with_column(t, "website_id", ["../x"])),
    "a page that is none": rewritten(lambda table: with_column(table, "page_id", ["x"])),
    "no payload": rewritten(lambda table: with_column(table, "payload", [None])),
    "no views": rewritten(lambda table: with_column(table, "views", [None])),
    "half a view": rewritten(
        lambda t: with_column(t, "views", [[{"at_ms": 1, "url": None, "width": 1, "height": 1}]])
    ),
}


@pytest.mark.sample(8)
@pytest.mark.parametrize("name", POISON)
@pytest.mark.fault(41)
def test_a_damaged_segment_is_quarantined_and_others_compacted(
    settings: Settings, store: Store, name: str
) -> None:
    """Fault 41."""
    chunks = lakes.session()
    lakes.append(store, chunks[:1])
    poison = keys.segment_key(lakes.DAY, "00000000-poison")
    store.put(poison, POISON[name])
    lakes.append(store, chunks[1:])
    (done,) = lakes.compact(store, settings)

    assert list(done.failed) == [poison]
    assert list(store.list("raw/")) == []
    lakes.verify(store, chunks)
    (quarantined,) = store.list("quarantine/")
    assert store.get(quarantined.key) == POISON[name]


@pytest.mark.also_on_s3
def test_segment_of_a_newer_format_stays_in_raw(settings: Settings, store: Store) -> None:
    """During a deployment: quarantine would hide acknowledged chunks from the newer compactor."""
    chunks = lakes.session()
    lakes.append(store, chunks)
    newer = keys.segment_key(lakes.DAY, "00000000-newer")
    metadata = {"replaylake.segment": "4"}
    store.put(newer, rewritten(lambda table: table.replace_schema_metadata(metadata)))
    (done,) = lakes.compact(store, settings)

    assert list(done.failed) == [newer]
    assert [item.key for item in store.list("raw/")] == [newer]
    assert done.session_count == 1


@pytest.mark.also_on_s3
@pytest.mark.fault(12)
def test_a_bit_flip_quarantines_its_segment_only(store: Store, settings: Settings) -> None:
    """Fault 12."""
    hit, other = lakes.recorded(0, session_number=1), lakes.recorded(1, session_number=2)
    damaged, _ = lakes.append(store, hit[:5], hit[5:] + other)
    body = store.get(damaged)
    store.put(damaged, flipped(body, body.index(hit[2].payload) + 100))
    (done,) = lakes.compact(store, settings)

    assert list(done.failed) == [damaged]
    assert list(store.list("raw/")) == []
    lakes.verify(store, hit + other, lost=[place_of(received_chunk) for received_chunk in hit[:5]])
    lakes.append(store, hit[:5])  # as a recorder does that got no answer
    lakes.compact(store, settings)
    lakes.verify(store, hit + other)


@pytest.mark.fault(12, 41)
@pytest.mark.also_on_s3
def test_all_damaged_segments_of_a_slice_are_quarantined(settings: Settings, store: Store) -> None:
    """Fault 12: more than a compactor's tries under conflicts."""
    chunks = lakes.session(chunk_count=30)
    for key in lakes.append(store, *([received_chunk] for received_chunk in chunks)):
        body = store.get(key)
        store.put(key, flipped(body, 40))
    (done,) = lakes.compact(store, settings)

    assert len(done.failed) == 30
    assert list(store.list("raw/")) == []


@pytest.mark.fault(12)
@pytest.mark.folder  # a flipped bit is one on any store
@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.long)])
def test_every_bit_flip_of_a_segment_is_detected(store: Store, every: int) -> None:
    """Fault 12: a segment reads as it was written, or is damaged; nothing else."""
    chunks = lakes.session()
    body = segment_file.encode(chunks)
    key = keys.segment_key(lakes.DAY, "x")
    generator = random.Random(12)
    unnoticed = []
    for at in range(0, len(body), every):
        bit = generator.randrange(8)
        changed = flipped(body, at, bit)
        try:
            decoded = segment_file.decode(changed)
        except Damaged:
            pass
        else:
            if decoded != chunks:
                unnoticed.append((at, bit))
        if at % (100 * every) == 0:
            store.put(key, changed)
            PendingIndex(store).refresh()
    assert unnoticed == []


@pytest.mark.fault(12)
@pytest.mark.folder  # a flipped bit is one on any store
def test_every_bit_flip_of_a_session_file_is_detected(store: Store, settings: Settings) -> None:
    """Fault 12."""
    lakes.append(store, lakes.session(chunk_count=20))
    lakes.compact(store, settings)
    (row,) = lakes.rows(store, "sessions")
    key = lakes.file_key(row)
    body = store.get(key)
    good = (SessionFile(store, key).header, list(SessionFile(store, key).events()))
    generator = random.Random(12)
    unnoticed = []
    for at in range(len(body)):
        bit = generator.randrange(8)
        store.put("sessions/x", flipped(body, at, bit))
        try:
            file = SessionFile(store, "sessions/x")
            if (file.header, list(file.events())) != good:
                unnoticed.append((at, bit))
        except Damaged:
            pass
    assert unnoticed == []


def damage_body(store: Store, key: str) -> None:
    body = store.get(key)
    store.put(key, flipped(body, len(body) - 20))


def damage_header(store: Store, key: str) -> None:
    store.put(key, flipped(store.get(key), 40))


def cut_short(store: Store, key: str) -> None:
    store.put(key, store.get(key)[:-10])


def empty(store: Store, key: str) -> None:
    store.put(key, b"")


def remove(store: Store, key: str) -> None:
    store.delete([key])


def exchange(store: Store, key: str) -> None:
    (other,) = [item.key for item in store.list(keys.SESSIONS) if lakes.session_id(2) in item.key]
    store.put(key, store.get(other))


@pytest.mark.sample(6)
@pytest.mark.parametrize("damage", [damage_body, damage_header, cut_short, empty, remove, exchange])
@pytest.mark.parametrize("is_behind", [False, True])
@pytest.mark.fault(12)
@pytest.mark.also_on_s3
def test_a_damaged_session_file_stops_its_own_session_only(
    settings: Settings,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Store, str], None],
    is_behind: bool,
) -> None:
    """Fault 12, also where `session_files` is behind; the new chunks stay pending."""
    hit, other = lakes.session(1, chunk_count=4), lakes.session(2, chunk_count=4)
    lakes.append(store, other[:2])
    lakes.compact(store, settings)
    lakes.append(store, hit[:2])
    if is_behind:
        stop_before(monkeypatch, "session_files")
        with pytest.raises(RuntimeError):
            lakes.compact(store, settings)
        monkeypatch.undo()
    else:
        lakes.compact(store, settings)
    before = lakes.rows(store, "sessions")
    damage(store, file_at(store, (lakes.WEBSITE, lakes.session_id(1))))
    lakes.append(store, [*hit[2:], *other[2:3]], other[3:])
    (done,) = lakes.compact(store, settings)

    assert list(done.failed) == [f"{lakes.WEBSITE}/{lakes.session_id(1)}"]
    waiting = lakes.pending_chunks(store)[lakes.WEBSITE, lakes.session_id(1)]
    assert waiting >= {received_chunk.facts.place for received_chunk in hit[2:]}
    rows = lakes.rows(store, "sessions")
    assert [r for r in rows if r["session_id"] == lakes.session_id(1)] == [
        r for r in before if r["session_id"] == lakes.session_id(1)
    ]
    (row,) = [r for r in rows if r["session_id"] == lakes.session_id(2)]
    assert len(lakes.stored(store, row).events) == row["event_count"] == 6


def stop_before(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    replace = session_rows.replace

    def stop(table: Any, *rest: Any) -> None:
        if table.name == name:
            raise RuntimeError("killed")
        replace(table, *rest)

    monkeypatch.setattr(session_rows, "replace", stop)


@pytest.mark.parametrize(("column", "value"), [("file_bytes", 7), ("file_sha256", "0" * 64)])
@pytest.mark.fault(12)
def test_a_row_that_contradicts_its_file_fails_only_its_session(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch, column: str, value: object
) -> None:
    """Fault 12: a row is no more trusted than its file."""
    hit, other = lakes.session(1, chunk_count=2), lakes.session(2)
    lakes.append(store, hit[:1])
    lakes.compact(store, settings)

    def lying(*given: Any) -> Any:
        return {
            key: old._replace(row=old.row | {column: value})
            for key, old in read_compacted_sessions(*given).items()
        }

    monkeypatch.setattr(table_commits, "read_compacted_sessions", lying)
    lakes.append(store, hit[1:] + other)
    (done,) = lakes.compact(store, settings)

    assert list(done.failed) == [f"{lakes.WEBSITE}/{lakes.session_id(1)}"]
    assert done.session_count == 1
    lakes.verify(store, hit + other)


def wrong_checksum(received_chunk: ReceivedChunk) -> ReceivedChunk:
    """A chunk whose payload is not what its columns say."""
    other = lakes.chunk([lakes.click(5, other=True)])
    return received_chunk._replace(payload=other.payload, payload_bytes=len(other.payload))


@pytest.mark.fault(12)
@pytest.mark.also_on_s3
def test_a_damaged_chunk_is_quarantined_once_without_neighbours(
    settings: Settings, store: Store
) -> None:
    """Fault 12, within a readable segment. The client is then that of the first good chunk."""
    first = lakes.session(chunk_count=1, received_ms=lakes.NOW_MS)[0]
    second = lakes.chunk([lakes.click(9)], seq=1, visitor="second")
    lakes.append(store, [wrong_checksum(first), second])
    (done,) = lakes.compact(store, settings)

    assert (done.quarantined_count, done.session_count, done.segment_count) == (1, 1, 1)
    (row,) = lakes.rows(store, "sessions")
    assert row["visitor_id"] == "second"
    (quarantined,) = lakes.quarantined(store)
    assert re.search("checksum", quarantined["reason"])
    lakes.append(store, [first])
    lakes.compact(store, settings)
    lakes.verify(store, [first, second])
    assert lakes.rows(store, "sessions")[0]["visitor_id"] == first.client.visitor_id


@pytest.mark.fault(12, 25)
def test_of_a_duplicate_chunk_the_undamaged_copy_is_used(settings: Settings, store: Store) -> None:
    """Faults 12 and 25."""
    (chunk,) = lakes.session(chunk_count=1)
    lakes.append(store, [wrong_checksum(chunk)], [chunk])
    (done,) = lakes.compact(store, settings)

    assert (done.quarantined_count, done.session_count, done.segment_count) == (1, 1, 2)
    lakes.verify(store, [chunk])


def test_a_session_with_only_a_damaged_chunk_gets_no_row(settings: Settings, store: Store) -> None:
    (chunk,) = lakes.session(chunk_count=1)
    lakes.append(store, [wrong_checksum(chunk)])
    (done,) = lakes.compact(store, settings)

    assert (done.quarantined_count, done.session_count, done.segment_count) == (1, 0, 1)
    assert lakes.rows(store, "sessions") == []
    assert len(lakes.quarantined(store)) == 1


@pytest.mark.also_on_s3
@pytest.mark.fault(26)
def test_second_chunk_in_one_place_is_quarantined_once(store: Store, settings: Settings) -> None:
    """Fault 26: counted once although runs repeat, also when the session has a file."""
    first = lakes.session(chunk_count=2, received_ms=lakes.NOW_MS)
    other = lakes.chunk([lakes.click(1, other=True)], seq=1, received_ms=lakes.NOW_MS)
    # A session that goes on keeps the segments, so that the next run meets the chunk again.
    live = lakes.session(5, received_ms=lakes.NOW_MS + 100_000)
    lakes.append(store, first, [other, *live])
    now_ms = lakes.NOW_MS + 100_000
    counts = [
        done.quarantined_count
        for _ in range(3)
        for done in lakes.compact(store, settings, now_ms=now_ms, settled_only=True)
    ]

    assert counts == [1, 0, 0]
    lakes.verify(store, [*first, other, *live])
    lakes.compact(store, settings)
    (quarantined,) = lakes.quarantined(store)
    assert quarantined["payload"] == other.payload
    assert "first" in quarantined["reason"]
    third = lakes.chunk([lakes.click(1, third=True)], seq=1)
    lakes.append(store, [third])
    (done,) = lakes.compact(store, settings)
    assert (done.quarantined_count, done.session_count) == (1, 0)
    lakes.verify(store, [*first, other, third, *live])


@pytest.mark.also_on_s3
def test_a_damaged_website_document_does_not_stop_compaction(
    settings: Settings, store: Store
) -> None:
    chunks = lakes.session()
    store.put(keys.website_key(lakes.WEBSITE), b"{")
    lakes.append(store, chunks)
    (done,) = lakes.compact(store, settings)

    assert list(done.failed) == [lakes.WEBSITE]
    lakes.verify(store, chunks)
