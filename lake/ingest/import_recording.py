"""Import a recording as sessions: its events become chunks, appended as segments.

The file is read twice: first to validate all of it, so that a bad file leaves nothing behind, and
then to write. Files are read by `lake.ingest.recording_reader`.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from isal import isal_zlib

from lake import ids
from lake.control import websites
from lake.control.websites import Website
from lake.errors import ChunkMalformed, RecordingMalformed, SessionExpired
from lake.ingest.recording_reader import RecordedEvent, read_events, shift_event
from lake.raw import segment_writer
from lake.raw.chunk_codec import read_chunk
from lake.raw.chunk_facts import ChunkFacts, Client
from lake.raw.rrweb_events import AT_MS_MAX
from lake.raw.segment_file import ReceivedChunk
from lake.settings import Settings
from lake.storage.base import Store
from lake.timestamps import iso, utc_day

_CHUNK_BYTES = 1 << 20
_CHUNK_EVENTS = 500
_HELD_BYTES_MAX = 32 << 20  # of a file that names many sessions
_GZIP = 31  # zlib's name for a gzip member


class ImportedSession(NamedTuple):
    """One imported session. `name` is its name in the file, None if it has none."""

    session_id: str
    name: str | None
    event_count: int
    raw_bytes: int


class _ChunkCut(NamedTuple):
    """Events of one session that become a chunk."""

    name: str | None
    seq: int
    events: list[RecordedEvent]


class _SessionSurvey(NamedTuple):
    """Totals of one session, from the first reading."""

    first_at_ms: float
    last_at_ms: float
    event_count: int
    raw_bytes: int


def import_recording(
    store: Store,
    settings: Settings,
    path: Path,
    *,
    website_id: str,
    now_ms: int,
    at_ms: int | None = None,
    client: Client | None = None,
    report: Callable[[int, int], None] = lambda _event_count, _total: None,
) -> list[ImportedSession]:
    """Append a recording's events to the lake and return its sessions, in order of appearance.

    A file is one session, unless its events name theirs (`sessionId` or `session_id`; an event
    without a name belongs to the session of the one before it). Each import makes new sessions.

    Args:
        at_ms: Move the recording's clock so that its first event is then. Nothing else changes.
        client: Visitor and browser; default: unknown.
        report: Called during the import with the events written so far, and their total.

    Raises:
        RecordingMalformed: The file is no recording; nothing was written.
        SessionExpired: It is older than the website keeps sessions; nothing was written.
        WebsiteMissing, StoreUnavailable.
        OSError: The file cannot be read.
    """
    website = websites.get(store, website_id)
    surveys = _survey(path, settings)
    start_ms = min(survey.first_at_ms for survey in surveys.values())
    shift_ms = 0 if at_ms is None else at_ms - int(start_ms)
    end_ms = max(survey.last_at_ms for survey in surveys.values()) + shift_ms
    if end_ms >= AT_MS_MAX:
        raise RecordingMalformed(
            f"the recording would end at {end_ms} ms since 1970, limit is {AT_MS_MAX}: its first "
            "and its last event are too far apart to move its clock with --at"
        )
    sessions: dict[str | None, _ImportingSession] = {}
    for name, survey in surveys.items():
        begins_ms = int(survey.first_at_ms) + shift_ms
        _check_time(website, begins_ms, settings, now_ms)
        sessions[name] = _ImportingSession(website_id, begins_ms, client)

    total = sum(survey.event_count for survey in surveys.values())
    written = 0
    waiting: list[ReceivedChunk] = []
    waiting_bytes = 0
    for cut in _cuts(path, settings):
        received_chunk = sessions[cut.name].received_chunk(cut, shift_ms, now_ms)
        waiting.append(received_chunk)
        waiting_bytes += received_chunk.payload_bytes
        written += len(cut.events)
        if waiting_bytes >= settings.segment_bytes_max:
            segment_writer.append(store, waiting, now_ms=now_ms)
            waiting, waiting_bytes = [], 0
            report(written, total)
    segment_writer.append(store, waiting, now_ms=now_ms)
    report(written, total)
    return [
        ImportedSession(sessions[name].session_id, name, survey.event_count, survey.raw_bytes)
        for name, survey in surveys.items()
    ]


class _ImportingSession:
    """A session being imported. Its secret is not stored, so that nobody can append to it."""

    def __init__(self, website_id: str, begins_ms: int, client: Client | None) -> None:
        self._website_id = website_id
        self.session_id = ids.session_id_of(os.urandom(16).hex(), begins_ms)
        self._page_id = ids.new_uuid7(begins_ms)
        self._client = client or Client(visitor_id=os.urandom(16).hex())

    def received_chunk(self, cut: _ChunkCut, shift_ms: int, now_ms: int) -> ReceivedChunk:
        """Make a chunk."""
        events = [shift_event(event, shift_ms) if shift_ms else event.json for event in cut.events]
        raw = _array(events)
        payload = bytes(isal_zlib.compress(raw, 3, _GZIP))
        facts = read_chunk(raw, page_id=self._page_id, seq=cut.seq)
        return ReceivedChunk(
            self._website_id,
            self.session_id,
            facts,
            self._client,
            now_ms * 1000,
            "gzip",
            payload,
            len(payload),
        )


def _survey(path: Path, settings: Settings) -> dict[str | None, _SessionSurvey]:
    """Read all of a file and validate it."""
    surveys: dict[str | None, _SessionSurvey] = {}
    for cut in _cuts(path, settings):
        facts = _validated_facts(path, cut)
        before = surveys.get(cut.name, _SessionSurvey(facts.first_at_ms, facts.last_at_ms, 0, 0))
        surveys[cut.name] = _SessionSurvey(
            min(before.first_at_ms, facts.first_at_ms),
            max(before.last_at_ms, facts.last_at_ms),
            before.event_count + facts.event_count,
            before.raw_bytes + facts.raw_bytes,
        )
    if not surveys:
        raise RecordingMalformed(f"{path.name} holds no events")
    return surveys


def _validated_facts(path: Path, cut: _ChunkCut) -> ChunkFacts:
    try:
        return read_chunk(_array([event.json for event in cut.events]), page_id="", seq=0)
    except ChunkMalformed as error:
        for event in cut.events:
            try:
                read_chunk(_array([event.json]), page_id="", seq=0)
            except ChunkMalformed as its_error:
                raise RecordingMalformed(
                    f"{path.name}: event {event.number}: {its_error}"
                ) from error
        raise


def _cuts(path: Path, settings: Settings) -> Iterator[_ChunkCut]:
    """Cut the events of each session into chunks, the same ones at each reading of a file."""
    held: dict[str | None, list[RecordedEvent]] = {}
    sizes: dict[str | None, int] = {}
    seqs: dict[str | None, int] = {}

    def cut(name: str | None) -> _ChunkCut:
        seqs[name] = seqs.get(name, -1) + 1
        del sizes[name]
        return _ChunkCut(name, seqs[name], held.pop(name))

    held_bytes = 0
    for event in read_events(path, event_bytes_max=settings.chunk_raw_bytes_max):
        name, size = event.session, len(event.json) + 1
        if name in held and (sizes[name] + size > _CHUNK_BYTES or len(held[name]) >= _CHUNK_EVENTS):
            held_bytes -= sizes[name]
            yield cut(name)
        held.setdefault(name, []).append(event)
        sizes[name] = sizes.get(name, 0) + size
        held_bytes += size
        if held_bytes > _HELD_BYTES_MAX:
            held_bytes = 0
            yield from map(cut, list(held))
    yield from map(cut, list(held))


def _check_time(website: Website, begins_ms: int, settings: Settings, now_ms: int) -> None:
    if begins_ms < 0 or begins_ms > now_ms + settings.session_future_s * 1000:
        raise RecordingMalformed(
            f"the recording begins at {begins_ms} ms since 1970, which is no time of the past: "
            "give it one with --at now"
        )
    first_day = websites.first_retained_day(website, settings, now_ms=now_ms)
    if utc_day(begins_ms) < first_day:
        raise SessionExpired(
            f"the recording begins at {iso(begins_ms)}, and website {website.website_id} (plan "
            f"{website.plan}) keeps sessions since {first_day}: move its clock with --at now"
        )
    if utc_day(begins_ms) < ids.FIRST_DAY:
        raise RecordingMalformed(
            f"the recording begins at {iso(begins_ms)}, and sessions before {ids.FIRST_DAY} are "
            "not taken in: move its clock with --at now"
        )


def _array(events: list[bytes]) -> bytes:
    return b"[" + b",".join(events) + b"]"
