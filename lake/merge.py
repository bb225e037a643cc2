"""Chunks become one ordered stream of events, each chunk once, in bounded memory.

Order of replay: event timestamp, then page, seq and place in the chunk. What a session has
already (its file) is one sorted run; what arrived is sorted in memory, and beyond a limit in
temporary files; a merge of the runs is the session. Nothing is written to the lake here.
"""

import heapq
import struct
from collections.abc import Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from lake.chunks import inflate, read_chunk, split_events
from lake.errors import BadInput, Damaged
from lake.facts import ChunkFacts, Client
from lake.segments import Arrival
from lake.session_files import Placed, SessionFile
from lake.settings import Settings

_RECORD = struct.Struct("<dIbI")
_REPLAY_ORDER = itemgetter(0, 1)  # at_ms, chunk; the place in the chunk is the order of arrival


class Union(NamedTuple):
    """Which chunks make a session. `chunks` is in order of (page, seq); `new` are not in the file.

    `rejected` have a known (page, seq) but other bytes: the first that came is kept.
    """

    chunks: tuple[ChunkFacts, ...]
    client: Client
    client_from: tuple[str, int]
    new: list[Arrival]
    duplicate_count: int
    rejected: list[Arrival]


def unite(file: SessionFile | None, arrivals: Iterable[Arrival]) -> Union:
    """Add arrivals, oldest first, to what a session's file holds. Payloads are not looked at."""
    known = {facts.place: facts for facts in (file.header.chunks if file else ())}
    client = file.header.client if file else Client()
    client_from = file.header.client_from if file else None
    new, rejected = [], []
    duplicate_count = 0
    for arrival in arrivals:
        facts = arrival.facts
        found = known.get(facts.place)
        if found is None:
            known[facts.place] = facts
            new.append(arrival)
            if client_from is None or facts.place < client_from:
                client, client_from = arrival.client, facts.place
        elif (found.crc32, found.raw_bytes) == (facts.crc32, facts.raw_bytes):
            duplicate_count += 1
        else:
            rejected.append(arrival)
    assert client_from is not None, "a session has a chunk"
    chunks = tuple(known[place] for place in sorted(known))
    return Union(chunks, client, client_from, new, duplicate_count, rejected)


def events_of(arrival: Arrival, settings: Settings) -> list[tuple[float, int, bytes]]:
    """Return (at_ms, type, json) of a stored chunk, in its own order.

    Raises:
        Damaged: The payload is not what its columns say.
    """
    facts = arrival.facts
    try:
        raw = inflate(
            arrival.payload,
            arrival.encoding,
            raw_bytes_max=max(settings.chunk_raw_bytes_max, facts.raw_bytes),
        )
        if read_chunk(raw, page_id=facts.page_id, seq=facts.seq) != facts:
            raise Damaged(f"chunk {facts.page_id}/{facts.seq} differs from its columns")
        return [(event.at_ms, event.type, event.json) for event in split_events(raw)]
    except BadInput as error:
        raise Damaged(f"chunk {facts.page_id}/{facts.seq}: {error}") from error


def ordered(
    file: SessionFile | None, union: Union, folder: Path, settings: Settings
) -> Iterator[Placed]:
    """Yield every event of the session in replay order.

    Args:
        folder: Where events beyond `session_memory_bytes_max` wait, sorted, on disk.
    """
    number = {facts.place: i for i, facts in enumerate(union.chunks)}
    runs: list[Iterator[Placed]] = []
    if file is not None:
        # Numbers in the file are those of its own header.
        now = [number[facts.place] for facts in file.header.chunks]
        runs.append(
            Placed(event.at_ms, now[event.chunk], event.type, event.json) for event in file.events()
        )
    held: list[Placed] = []
    held_bytes = 0
    for arrival in sorted(union.new, key=lambda a: a.facts.place):
        chunk = number[arrival.facts.place]
        held += [Placed(at, chunk, kind, json) for at, kind, json in events_of(arrival, settings)]
        held_bytes += arrival.facts.raw_bytes
        if held_bytes > settings.session_memory_bytes_max:
            held.sort(key=_REPLAY_ORDER)
            runs.append(_spilled(held, folder / f"run-{len(runs)}"))
            held, held_bytes = [], 0
    held.sort(key=_REPLAY_ORDER)
    runs.append(iter(held))
    return heapq.merge(*runs, key=_REPLAY_ORDER) if len(runs) > 1 else runs[0]


def _spilled(events: list[Placed], path: Path) -> Iterator[Placed]:
    """Write a sorted run now, read it later."""
    with path.open("wb") as file:
        for at_ms, chunk, kind, json in events:
            file.write(_RECORD.pack(at_ms, chunk, min(max(kind, -128), 127), len(json)) + json)
    return _read_spilled(path)


def _read_spilled(path: Path) -> Iterator[Placed]:
    with path.open("rb") as file:
        while record := file.read(_RECORD.size):
            at_ms, chunk, kind, size = _RECORD.unpack(record)
            yield Placed(at_ms, chunk, kind, file.read(size))
    path.unlink()
