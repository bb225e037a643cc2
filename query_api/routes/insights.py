"""Routes of aggregates over sessions: frustration, heatmaps, clicked pages and days.

They cover compacted sessions. A chunk that was just received shows in its session at once, and
here after the next compaction.
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
from query_api.http.problem_responses import PROBLEM_RESPONSES
from query_api.http.query_params import (
    FrustrationParameters,
    HeatmapParameters,
    LimitParameters,
    PeriodParameters,
)

router = APIRouter(tags=["insights"], responses=PROBLEM_RESPONSES)


@router.get("/api/websites/{website_id}/frustration", response_model=schemas.Frustration)
def worst(
    services: UseServices, website: Viewer, query: Annotated[FrustrationParameters, Query()]
) -> Json:
    """List the pages, elements or signal kinds with most frustrated sessions.

    A page is a URL without query and fragment. An element is its path, text and page. Each group
    names example sessions. Sessions count once they are compacted.
    """
    result = frustration.worst_groups(
        services.lake,
        website,
        by=query.by,
        kinds=query.kind,
        from_at=query.from_at,
        to_at=query.to_at,
        limit=query.limit,
    )
    return Json(_frustration(query.by, result))


@router.get("/api/websites/{website_id}/heatmap", response_model=schemas.Heatmap)
def one_heatmap(
    services: UseServices, website: Viewer, query: Annotated[HeatmapParameters, Query()]
) -> Json:
    """Return the clicks and scroll depths of a page, and a recorded view as background.

    Sessions count once they are compacted.
    """
    result = heatmap.heatmap(
        services.lake,
        website,
        query.url,
        viewport=query.viewport,
        from_at=query.from_at,
        to_at=query.to_at,
    )
    return Json(_heatmap(query, result))


@router.get("/api/websites/{website_id}/pages", response_model=schemas.ClickedPages)
def list_pages(
    services: UseServices, website: Viewer, query: Annotated[LimitParameters, Query()]
) -> Json:
    """List the pages of a website that have a heatmap, most clicked first.

    A page is a URL without query and fragment. Sessions count once they are compacted.
    """
    result = clicked_pages.clicked_pages(
        services.lake,
        website,
        from_at=query.from_at,
        to_at=query.to_at,
        limit=query.limit,
    )
    return Json(_clicked_pages(result))


@router.get("/api/websites/{website_id}/days", response_model=schemas.Days)
def list_days(
    services: UseServices, website: Viewer, query: Annotated[PeriodParameters, Query()]
) -> Json:
    """List a website's daily figures, by the UTC day on which sessions began.

    Figures are as of each day's last summary, which follows its compactions; today's lag behind
    the session list. Days past the website's retention are left out.
    """
    result = daily.daily_summaries(services.lake, website, from_at=query.from_at, to_at=query.to_at)
    return Json({"days": [_day(row) for row in result]})


def _frustration(by: str, result: WorstGroups) -> schemas.Frustration:
    return {"by": by, "groups": [_frustrating(row) for row in result.rows], "total": result.total}


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
        # A session has rows for a limited number of pages, and signals on more.
        "share": min(1.0, row["session_count"] / viewing) if viewing else None,
        "examples": [
            {"sessionId": session_id, "atMs": offset_ms}
            for session_id, offset_ms in row["examples"]
        ],
    }


def _heatmap(query: HeatmapParameters, result: Heatmap) -> schemas.Heatmap:
    background = result.background
    return {
        "url": query.url,
        "viewport": query.viewport,
        "viewCount": result.view_count,
        "clickCount": result.click_count,
        "clicksShown": sum(cell.click_count for cell in result.cells),
        "clicks": [{"x": x, "y": y, "count": count} for x, y, count in result.cells],
        "scroll": [{"y": y, "views": views} for y, views in result.scroll],
        "background": None
        if background is None
        else {
            "sessionId": background.session_id,
            "pageId": background.page_id,
            "atMs": background.offset_ms,
            "viewport": {"width": background.viewport_width, "height": background.viewport_height},
        },
    }


def _clicked_pages(result: clicked_pages.ClickedPages) -> schemas.ClickedPages:
    return {
        "pages": [
            {
                "url": page.url,
                "views": page.view_count,
                "sessions": page.session_count,
                "clicks": page.click_count,
            }
            for page in result.pages
        ],
        "total": result.total,
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
