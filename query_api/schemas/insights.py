"""The JSON of what many sessions tell together: where a website frustrates, heatmaps, days."""

from typing_extensions import TypedDict  # typing's own lacks what pydantic needs before 3.12

from query_api.schemas.sessions import Viewport


class Example(TypedDict):
    """A session whose replay shows it at `atMs`."""

    sessionId: str
    atMs: int


class Frustrating(TypedDict):
    """Signals of frustration that have something in common; what they have not is null.

    `kinds` counts them by kind. `share`, of a page, is that of `sessions` in `viewingSessions`,
    from 0 to 1. `examples` are its newest sessions, each with its first signal.
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
    """The worst, by sessions, first; `total` counts those beyond the limit too."""

    by: str
    groups: list[Frustrating]
    total: int


class ClickCell(TypedDict):
    """Clicks in one cell of 10 by 10, by its corner with the lowest numbers.

    `x` is in per mille of the viewport's width, `y` in CSS px of the document.
    """

    x: int
    y: int
    count: int


class ScrollStep(TypedDict):
    """How many views saw the page down to `y` CSS px. Never more than saw it down to less."""

    y: int
    views: int


class Background(TypedDict):
    """A recorded view to draw the page from: its replay shows the page at `atMs`."""

    sessionId: str
    pageId: str
    atMs: int
    viewport: Viewport


class Heatmap(TypedDict):
    """Where one page was clicked. `clicks` are the cells with most, and hold `clicksShown`.

    `clickCount` counts those too that have no known place: beyond the first 500 of a view, made
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
    """A page, an address without query and fragment, and how often it was viewed and clicked."""

    url: str
    views: int
    sessions: int
    clicks: int


class ClickedPages(TypedDict):
    """The most clicked first; `total` counts those beyond the limit too."""

    pages: list[ClickedPage]
    total: int


class TopPage(TypedDict):
    """A page that many viewed."""

    url: str
    views: int
    sessions: int


class TopError(TypedDict):
    """A group of errors that happened often. `message` is null once its errors are gone."""

    fingerprint: str
    message: str | None
    count: int
    sessions: int


class Day(TypedDict):
    """The sessions that began on a UTC day. Null where the day was summarised before it was known.

    `frustrationP50` and `frustrationP90` are of the scored sessions, null if there are none.
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
    """The first day first; days without a session are left out."""

    days: list[Day]
