"""Bound the page views of one session that are held in memory and written into its header.

The first chunks by (page, seq) keep their views for as long as these fit the budget together.
Every other chunk keeps its first and its last view only, and the number of page views between
them. Which chunks are cut depends on the set of chunks alone, never on their order of delivery:
a further chunk can only move the end of the uncut ones forward, so that a chunk that was cut
stays cut.
"""

from bisect import insort
from itertools import pairwise, takewhile
from operator import attrgetter

import msgspec

from lake.raw.chunk_facts import ChunkFacts, RecordedView, ViewCut

VIEWS_LENGTH_MAX = 256 * 1024  # 2,000 page views of a usual address and title
_VIEW_LENGTH = 32  # of a view beside its texts
_AT_MS = attrgetter("at_ms")

Place = tuple[str, int]


def views_length(views: tuple[RecordedView, ...]) -> int:
    """Return how much of the budget some views take, about their letters."""
    return sum(_VIEW_LENGTH + len(view.url) + len(view.title) for view in views)


def cut_views(facts: ChunkFacts) -> ChunkFacts:
    """Return the facts with the first view and the start of the last page view only.

    When the visitor was last active stays known, also where views alone tell it. Idempotent.
    """
    if len(facts.views) <= 2:
        return facts
    views = sorted(facts.views, key=_AT_MS)
    first, last = views[0], _last_start(views)
    changes = sum(entry.url != other.url for entry, other in pairwise(views))
    hidden = changes - (first.url != last.url)
    acted_at_ms = facts.acted_at_ms
    if acted_at_ms is None and not facts.click_count:  # facts of an older version
        acted_at_ms = views[-1].at_ms
    return msgspec.structs.replace(
        facts,
        views=(first, last),
        cut=ViewCut(views_length(facts.views), hidden),
        acted_at_ms=acted_at_ms,
    )


def _last_start(views: list[RecordedView]) -> RecordedView:
    """Return the view with which the last page view begins, and its last title."""
    run = list(takewhile(lambda view: view.url == views[-1].url, reversed(views)))
    if len(run) == len(views):
        return views[-1]
    title = next((view.title for view in run if view.title), "")
    return msgspec.structs.replace(run[-1], title=title)


class ViewBudget:
    """The budget of one session. Give it each chunk once, in any order."""

    def __init__(self) -> None:
        self._uncut: list[tuple[Place, int]] = []  # with the length of their views, in order
        self._length = 0
        self._end: Place | None = None  # the first chunk that is cut

    def add(self, facts: ChunkFacts) -> list[Place]:
        """Add a chunk; return the places of the chunks that must be cut now."""
        if not facts.views:
            return []
        if self._end is not None and facts.place > self._end:
            return [facts.place]
        length = facts.cut.length if facts.cut else views_length(facts.views)
        insort(self._uncut, (facts.place, length))
        self._length += length
        cut_places = []
        while self._length > VIEWS_LENGTH_MAX:
            self._end, length = self._uncut.pop()
            self._length -= length
            cut_places.append(self._end)
        return cut_places
