"""Add up the facts of a session's chunks to the totals of its row.

A session's row is `summarize` of its chunks' facts and nothing else, so that it is the same
before, during and after compaction, whatever the order of delivery. Payloads are not read here.
`lake.sessions.running_summary` gives the same totals chunk by chunk.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from lake import ids
from lake.raw.chunk_facts import ChunkFacts, Client, RecordedView
from lake.raw.view_budget import ViewBudget, cut_views
from lake.timestamps import clamp_to_session

PAGES_MAX = 2_000  # page views listed of one session; all are counted


class SessionPage(NamedTuple):
    """One page view of a session. `url` and `title` are None if no event gave them."""

    page_id: str
    url: str | None
    title: str | None
    at_ms: int
    duration_ms: int


class SessionGap(NamedTuple):
    """Missing part of a page; `kind` is `missing-chunks` or `no-snapshot`."""

    page_id: str
    kind: str
    first_seq: int
    last_seq: int


class SessionSummary(NamedTuple):
    """Totals of a session, computed from its chunks.

    `page_count` counts all page views; `pages` lists the first of them, which begin before
    `pages_until_ms` if that is not None. `urls` are the distinct URLs of `pages`. `pages` and
    `gaps` are empty in a running summary.
    """

    website_id: str
    session_id: str
    started_at: datetime
    first_at_ms: int
    duration_ms: int
    client: Client
    user_id: str | None
    user_ids: tuple[str, ...]
    trigger: str | None
    page_count: int
    initial_url: str | None
    exit_url: str | None
    urls: tuple[str, ...]
    is_complete: bool
    width: int | None
    height: int | None
    click_count: int
    error_count: int
    event_count: int
    raw_bytes: int
    pages: list[SessionPage]
    pages_until_ms: int | None
    gaps: list[SessionGap]


def summarize(
    website_id: str, session_id: str, chunks: Iterable[ChunkFacts], client: Client
) -> SessionSummary:
    """Add up a session's chunks, each given once, in any order; at least one.

    `started_at` is the time in the session's id, of the server's clock, and does not change with
    further chunks. `first_at_ms` is the browser's clock, clamped like all its times here (see
    `lake.timestamps.clamp_to_session`); offsets into the replay count from it.
    """
    began_ms = ids.at_ms_of(session_id)
    ordered = [
        with_clamped_times(chunk, began_ms)
        for chunk in _within_budget(sorted(chunks, key=lambda chunk: chunk.place))
    ]
    first_at_ms = min(chunk.first_at_ms for chunk in ordered)
    last_at_ms = max(chunk.last_at_ms for chunk in ordered)
    starts = _page_starts(ordered)
    hidden = [chunk for chunk in ordered if chunk.cut and chunk.cut.page_count]
    until_ms = min((chunk.views[0].at_ms for chunk in hidden), default=None)
    listed = [start for start in starts if until_ms is None or start.at_ms < until_ms]
    urls = [start.url for start in listed if start.url][:PAGES_MAX]
    named = [start.url for start in starts if start.url]
    if len(listed) > PAGES_MAX:
        until_ms = listed[PAGES_MAX].at_ms
    gaps = _gaps(ordered)
    views = sorted((view for chunk in ordered for view in chunk.views), key=lambda v: v.at_ms)
    by_time = sorted(ordered, key=lambda c: (c.last_at_ms, c.place))
    users = [user_id for chunk in by_time for user_id in chunk.users]
    triggers = [(c.first_at_ms, *c.place, c.trigger) for c in ordered if c.trigger]
    return SessionSummary(
        website_id=website_id,
        session_id=session_id,
        started_at=datetime.fromtimestamp(began_ms / 1000, UTC),
        first_at_ms=first_at_ms,
        duration_ms=last_at_ms - first_at_ms,
        client=client,
        user_id=next((c.user_id for c in reversed(by_time) if c.user_id), None),
        user_ids=tuple(dict.fromkeys(users)),
        trigger=min(triggers)[3] if triggers else None,
        page_count=len(starts) + sum(chunk.cut.page_count for chunk in hidden if chunk.cut),
        initial_url=named[0] if named else None,
        exit_url=_exit_url(ordered),
        urls=tuple(dict.fromkeys(urls)),
        is_complete=not gaps,
        width=views[0].width if views else None,
        height=views[0].height if views else None,
        click_count=sum(chunk.click_count for chunk in ordered),
        error_count=sum(chunk.error_count for chunk in ordered),
        event_count=sum(chunk.event_count for chunk in ordered),
        raw_bytes=sum(chunk.raw_bytes for chunk in ordered),
        pages=_pages(starts, last_at_ms)[: min(len(listed), PAGES_MAX)],
        pages_until_ms=until_ms,
        gaps=gaps,
    )


def with_clamped_times(chunk: ChunkFacts, began_ms: int) -> ChunkFacts:
    """Return a chunk with its times clamped to those that its session may have."""
    first, last = (
        clamp_to_session(chunk.first_at_ms, began_ms),
        clamp_to_session(chunk.last_at_ms, began_ms),
    )
    if (first, last) == (chunk.first_at_ms, chunk.last_at_ms):
        return chunk
    acted = chunk.acted_at_ms
    return msgspec.structs.replace(
        chunk,
        first_at_ms=first,
        last_at_ms=last,
        acted_at_ms=None if acted is None else clamp_to_session(acted, began_ms),
        views=tuple(
            msgspec.structs.replace(view, at_ms=clamp_to_session(view.at_ms, began_ms))
            for view in chunk.views
        ),
    )


def _exit_url(ordered: list[ChunkFacts]) -> str | None:
    """Return the last URL of the page on which the visitor acted last.

    Pages may be open in several tabs, and those in the background change by themselves.
    """
    shown: dict[str, RecordedView] = {}
    for chunk in ordered:
        for view in chunk.views:
            if view.url and view.at_ms >= shown.get(chunk.page_id, view).at_ms:
                shown[chunk.page_id] = view
    acted = [(last_activity(chunk), chunk.place) for chunk in ordered if chunk.page_id in shown]
    return shown[max(acted)[1][0]].url if acted else None


def last_activity(chunk: ChunkFacts) -> tuple[bool, int]:
    """Return whether the visitor saw the page during a chunk, and the last time."""
    if chunk.acted_at_ms is not None:
        return True, chunk.acted_at_ms
    if chunk.click_count:  # facts of an older version have clicks and views only
        return True, chunk.last_at_ms
    seen = [view.at_ms for view in chunk.views]
    return (True, max(seen)) if seen else (False, chunk.first_at_ms)


def _within_budget(ordered: list[ChunkFacts]) -> list[ChunkFacts]:
    budget = ViewBudget()
    return [cut_views(chunk) if budget.add(chunk) else chunk for chunk in ordered]


class _PageStart(NamedTuple):
    """Start of a page view."""

    at_ms: int
    page_id: str
    url: str | None
    title: str | None


def _page_starts(ordered: list[ChunkFacts]) -> list[_PageStart]:
    """Return the starts of page views, oldest first.

    A view with the last URL of its page begins no page view; its title, if it has one, counts.
    """
    starts: list[_PageStart] = []
    by_page: dict[str, list[RecordedView]] = {}
    begins: dict[str, int] = {}
    for chunk in ordered:
        by_page.setdefault(chunk.page_id, []).extend(chunk.views)
        begins[chunk.page_id] = min(chunk.first_at_ms, begins.get(chunk.page_id, chunk.first_at_ms))
    for page_id, views in by_page.items():
        url: str | None = None
        for view in sorted(views, key=lambda v: v.at_ms):
            if view.url != url:
                starts.append(_PageStart(view.at_ms, page_id, view.url, view.title or None))
            elif view.title:
                starts[-1] = starts[-1]._replace(title=view.title)
            url = view.url
        if not views:
            starts.append(_PageStart(begins[page_id], page_id, None, None))
    starts.sort(key=lambda start: start[:2])
    return starts


def _pages(starts: list[_PageStart], last_at_ms: int) -> list[SessionPage]:
    ends = [start.at_ms for start in starts[1:]] + [last_at_ms]
    return [
        SessionPage(start.page_id, start.url, start.title, start.at_ms, max(0, end - start.at_ms))
        for start, end in zip(starts, ends, strict=True)
    ]


def _gaps(ordered: list[ChunkFacts]) -> list[SessionGap]:
    """Return chunks missing before each page's last one, and pages without a full snapshot."""
    gaps = []
    expected: dict[str, int] = {}
    snapshots: dict[str, int] = {}
    for chunk in ordered:
        due = expected.get(chunk.page_id, 0)
        if chunk.seq > due:
            gaps.append(SessionGap(chunk.page_id, "missing-chunks", due, chunk.seq - 1))
        expected[chunk.page_id] = chunk.seq + 1
        snapshots[chunk.page_id] = snapshots.get(chunk.page_id, 0) + chunk.snapshot_count
    gaps += [
        SessionGap(page_id, "no-snapshot", 0, expected[page_id] - 1)
        for page_id, count in snapshots.items()
        if not count
    ]
    return gaps
