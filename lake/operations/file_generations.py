"""All files of one session, merged into one session.

A session has one file, unless a crash left an older or an unfinished generation beside it. Usually
one of them has every chunk; else they are merged.

Two files may have different bytes for one place, after a compaction while the tables did not have
the older file. The bytes of the file that was stored first are kept, as they were acknowledged
first; the others are quarantined.
"""

import hashlib
import heapq
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from lake import ids
from lake.compaction.session_writer import RewrittenSession, rows_from_file, upload_session_file
from lake.control.tombstones import People
from lake.errors import Damaged, ObjectMissing
from lake.raw import quarantine
from lake.raw.chunk_facts import ChunkFacts
from lake.raw.quarantine import POSITION_TAKEN, RejectedChunk
from lake.raw.segment_file import ReceivedChunk
from lake.sessions import session_file_writer
from lake.sessions.session_file import OrderedEvent, SessionFile
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store

_READ_BYTES = 8 << 20
_ContentKey = tuple[str, int, int, int]


class Generation(NamedTuple):
    """One readable file of a session, its hash checked against its name."""

    file: SessionFile
    size_bytes: int
    sha256: str
    modified_at: datetime

    @property
    def content_keys(self) -> set[_ContentKey]:
        """Identities of the chunks in it."""
        return {chunk.content_key for chunk in self.file.header.chunks}


class MergedGenerations(NamedTuple):
    """A session of several generations.

    `conflicting` are files with chunks whose places had other bytes first. They may be deleted once
    the rows are committed.
    """

    result: RewrittenSession
    conflicting: list[str]


def read_generations(
    store: Store, website_id: str, session_id: str, failed: dict[str, str]
) -> list[Generation]:
    """Return the session's files, those with most chunks first; `failed` gets unreadable ones.

    Raises:
        StoreUnavailable.
    """
    readable = []
    folder = keys.session_prefix(ids.day_of(session_id), website_id)
    for item in store.list(keys.session_generations_prefix(folder, session_id)):
        try:
            sha256 = sha256_of(store, item.key, item.size_bytes)
            parsed = keys.parse_session_file_key(item.key)
            if parsed and parsed.generation == sha256[:16]:
                file = SessionFile(store, item.key)
                readable.append(Generation(file, item.size_bytes, sha256, item.modified_at))
            else:
                failed[item.key] = "its bytes are not those that its name says: a bit has flipped"
        except (Damaged, ObjectMissing) as error:
            failed[item.key] = str(error)
    return sorted(
        readable, key=lambda generation: (-len(generation.content_keys), generation.sha256)
    )


def merge_generations(
    store: Store, settings: Settings, folder: Path, given: list[Generation]
) -> MergedGenerations:
    """Return the rows of the session of all generations; write a merged file if none has all.

    Chunks that are no part of it are quarantined first.

    Raises:
        Damaged, ObjectMissing, StoreUnavailable.
    """
    wanted = _first_keys(given)
    conflicting = [generation for generation in given if not generation.content_keys <= wanted]
    for generation in conflicting:
        _quarantine(store, generation, wanted)
    conflicting_keys = [generation.file.key for generation in conflicting]
    best = next((generation for generation in given if generation.content_keys == wanted), None)
    if best is not None:
        result = rows_from_file(best.file, size_bytes=best.size_bytes, sha256=best.sha256)
        return MergedGenerations(result, conflicting_keys)
    owner: dict[_ContentKey, int] = {}
    chunk_of: dict[_ContentKey, ChunkFacts] = {}
    for number, generation in enumerate(given):
        for chunk in generation.file.header.chunks:
            if chunk.content_key in wanted and chunk.content_key not in owner:
                owner[chunk.content_key], chunk_of[chunk.content_key] = number, chunk
    chunks = tuple(sorted(chunk_of.values(), key=lambda chunk: chunk.place))
    order = {chunk.content_key: i for i, chunk in enumerate(chunks)}
    runs = [
        _events_taken(generation, number, owner, order) for number, generation in enumerate(given)
    ]
    header = given[owner[chunks[0].content_key]].file.header
    written = session_file_writer.write_session_file(
        folder,
        heapq.merge(*runs, key=lambda event: event[:2]),
        website_id=header.website_id,
        session_id=header.session_id,
        client=header.client,
        chunks=chunks,
        visitor_ids=tuple(
            sorted({v for generation in given for v in generation.file.header.visitors if v})
        ),
        settings=settings,
    )
    upload_session_file(store, written)
    key = keys.session_file_key(
        ids.day_of(header.session_id), header.website_id, header.session_id, written.generation
    )
    file = SessionFile(store, key)
    result = rows_from_file(file, size_bytes=written.size_bytes, sha256=written.sha256)
    return MergedGenerations(result, conflicting_keys)


def people_in_generations(given: list[Generation]) -> People:
    """Return the people of the session, from the files' headers."""
    return People(
        {visitor_id for generation in given for visitor_id in generation.file.header.visitors},
        {user_id for generation in given for user_id in generation.file.header.users},
    )


def sha256_of(store: Store, key: str, size_bytes: int) -> str:
    """Hash an object, a few megabytes at a time.

    Raises:
        ObjectMissing, StoreUnavailable.
    """
    digest = hashlib.sha256()
    for start in range(0, size_bytes, _READ_BYTES):
        digest.update(store.get_range(key, start, min(size_bytes, start + _READ_BYTES)))
    return digest.hexdigest()


def _events_taken(
    generation: Generation,
    number: int,
    owner: dict[_ContentKey, int],
    order: dict[_ContentKey, int],
) -> Iterator[OrderedEvent]:
    """Yield the events of the chunks that are taken from this generation, renumbered."""
    content_keys = [chunk.content_key for chunk in generation.file.header.chunks]
    for event in generation.file.events():
        key = content_keys[event.chunk]
        if owner.get(key) == number:
            yield event._replace(chunk=order[key])


def _first_keys(given: list[Generation]) -> set[_ContentKey]:
    """Return the chunks of the session: for each place, the bytes that were stored first."""
    first: dict[tuple[str, int], _ContentKey] = {}
    for generation in sorted(
        given, key=lambda generation: (generation.modified_at, generation.sha256)
    ):
        for chunk in generation.file.header.chunks:
            first.setdefault(chunk.place, chunk.content_key)
    return set(first.values())


def _quarantine(store: Store, generation: Generation, wanted: set[_ContentKey]) -> None:
    """Quarantine the chunks of a generation that are no part of the session.

    Their facts are those of the bytes that were sent; the payload is the events as the file has
    them, in order of replay.
    """
    header = generation.file.header
    at_us = int(generation.modified_at.timestamp() * 1_000_000)
    number = {chunk.content_key: i for i, chunk in enumerate(header.chunks)}

    def payload_of(received_chunk: ReceivedChunk) -> bytes:
        wanted_number = number[received_chunk.facts.content_key]
        events = (event.json for event in generation.file.events() if event.chunk == wanted_number)
        return b"[" + b",".join(islice(events, received_chunk.facts.event_count)) + b"]"

    session = (header.website_id, header.session_id)
    refused = [
        RejectedChunk(
            ReceivedChunk(*session, chunk, header.client, at_us, "", b"", chunk.raw_bytes),
            POSITION_TAKEN,
        )
        for chunk in header.chunks
        if chunk.content_key not in wanted
    ]
    quarantine.quarantine_chunks(store, ids.day_of(header.session_id), refused, payload_of)
