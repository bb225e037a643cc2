"""Clicks and scroll depth of each page view, the input of heatmaps.

rrweb gives clicks in viewport coordinates. Here they become document coordinates, by the scroll
offset at that time. Elements that scroll within a page are not followed.
"""

from dataclasses import dataclass, field

from lake.analysis.events import Navigation

CLICKS_MAX = 500  # positions of one view; its count includes all
_VIEWS_MAX = 10_000  # of one session
_PX_MAX = 2**31 - 1


@dataclass
class ViewInteractions:
    """One URL of a page, from `at_ms` on. Positions are CSS px of the document."""

    at_ms: float
    url: str
    width: int | None
    height: int | None
    click_count: int = 0
    clicks: list[tuple[int, int]] = field(default_factory=list)
    seen_px: int = 0


@dataclass
class _PageState:
    views: list[ViewInteractions] = field(default_factory=list)
    document: int = 1
    left: float = 0.0
    top: float = 0.0


class PageViews:
    """Collects the views, scrolls and clicks of all pages of a session."""

    def __init__(self) -> None:
        self._pages: dict[str, _PageState] = {}
        self._count = 0

    @property
    def by_page(self) -> dict[str, list[ViewInteractions]]:
        """The views of each page, in order."""
        return {page_id: page.views for page_id, page in self._pages.items()}

    def see_view(self, view: Navigation) -> None:
        """Record a navigation; the URL that the page shows already makes no new view."""
        page = self._pages.setdefault(view.page_id, _PageState())
        if page.views and page.views[-1].url == view.url:
            page.views[-1].width = page.views[-1].width or view.width
            page.views[-1].height = page.views[-1].height or view.height
        elif self._count < _VIEWS_MAX:
            self._count += 1
            page.views.append(ViewInteractions(view.at_ms, view.url, view.width, view.height))
        else:
            return
        _record_seen_depth(page)

    def see_document(self, page_id: str, document: int) -> None:
        """Record the node id of a page's document."""
        self._pages.setdefault(page_id, _PageState()).document = document

    def see_scroll(self, page_id: str, node: int, x: float, y: float) -> None:
        """Record a scroll position; only those of documents count."""
        page = self._pages.get(page_id)
        if page is None or page.document != node:
            return
        page.left, page.top = _clamped_px(x), _clamped_px(y)
        _record_seen_depth(page)

    def see_click(self, page_id: str, at_ms: float, x: float | None, y: float | None) -> None:
        """Record a click in the viewport; `x` and `y` are None for a click by keyboard."""
        page = self._pages.setdefault(page_id, _PageState())
        if not page.views:
            if self._count >= _VIEWS_MAX:
                return
            self._count += 1
            page.views.append(ViewInteractions(at_ms, "", None, None))
        view = page.views[-1]
        view.click_count += 1
        if x is not None and y is not None and len(view.clicks) < CLICKS_MAX:
            view.clicks.append((int(_clamped_px(x + page.left)), int(_clamped_px(y + page.top))))


def _record_seen_depth(page: _PageState) -> None:
    """Record how far down a page is visible now."""
    if page.views:
        view = page.views[-1]
        view.seen_px = max(view.seen_px, int(_clamped_px(page.top + (view.height or 0))))


def _clamped_px(px: float) -> float:
    return min(max(px, 0.0), _PX_MAX) if px == px else 0.0
