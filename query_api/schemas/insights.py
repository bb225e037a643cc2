"""Schemas of aggregates over sessions: frustration, heatmaps, days."""

from typing_extensions import TypedDict  # typing's own lacks what pydantic needs before 3.12

from query_api.schemas.sessions import Viewport


class Example(TypedDict):
    """A session whose replay shows it at `atMs`."""

    sessionId: str
    atMs: int


class Frustrating(TypedDict):
    """A group of frustration signals; fields in which its signals differ are null.

    `kinds` counts them by kind. `share`, only of a page, is `sessions` divided by
    `viewingSessions`, 0 to 1. `examples` are the newest sessions, each with its first signal.
    """

    url: str | None
    target: str | None
    text: str | None
    kind: str | None
    count: int
    sessions: int
    visitors: int
    kinds: dict[str, int]
    viewingSessions: int | None
    share: float | None
    examples: list[Example]


class Frustration(TypedDict):
    """Groups with most sessions first; `total` includes those beyond the limit."""

    by: str
    groups: list[Frustrating]
    total: int


class ClickCell(TypedDict):
    """Clicks in one cell of 10 by 10, named by its upper left corner.

    `x` is in per mille of the viewport's width, `y` in CSS px of the document.
    """

    x: int
    y: int
    count: int


class ScrollStep(TypedDict):
    """Number of views that saw the page down to `y` CSS px; it falls with `y`."""

    y: int
    views: int


class Background(TypedDict):
    """A recorded view to draw the page from: its replay shows the page at `atMs`."""

    sessionId: str
    pageId: str
    atMs: int
    viewport: Viewport


class Heatmap(TypedDict):
    """Clicks of one page. `clicks` are the cells with most; they contain `clicksShown` clicks.

    `clickCount` includes clicks without a known position: beyond the first 500 of a view, made
    by a key, or in a viewport of unknown width.
    """

    url: str
    viewport: str | None
    viewCount: int
    clickCount: int
    clicksShown: int
    clicks: list[ClickCell]
    scroll: list[ScrollStep]
    background: Background | None


class ClickedPage(TypedDict):
    """A page (URL without query and fragment) with its views and clicks."""

    url: str
    views: int
    sessions: int
    clicks: int


class ClickedPages(TypedDict):
    """Most clicked first; `total` includes those beyond the limit."""

    pages: list[ClickedPage]
    total: int


class TopPage(TypedDict):
    """One of the most viewed pages."""

    url: str
    views: int
    sessions: int


class TopError(TypedDict):
    """One of the most frequent error groups. `message` is null once its errors are removed."""

    fingerprint: str
    message: str | None
    count: int
    sessions: int


class Day(TypedDict):
    """Figures of the sessions that began on a UTC day.

    A field is null where the day was summarised before the field existed. `frustrationP50` and
    `frustrationP90` are of the scored sessions, null if there are none.
    """

    date: str
    sessions: int
    visitors: int
    pageViews: int
    clicks: int
    errors: int
    errorSessions: int
    frustratedSessions: int | None
    frustrationP50: float | None
    frustrationP90: float | None
    signals: dict[str, int] | None
    topPages: list[TopPage] | None
    topErrors: list[TopError] | None


class Days(TypedDict):
    """Days in order; days without a session are left out."""

    days: list[Day]
