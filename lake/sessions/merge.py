"""Merge chunks into one ordered stream of events, each chunk once, in bounded memory.

Order of replay: event timestamp, then page, seq and place in the chunk. The session's file is one
sorted run; new chunks are sorted in memory, and beyond a limit in temporary files; the merge of
the runs is the session. Nothing is written to the lake here.
"""

import heapq
import struct
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from isal import isal_zlib

from lake.errors import BadInput, Damaged
from lake.raw.chunk_codec import ChunkEvent, inflate, split_events
from lake.raw.chunk_facts import ChunkFacts, Client
from lake.raw.quarantine import POSITION_TAKEN
from lake.raw.segment_file import ReceivedChunk
from lake.raw.view_budget import Place, ViewBudget, cut_views
from lake.sessions.session_file import OrderedEvent
from lake.settings import Settings

_RECORD = struct.Struct("<dIbI")
_EVENT_BYTES = 200  # of an event in memory beside its JSON
PEOPLE_MAX = 1000  # users, and visitors, of one session: readers hold their ids in memory
_REPLAY_ORDER = itemgetter(0, 1)  # at_ms, chunk; sorts are stable


class ChunkUnion(NamedTuple):
    """The chunks of a session.

    `chunks` are in order of (page, seq), with their views within the session's budget (see
    `lake.raw.view_budget`); `new` are those that are not in its file. `rejected` have the place
    (page, seq) of an earlier chunk with other bytes, or bring more users or visitors than
    `PEOPLE_MAX`. `visitor_ids` are of all chunks, sorted.
    """

    chunks: tuple[ChunkFacts, ...]
    client: Client
    visitor_ids: tuple[str, ...]
    new: list[ReceivedChunk]
    rejected: list[ReceivedChunk]

    def without(self, received_chunk: ReceivedChunk) -> "ChunkUnion":
        """Return the union as if one of its new chunks had not been received."""
        place = received_chunk.facts.place
        return self._replace(
            chunks=tuple(facts for facts in self.chunks if facts.place != place),
            new=[other for other in self.new if other.facts.place != place],
        )


def unite_chunks(
    known_chunks: Iterable[ChunkFacts],
    client: Client | None,
    received_chunks: Iterable[ReceivedChunk],
    visitor_ids: Iterable[str] = (),
) -> ChunkUnion:
    """Unite the chunks of a session's file with received ones. Payloads are not read.

    Args:
        known_chunks: The chunks in the session's file; none without a file.
        client: Client of the first of them; None without a file.
        received_chunks: Oldest first; at least one without a file.
        visitor_ids: Visitors of the file.
    """
    by_place: dict[Place, ChunkFacts] = {}
    budget = ViewBudget()

    def add(facts: ChunkFacts) -> None:
        by_place[facts.place] = facts
        for place in budget.add(facts):
            by_place[place] = cut_views(by_place[place])

    for facts in known_chunks:
        add(facts)
    first = min(by_place, default=None)
    visitors = set(visitor_ids)
    users = {user_id for facts in by_place.values() for user_id in facts.users}
    new, rejected = [], []
    for received_chunk in received_chunks:
        facts = received_chunk.facts
        same_place = by_place.get(facts.place)
        visitor = (received_chunk.client.visitor_id,)
        if (
            same_place is None
            and fits_people_limit(users, facts.users)
            and fits_people_limit(visitors, visitor)
        ):
            users.update(facts.users)
            visitors.update(visitor)
            add(received_chunk.whole_facts)
            new.append(received_chunk)
            if first is None or facts.place < first:
                client, first = received_chunk.client, facts.place
        elif same_place is None or not has_same_content(same_place, facts):
            rejected.append(received_chunk)
    assert client is not None, "a session has a chunk"
    chunks = tuple(by_place[place] for place in sorted(by_place))
    return ChunkUnion(chunks, client, tuple(sorted(visitors - {""})), new, rejected)


def fits_people_limit(user_ids: set[str], more: Iterable[str]) -> bool:
    """Whether a session stays within `PEOPLE_MAX` with these people."""
    return user_ids.issuperset(more) or len(user_ids.union(more)) <= PEOPLE_MAX


def has_same_content(facts: ChunkFacts, other: ChunkFacts) -> bool:
    """Whether two chunks of one place have the same JSON text."""
    return facts.content_key == other.content_key


def rejection_reason(union: ChunkUnion, received_chunk: ReceivedChunk) -> str:
    """Return why a chunk is one of `union.rejected`."""
    if any(facts.place == received_chunk.facts.place for facts in union.chunks):
        return POSITION_TAKEN
    return f"the session has more than {PEOPLE_MAX} users or visitors without it"


class ChunkDamaged(Damaged):
    """One stored chunk is not what its columns say. `received_chunk` is without its payload."""

    kind = "chunk-damaged"

    def __init__(self, received_chunk: ReceivedChunk, why: object) -> None:
        super().__init__(f"chunk {received_chunk.facts.page_id}/{received_chunk.facts.seq}: {why}")
        self.received_chunk = received_chunk


def decode_chunk_events(
    received_chunk: ReceivedChunk, payload: bytes, settings: Settings
) -> list[ChunkEvent]:
    """Return the events of a stored chunk, in its own order.

    Raises:
        ChunkDamaged: The payload is not what its columns say.
    """
    facts = received_chunk.facts
    try:
        raw = inflate(
            payload,
            received_chunk.encoding,
            raw_bytes_max=max(settings.chunk_raw_bytes_max, facts.raw_bytes),
        )
        # `read_chunk` validated these bytes; with the checksum they need no validation again.
        if len(raw) != facts.raw_bytes or isal_zlib.crc32(raw) != facts.crc32:
            raise ChunkDamaged(received_chunk, "its checksum is wrong")
        return split_events(raw)
    except BadInput as error:
        raise ChunkDamaged(received_chunk, error) from error


def ordered_events(
    stored: Iterable[OrderedEvent] | None,
    stored_chunks: Iterable[ChunkFacts],
    union: ChunkUnion,
    payload_of: Callable[[ReceivedChunk], bytes],
    folder: Path,
    settings: Settings,
) -> Iterator[OrderedEvent]:
    """Yield every event of the session in replay order.

    Args:
        stored: The events of the session's file, in replay order; None without a file.
        stored_chunks: The chunks of its header, by which `stored` are numbered.
        payload_of: Returns the stored bytes of a new chunk; one chunk is held at a time.
        folder: Temporary folder for sorted events beyond `session_memory_bytes_max`.

    Raises:
        ChunkDamaged: Before the first event, if a new chunk is not what its columns say.
    """
    number = {facts.place: i for i, facts in enumerate(union.chunks)}
    runs: list[Iterator[OrderedEvent]] = []
    if stored is not None:
        renumbered = [number[facts.place] for facts in stored_chunks]
        runs.append(event._replace(chunk=renumbered[event.chunk]) for event in stored)
    held: list[OrderedEvent] = []
    held_bytes = 0
    for received_chunk in sorted(union.new, key=lambda a: a.facts.place):
        chunk = number[received_chunk.facts.place]
        held += [
            OrderedEvent(event.at_ms, chunk, event.type, event.json)
            for event in decode_chunk_events(received_chunk, payload_of(received_chunk), settings)
        ]
        held_bytes += (
            received_chunk.facts.raw_bytes + _EVENT_BYTES * received_chunk.facts.event_count
        )
        if held_bytes > settings.session_memory_bytes_max:
            held.sort(key=_REPLAY_ORDER)
            runs.append(_spilled(held, folder / f"run-{len(runs)}"))
            held, held_bytes = [], 0
    held.sort(key=_REPLAY_ORDER)
    if held:
        runs.append(iter(held))
    return heapq.merge(*runs, key=_REPLAY_ORDER) if len(runs) > 1 else iter(runs[0])


def _spilled(events: list[OrderedEvent], path: Path) -> Iterator[OrderedEvent]:
    """Write a sorted run to disk, and read it back when it is iterated."""
    with path.open("wb") as file:
        for at_ms, chunk, kind, json in events:
            file.write(_RECORD.pack(at_ms, chunk, min(max(kind, -128), 127), len(json)) + json)
    return _read_spilled(path)


def _read_spilled(path: Path) -> Iterator[OrderedEvent]:
    with path.open("rb") as file:
        while record := file.read(_RECORD.size):
            at_ms, chunk, kind, size = _RECORD.unpack(record)
            yield OrderedEvent(at_ms, chunk, kind, file.read(size))
    path.unlink()
