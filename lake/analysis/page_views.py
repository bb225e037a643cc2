"""Where each page view was clicked and how far down it was seen: what heatmaps are drawn of.

Clicks of rrweb are places in the viewport; here they become places of the document, by how far it
was scrolled then. Elements that scroll within a page stay out of it.
"""

from dataclasses import dataclass, field

from lake.analysis.events import Navigation

CLICKS_MAX = 500  # places kept of one view; its count stays right beyond
_VIEWS_MAX = 10_000  # of one session
_PX_MAX = 2**31 - 1


@dataclass
class ViewInteractions:
    """One address of a page, from `at_ms` on. Places are CSS px of the document."""

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
    """Sees the views, scrolls and clicks of all pages of a session."""

    def __init__(self) -> None:
        self._pages: dict[str, _PageState] = {}
        self._count = 0

    @property
    def by_page(self) -> dict[str, list[ViewInteractions]]:
        """The views of each page, the first one first."""
        return {page_id: page.views for page_id, page in self._pages.items()}

    def see_view(self, view: Navigation) -> None:
        """A page shows an address; the one it shows already is no new view."""
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
        """A snapshot names the document's node."""
        self._pages.setdefault(page_id, _PageState()).document = document

    def see_scroll(self, page_id: str, node: int, x: float, y: float) -> None:
        """Something is scrolled to a place."""
        page = self._pages.get(page_id)
        if page is None or page.document != node:
            return
        page.left, page.top = _clamped_px(x), _clamped_px(y)
        _record_seen_depth(page)

    def see_click(self, page_id: str, at_ms: float, x: float | None, y: float | None) -> None:
        """A click at a place of the viewport; None where it has none, as a key's."""
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
    """Note how far down a page is seen now."""
    if page.views:
        view = page.views[-1]
        view.seen_px = max(view.seen_px, int(_clamped_px(page.top + (view.height or 0))))


def _clamped_px(px: float) -> float:
    return min(max(px, 0.0), _PX_MAX) if px == px else 0.0
