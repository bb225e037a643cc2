"""Routes of what many sessions tell together: where a website frustrates, heatmaps and days.

All of compacted sessions: what just came is in its session's own answer at once, and here after
the next compaction.
"""

from typing import Annotated

from fastapi import APIRouter, Query

from lake.reading.insights import clicked_pages, daily, frustration, heatmap
from lake.reading.insights.frustration import WorstGroups
from lake.reading.insights.heatmap import Heatmap
from lake.tables.row_builders import Row
from query_api import schemas
from query_api.auth import UseServices, Viewer
from query_api.http.json_response import Json
from query_api.http.query_params import (
    FrustrationParameters,
    HeatmapParameters,
    LimitParameters,
    PeriodParameters,
)

router = APIRouter(tags=["insights"])


@router.get("/api/websites/{website_id}/frustration", response_model=schemas.Frustration)
def worst(
    services: UseServices, website: Viewer, asked: Annotated[FrustrationParameters, Query()]
) -> Json:
    """List the pages, elements or kinds of signals that frustrate most sessions.

    A page is an address without query and fragment. An element is its path, its text and its page.
    Each group names sessions that show it. Sessions count once they are compacted.
    """
    found = frustration.worst_groups(
        services.lake,
        website,
        by=asked.by,
        kinds=asked.kind,
        from_at=asked.from_at,
        to_at=asked.to_at,
        limit=asked.limit,
    )
    return Json(_frustration(asked.by, found))


@router.get("/api/websites/{website_id}/heatmap", response_model=schemas.Heatmap)
def one_heatmap(
    services: UseServices, website: Viewer, asked: Annotated[HeatmapParameters, Query()]
) -> Json:
    """Tell where a page was clicked, how far down it was seen, and what it looked like.

    Sessions count once they are compacted.
    """
    found = heatmap.heatmap(
        services.lake,
        website,
        asked.url,
        viewport=asked.viewport,
        from_at=asked.from_at,
        to_at=asked.to_at,
    )
    return Json(_heatmap(asked, found))


@router.get("/api/websites/{website_id}/pages", response_model=schemas.ClickedPages)
def list_pages(
    services: UseServices, website: Viewer, asked: Annotated[LimitParameters, Query()]
) -> Json:
    """List the pages of a website, the most clicked first: those that have a heatmap.

    A page is an address without query and fragment. Sessions count once they are compacted.
    """
    found = clicked_pages.clicked_pages(
        services.lake, website, from_at=asked.from_at, to_at=asked.to_at, limit=asked.limit
    )
    return Json(_clicked_pages(found))


@router.get("/api/websites/{website_id}/days", response_model=schemas.Days)
def list_days(
    services: UseServices, website: Viewer, asked: Annotated[PeriodParameters, Query()]
) -> Json:
    """List a website's days in figures, by the UTC day on which sessions began.

    As of each day's last summary, which follows its compactions: today's lags behind the list of
    sessions. Days that the website no longer keeps are left out.
    """
    found = daily.daily_summaries(services.lake, website, from_at=asked.from_at, to_at=asked.to_at)
    return Json({"days": [_day(row) for row in found]})


def _frustration(by: str, found: WorstGroups) -> schemas.Frustration:
    return {"by": by, "groups": [_frustrating(row) for row in found.rows], "total": found.total}


def _frustrating(row: Row) -> schemas.Frustrating:
    viewing = row.get("viewing_session_count")
    return {
        "url": row.get("url"),
        "target": row.get("target"),
        "text": row.get("text"),
        "kind": row.get("kind"),
        "count": row["count"],
        "sessions": row["session_count"],
        "visitors": row["visitor_count"],
        "kinds": row["by_kind"],
        "viewingSessions": viewing,
        # Of a session only so many pages have a row, and more may have signals.
        "share": min(1.0, row["session_count"] / viewing) if viewing else None,
        "examples": [
            {"sessionId": session_id, "atMs": offset_ms}
            for session_id, offset_ms in row["examples"]
        ],
    }


def _heatmap(asked: HeatmapParameters, found: Heatmap) -> schemas.Heatmap:
    drawn = found.background
    return {
        "url": asked.url,
        "viewport": asked.viewport,
        "viewCount": found.view_count,
        "clickCount": found.click_count,
        "clicksShown": sum(cell.click_count for cell in found.cells),
        "clicks": [{"x": x, "y": y, "count": count} for x, y, count in found.cells],
        "scroll": [{"y": y, "views": views} for y, views in found.scroll],
        "background": None
        if drawn is None
        else {
            "sessionId": drawn.session_id,
            "pageId": drawn.page_id,
            "atMs": drawn.offset_ms,
            "viewport": {"width": drawn.viewport_width, "height": drawn.viewport_height},
        },
    }


def _clicked_pages(found: clicked_pages.ClickedPages) -> schemas.ClickedPages:
    return {
        "pages": [
            {
                "url": page.url,
                "views": page.view_count,
                "sessions": page.session_count,
                "clicks": page.click_count,
            }
            for page in found.pages
        ],
        "total": found.total,
    }


def _day(row: Row) -> schemas.Day:
    return {
        "date": row["date"].isoformat(),
        "sessions": row["session_count"],
        "visitors": row["visitor_count"],
        "pageViews": row["page_count"],
        "clicks": row["click_count"],
        "errors": row["error_count"],
        "errorSessions": row["error_session_count"],
        "frustratedSessions": row["frustrated_session_count"],
        "frustrationP50": row["frustration_p50"],
        "frustrationP90": row["frustration_p90"],
        "signals": row["signals"],
        "topPages": row["top_pages"],
        "topErrors": row["top_errors"],
    }
