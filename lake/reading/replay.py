"""Events of a session in replay order: all, those of a time window, or those of a page.

A session is the frames of its file, followed by a tail: its pending chunks, merged with the frames
that they overlap in time. Both are session files. A frame inside the window is therefore sent as it
is stored, and only frames at its edges are decompressed.
"""

from collections.abc import Iterator
from itertools import groupby, islice
from pathlib import Path
from typing import NamedTuple

from lake import ids
from lake.control.websites import Website
from lake.errors import SessionMissing
from lake.raw.payload_spool import PayloadSpool
from lake.raw.rrweb_events import FULL_SNAPSHOT, META
from lake.reading.lake_snapshot import Lake
from lake.reading.live_merge import with_payloads, write_live_tail
from lake.reading.retry_on_newer import retry_on_newer_snapshot
from lake.reading.session_lookup import ResolvedSession, resolve_session
from lake.sessions.session_file import OrderedEvent, SessionFile, SessionFrame, inflate_frame
from lake.timestamps import CLOCK_OFF_MS_MAX, clamp_to_session


class ReplayPiece(NamedTuple):
    """Whole lines of a replay: a stored zstd frame, or text if `frame` is None."""

    body: bytes
    frame: SessionFrame | None
    key: str

    def text(self) -> bytes:
        """Return the lines."""
        return inflate_frame(self.key, self.frame, self.body) if self.frame else self.body


class Replay(NamedTuple):
    """Events of a replay. `pieces` are read during iteration; `event_count` counts all events.

    `version` is that of `replay_version`.
    """

    event_count: int
    pieces: Iterator[ReplayPiece]
    version: str | None


class _FrameSpan(NamedTuple):
    """One frame of one of the files, and the pages of that file's chunks."""

    file: SessionFile
    number: int
    frame: SessionFrame
    pages: tuple[str, ...]

    def events(self) -> Iterator[OrderedEvent]:
        return self.file.events(self.number, self.number + 1)


class _ReplayWindow(NamedTuple):
    """From event `skip` of the first span to the last event at or before `to_at`."""

    spans: list[_FrameSpan]
    skip: int
    to_at: float
    page_id: str | None

    def keeps(self, span: _FrameSpan, event: OrderedEvent) -> bool:
        return event.at_ms <= self.to_at and self.page_id in (None, span.pages[event.chunk])

    def is_whole(self, place: int) -> bool:
        """Whether every event of a span is asked for."""
        is_cut = place == 0 and self.skip > 0
        return (
            not is_cut and self.page_id is None and self.spans[place].frame.last_at_ms <= self.to_at
        )

    def events(self, place: int) -> list[bytes]:
        span = self.spans[place]
        events = islice(span.events(), self.skip if place == 0 else 0, None)
        return [event.json for event in events if self.keeps(span, event)]


@retry_on_newer_snapshot
def replay(
    lake: Lake,
    website: Website,
    session_id: str,
    *,
    from_ms: float | None = None,
    to_ms: float | None = None,
    page_id: str | None = None,
) -> Replay:
    """Return a session's events in order of replay.

    Args:
        from_ms: Offset from the session's first event: begin with the last full snapshot (and
            its Meta) at or before it; with the first event where there is none.
        to_ms: Offset of the last event wanted.
        page_id: Only the events of one page load.

    Raises:
        SessionMissing: No such session, or it has no such page.
        Damaged, StoreUnavailable: Also while `pieces` are taken.
    """

    def read(session: ResolvedSession, spool: PayloadSpool, folder: Path) -> Replay:
        pages = {chunk.page_id for chunk in session.chunks}
        if page_id is not None and page_id not in pages:
            raise SessionMissing(f"session {session_id} has no page {page_id[:64]!r}")
        began_ms = ids.at_ms_of(session_id)
        start = clamp_to_session(min(chunk.first_at_ms for chunk in session.chunks), began_ms)
        spans = _spans(lake, session, spool, folder)
        to_at = float("inf") if to_ms is None else start + to_ms
        if to_at >= began_ms + CLOCK_OFF_MS_MAX:
            to_at = float("inf")  # what is later than that counts as being then
        first, skip = (0, 0)
        if from_ms is not None:
            first, skip = _start(spans, start + from_ms, page_id)
        last = len(spans)
        while last > first + 1 and spans[last - 1].frame.first_at_ms > to_at:
            last -= 1
        window = _ReplayWindow(spans[first:last], skip, to_at, page_id)
        if page_id is not None and from_ms is None and to_ms is None:
            count = sum(c.event_count for c in session.chunks if c.page_id == page_id)
        else:
            count = _count(window)
        return Replay(count, _pieces(window), _version(session))

    return with_payloads(lake, website, session_id, read)


@retry_on_newer_snapshot
def replay_version(lake: Lake, website: Website, session_id: str) -> str | None:
    """Return a name of the session's content, None while chunks are pending.

    The same name means the same replay.

    Raises:
        SessionMissing, Damaged, StoreUnavailable.
    """
    return _version(resolve_session(lake, website, session_id))


def _version(session: ResolvedSession) -> str | None:
    return (
        None
        if session.compacted is None or session.union.new
        else str(session.compacted.row["file_sha256"])
    )


def _spans(
    lake: Lake, session: ResolvedSession, spool: PayloadSpool, folder: Path
) -> list[_FrameSpan]:
    """Return the frames of the session; new chunks are merged with the frames that they overlap."""
    file = session.file
    stored = _spans_of(file) if file else []
    if not session.union.new:
        return stored
    new = [received_chunk.facts for received_chunk in session.union.new]
    # Facts are whole ms, events may be a fraction before or after.
    begin_at = min(facts.first_at_ms for facts in new) - 1
    end_at = max(facts.last_at_ms for facts in new) + 1
    first = next((i for i, s in enumerate(stored) if s.frame.last_at_ms >= begin_at), len(stored))
    last = next((i for i, s in enumerate(stored) if s.frame.first_at_ms > end_at), len(stored))
    last = max(first, last)
    tail = write_live_tail(lake, session, spool, folder, first, last)
    return [*stored[:first], *_spans_of(tail), *stored[last:]]


def _spans_of(file: SessionFile) -> list[_FrameSpan]:
    pages = tuple(chunk.page_id for chunk in file.header.chunks)
    return [
        _FrameSpan(file, number, frame, pages) for number, frame in enumerate(file.header.frames)
    ]


def _start(spans: list[_FrameSpan], from_at: float, page_id: str | None) -> tuple[int, int]:
    """Return the span and place of the last full snapshot at or before `from_at`, or of its Meta.

    Where two pages begin at once, a frame may end between a Meta and its snapshot.
    """
    for number in range(len(spans) - 1, -1, -1):
        span = spans[number]
        if not span.frame.has_snapshot or span.frame.first_at_ms > from_at:
            continue
        snapshot: tuple[int, str, int | None] | None = None
        metas: dict[str, int] = {}
        for place, event in enumerate(span.events()):
            if event.at_ms > from_at:
                break
            page = span.pages[event.chunk]
            if event.type == FULL_SNAPSHOT and page_id in (None, page):
                snapshot = place, page, metas.get(page)
            _note_meta(metas, page, place, event)
        if snapshot is None:
            continue
        place, page, meta = snapshot
        if meta is not None:
            return number, meta
        if number and page in (metas := _last_metas(spans[number - 1])):
            return number - 1, metas[page]
        return number, place
    return 0, 0


def _last_metas(span: _FrameSpan) -> dict[str, int]:
    metas: dict[str, int] = {}
    for place, event in enumerate(span.events()):
        _note_meta(metas, span.pages[event.chunk], place, event)
    return metas


def _note_meta(metas: dict[str, int], page: str, place: int, event: OrderedEvent) -> None:
    """Record the place of a page's last event if it is a Meta."""
    if event.type == META:
        metas[page] = place
    else:
        metas.pop(page, None)


def _count(window: _ReplayWindow) -> int:
    return sum(
        span.frame.event_count if window.is_whole(place) else len(window.events(place))
        for place, span in enumerate(window.spans)
    )


def _pieces(window: _ReplayWindow) -> Iterator[ReplayPiece]:
    """Yield the pieces; consecutive whole frames of one file are read in one request."""
    places = range(len(window.spans))

    def run_of(place: int) -> tuple[bool, int]:
        return window.is_whole(place), id(window.spans[place].file)

    for (is_whole, _), run in groupby(places, key=run_of):
        spans = [(place, window.spans[place]) for place in run]
        if is_whole:
            file, first = spans[0][1].file, spans[0][1].number
            bodies = file.bodies(first, first + len(spans))
            for (_, span), body in zip(spans, bodies, strict=True):
                yield ReplayPiece(body, span.frame, file.key)
        else:
            for place, span in spans:
                if lines := window.events(place):
                    yield ReplayPiece(b"\n".join(lines) + b"\n", None, span.file.key)
