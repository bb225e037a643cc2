"""Budget of a session's page views: which chunks keep theirs, and what the others keep.

The first chunks by (page, seq) keep their views, as long as these are no longer than the budget
together. Of every other chunk only the first and the last view stay, and the page views between
them count. Which chunks these are depends on the set of chunks alone, never on their order of
delivery: more chunks can only move the end of the kept ones forward, so that what was cut once
stays cut. Knows no other facts (see `lake.raw.chunk_facts`).
"""

from bisect import insort
from itertools import pairwise, takewhile
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from lake.raw.chunk_facts import ChunkFacts, RecordedView

VIEWS_LENGTH_MAX = 256 * 1024  # 2,000 page views of a usual address and title
_VIEW_LENGTH = 32  # what a view takes beside its texts
_FEW = 2  # the first and the last
_AT_MS = attrgetter("at_ms")

Place = tuple[str, int]


class ViewCut(msgspec.Struct, array_like=True, frozen=True):
    """What a chunk had before its views were cut.

    `length` is that of its views, `page_count` how many page views stood between the two kept.
    """

    length: int
    page_count: int


def views_length(views: "tuple[RecordedView, ...]") -> int:
    """Return what views weigh in the budget."""
    return sum(_VIEW_LENGTH + len(view.url) + len(view.title) for view in views)


def cut_views(facts: "ChunkFacts") -> "ChunkFacts":
    """Return a chunk with the first of its views and the start of its last page view.

    May be repeated.
    """
    if len(facts.views) <= _FEW:
        return facts
    views = sorted(facts.views, key=_AT_MS)
    first, last = views[0], _last_start(views)
    changes = sum(one.url != other.url for one, other in pairwise(views))
    hidden = changes - (first.url != last.url)
    return msgspec.structs.replace(
        facts, views=(first, last), cut=ViewCut(views_length(facts.views), hidden)
    )


def _last_start(views: "list[RecordedView]") -> "RecordedView":
    """Return the view with which the last page view begins, with the last title that it got."""
    run = list(takewhile(lambda view: view.url == views[-1].url, reversed(views)))
    if len(run) == len(views):
        return views[-1]
    title = next((view.title for view in run if view.title), "")
    return msgspec.structs.replace(run[-1], title=title)


class ViewBudget:
    """Follows one session's chunks, each given once, in any order."""

    def __init__(self) -> None:
        self._kept: list[tuple[Place, int]] = []
        self._length = 0
        self._end: Place | None = None  # the first chunk that does not keep its views

    def add(self, facts: "ChunkFacts") -> list[Place]:
        """Take a chunk; return the places of those to `cut_views` now."""
        if not facts.views:
            return []
        if self._end is not None and facts.place > self._end:
            return [facts.place]
        length = facts.cut.length if facts.cut else views_length(facts.views)
        insort(self._kept, (facts.place, length))
        self._length += length
        lost = []
        while self._length > VIEWS_LENGTH_MAX:
            self._end, length = self._kept.pop()
            self._length -= length
            lost.append(self._end)
        return lost
