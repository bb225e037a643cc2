"""All files that the lake holds of one session, read as one session.

There is one, but where a crash left an older or an unfinished generation beside it. Usually one
of them has every chunk; else they are merged.
"""

import hashlib
import heapq
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lake import ids, keys, session_files
from lake.compaction.session import Rewritten, put, rows_from_file
from lake.errors import Damaged, ObjectMissing
from lake.facts import ChunkFacts
from lake.session_files import Placed, SessionFile
from lake.settings import Settings
from lake.store import Store

_READ_BYTES = 8 << 20
_Place = tuple[str, int]


class Generation(NamedTuple):
    """One readable file of a session, its hash checked against its name."""

    file: SessionFile
    size_bytes: int
    sha256: str

    @property
    def places(self) -> set[_Place]:
        """Which chunks it holds."""
        return {chunk.place for chunk in self.file.header.chunks}


def generations(
    store: Store, website_id: str, session_id: str, failed: dict[str, str]
) -> list[Generation]:
    """Return the session's files, those with the most chunks first; `failed` gets the others.

    Raises:
        StoreUnavailable.
    """
    found = []
    folder = keys.session_prefix(ids.day_of(session_id), website_id)
    for item in store.list(f"{folder}{session_id}."):
        try:
            sha256 = sha256_of(store, item.key, item.size_bytes)
            parsed = keys.parse_session_file_key(item.key)
            if parsed and parsed.generation == sha256[:16]:
                found.append(Generation(SessionFile(store, item.key), item.size_bytes, sha256))
            else:
                failed[item.key] = "its bytes are not those that its name says: a bit has flipped"
        except (Damaged, ObjectMissing) as error:
            failed[item.key] = str(error)
    return sorted(found, key=lambda one: (-len(one.places), one.sha256))


def as_one(store: Store, settings: Settings, folder: Path, found: list[Generation]) -> Rewritten:
    """Return the rows of the session that all its generations make; write a new one if need be.

    Raises:
        Damaged, ObjectMissing, StoreUnavailable.
    """
    best = found[0]
    missing = set().union(*(one.places for one in found)) - best.places
    if not missing:
        return rows_from_file(best.file, size_bytes=best.size_bytes, sha256=best.sha256)
    owner: dict[_Place, int] = {}
    chunk_at: dict[_Place, ChunkFacts] = {}
    for number, one in enumerate(found):
        for chunk in one.file.header.chunks:
            if chunk.place not in owner:
                owner[chunk.place], chunk_at[chunk.place] = number, chunk
    chunks = tuple(chunk_at[place] for place in sorted(chunk_at))
    order = {chunk.place: i for i, chunk in enumerate(chunks)}
    runs = [_owned(one, number, owner, order) for number, one in enumerate(found)]
    header = found[owner[chunks[0].place]].file.header
    written = session_files.write(
        folder,
        heapq.merge(*runs, key=lambda event: event[:2]),
        website_id=header.website_id,
        session_id=header.session_id,
        client=header.client,
        chunks=chunks,
        visitor_ids=tuple(sorted({v for one in found for v in one.file.header.visitors if v})),
        settings=settings,
    )
    put(store, written)
    key = keys.session_file_key(
        ids.day_of(header.session_id), header.website_id, header.session_id, written.generation
    )
    file = SessionFile(store, key)
    return rows_from_file(file, size_bytes=written.size_bytes, sha256=written.sha256)


def sha256_of(store: Store, key: str, size_bytes: int) -> str:
    """Hash an object, a few megabytes at a time.

    Raises:
        ObjectMissing, StoreUnavailable.
    """
    digest = hashlib.sha256()
    for start in range(0, size_bytes, _READ_BYTES):
        digest.update(store.get_range(key, start, min(size_bytes, start + _READ_BYTES)))
    return digest.hexdigest()


def _owned(
    one: Generation, number: int, owner: dict[_Place, int], order: dict[_Place, int]
) -> Iterator[Placed]:
    """Yield the events of the chunks that this generation gives, numbered anew."""
    places = [chunk.place for chunk in one.file.header.chunks]
    for event in one.file.events():
        place = places[event.chunk]
        if owner[place] == number:
            yield event._replace(chunk=order[place])
