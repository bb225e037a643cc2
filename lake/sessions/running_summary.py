"""Update a session's totals chunk by chunk: a chunk costs its own size, not the session's.

`lake.sessions.summary.summarize` of the same chunks gives the same totals, whatever the order in
which they are added here; a property test compares the two. Pages and gaps are only counted. Pure;
memory is bounded by the session's budget of views (see `lake.raw.view_budget`).
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from lake import ids
from lake.raw.chunk_facts import ChunkFacts, Client
from lake.raw.view_budget import Place, ViewBudget, cut_views
from lake.sessions.summary import PAGES_MAX, SessionSummary, last_activity, with_clamped_times


class _PlacedView(NamedTuple):
    """A view of one page. Sorts as in `summarize`: by time, then by its place in the session."""

    at_ms: int
    page_id: str
    seq: int
    number: int
    url: str


@dataclass(slots=True)
class _PageTotals:
    """One page load: its chunks, its views, and when the visitor last acted on it."""

    chunk_count: int = 0
    last_seq: int = -1
    snapshot_count: int = 0
    acted: tuple[tuple[bool, int], Place] = ((False, 0), ("", -1))
    views: list[_PlacedView] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        return self.chunk_count == self.last_seq + 1 and self.snapshot_count > 0

    @property
    def shown_url(self) -> str | None:
        """The page's last URL."""
        return next((seen.url for seen in reversed(self.views) if seen.url), None)


class RunningSummary:
    """Totals of one session. Add the chunk of each place once."""

    def __init__(self, website_id: str, session_id: str) -> None:
        self._key = (website_id, session_id)
        self._began_ms = ids.at_ms_of(session_id)
        self.chunks: dict[Place, ChunkFacts] = {}
        self._budget = ViewBudget()
        self._pages: dict[str, _PageTotals] = {}
        self._incomplete_count = 0
        self._blank_count = 0  # pages without a view
        self._start_count = 0
        self._named: list[_PlacedView] = []  # views that begin a page view and have a URL
        self._hidden_count = 0
        self._hidden_from_ms: int | None = None
        self._first_view: tuple[int, Place, int, int, int] | None = None
        self._times: tuple[int, int] | None = None
        self._user: tuple[int, str, int, str] | None = None
        self._users: dict[
            str, tuple[int, Place, int]
        ] = {}  # by the first chunk that identifies them
        self._trigger: tuple[int, str, int, str] | None = None
        self._click_count = self._error_count = self._event_count = self._raw_bytes = 0

    def add(self, facts: ChunkFacts) -> None:
        """Add a chunk whose place is not in `chunks` yet."""
        place = facts.place
        assert place not in self.chunks
        plausible = with_clamped_times(facts, self._began_ms)
        self._add_numbers(plausible)
        self._add_to_page(plausible)
        cut_places = self._budget.add(facts)
        if place in cut_places:
            facts = cut_views(facts)
        self.chunks[place] = facts
        self._add_views(with_clamped_times(facts, self._began_ms))
        for other in cut_places:
            before = self.chunks[other]
            after = cut_views(before)
            if after is not before:
                self.chunks[other] = after
                self._remove_views(with_clamped_times(before, self._began_ms))
                self._add_views(with_clamped_times(after, self._began_ms))

    def summary(self, client: Client) -> SessionSummary:
        """Return the totals of the chunks that were added, at least one."""
        assert self._times is not None
        first_at_ms, last_at_ms = self._times
        views = self._first_view
        return SessionSummary(
            website_id=self._key[0],
            session_id=self._key[1],
            started_at=datetime.fromtimestamp(self._began_ms / 1000, UTC),
            first_at_ms=first_at_ms,
            duration_ms=last_at_ms - first_at_ms,
            client=client,
            user_id=self._user[3] if self._user else None,
            user_ids=tuple(sorted(self._users, key=self._users.__getitem__)),
            trigger=self._trigger[3] if self._trigger else None,
            page_count=self._start_count + self._blank_count + self._hidden_count,
            initial_url=self._named[0].url if self._named else None,
            exit_url=self._exit_url(),
            urls=self._urls(),
            is_complete=not self._incomplete_count,
            width=views[3] if views else None,
            height=views[4] if views else None,
            click_count=self._click_count,
            error_count=self._error_count,
            event_count=self._event_count,
            raw_bytes=self._raw_bytes,
            pages=[],
            pages_until_ms=None,
            gaps=[],
        )

    def _exit_url(self) -> str | None:
        pages = sorted(self._pages.values(), key=lambda page: page.acted, reverse=True)
        return next((url for page in pages if (url := page.shown_url)), None)

    def _urls(self) -> tuple[str, ...]:
        end = len(self._named)
        if self._hidden_from_ms is not None:
            end = bisect_left(self._named, (self._hidden_from_ms,))
        return tuple(dict.fromkeys(seen.url for seen in islice(self._named, min(end, PAGES_MAX))))

    def _add_numbers(self, facts: ChunkFacts) -> None:
        first, last = self._times or (facts.first_at_ms, facts.last_at_ms)
        self._times = min(first, facts.first_at_ms), max(last, facts.last_at_ms)
        if facts.user_id:
            user = (facts.last_at_ms, *facts.place, facts.user_id)
            self._user = max(self._user or user, user)
        for number, user_id in enumerate(facts.users):
            seen = (facts.last_at_ms, facts.place, number)
            self._users[user_id] = min(self._users.get(user_id, seen), seen)
        if facts.trigger:
            trigger = (facts.first_at_ms, *facts.place, facts.trigger)
            self._trigger = min(self._trigger or trigger, trigger)
        self._click_count += facts.click_count
        self._error_count += facts.error_count
        self._event_count += facts.event_count
        self._raw_bytes += facts.raw_bytes

    def _add_to_page(self, facts: ChunkFacts) -> None:
        page = self._pages.get(facts.page_id)
        if page is None:
            page = self._pages[facts.page_id] = _PageTotals()
            self._blank_count += 1
        else:
            self._incomplete_count -= not page.is_complete
        page.chunk_count += 1
        page.last_seq = max(page.last_seq, facts.seq)
        page.snapshot_count += facts.snapshot_count
        page.acted = max(page.acted, (last_activity(facts), facts.place))
        self._incomplete_count += not page.is_complete

    def _add_views(self, facts: ChunkFacts) -> None:
        for number, view in enumerate(facts.views):
            first = (view.at_ms, facts.place, number, view.width, view.height)
            self._first_view = min(self._first_view or first, first)
            self._add_view(_PlacedView(view.at_ms, *facts.place, number, view.url))
        if facts.cut and facts.cut.page_count:
            self._hidden_count += facts.cut.page_count
            at_ms = facts.views[0].at_ms
            before = self._hidden_from_ms
            self._hidden_from_ms = at_ms if before is None else min(before, at_ms)

    def _add_view(self, seen: _PlacedView) -> None:
        views = self._pages[seen.page_id].views
        self._blank_count -= not views
        at = bisect_left(views, seen)
        self._count_starts(views[at - 1 : at] if at else [], views[at : at + 1], -1)
        views.insert(at, seen)
        self._count_starts(views[at - 1 : at] if at else [], views[at : at + 2], 1)

    def _remove_views(self, facts: ChunkFacts) -> None:
        for number, view in enumerate(facts.views):
            seen = _PlacedView(view.at_ms, *facts.place, number, view.url)
            views = self._pages[seen.page_id].views
            at = bisect_left(views, seen)
            self._count_starts(views[at - 1 : at] if at else [], views[at : at + 2], -1)
            del views[at]
            self._count_starts(views[at - 1 : at] if at else [], views[at : at + 1], 1)
            self._blank_count += not views

    def _count_starts(self, before: list[_PlacedView], some: list[_PlacedView], sign: int) -> None:
        """Count the views of `some` that begin a page view; `before` holds the view before them."""
        url = before[0].url if before else None
        for seen in some:
            if seen.url != url:
                self._start_count += sign
                if not seen.url:
                    pass
                elif sign > 0:
                    insort(self._named, seen)
                else:
                    del self._named[bisect_left(self._named, seen)]
            url = seen.url
