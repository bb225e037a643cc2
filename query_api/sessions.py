"""Routes of a website's sessions: the list, and one of them."""

from typing import Annotated

from fastapi import APIRouter, Query

from lake import details, listing
from query_api import rendering, shapes
from query_api.access import UseServices, Viewer
from query_api.answers import Json
from query_api.parameters import SessionParameters, Strict

router = APIRouter(tags=["sessions"])


@router.get("/api/websites/{website_id}/sessions", response_model=shapes.SessionList)
def list_sessions(
    services: UseServices, website: Viewer, asked: Annotated[SessionParameters, Query()]
) -> Json:
    """List a website's sessions, filtered and sorted, live ones included."""
    found = listing.list_sessions(services.lake, website, asked.query())
    return Json(rendering.session_list(found))


@router.get("/api/websites/{website_id}/sessions/{session_id}", response_model=shapes.SessionDetail)
def one_session(
    services: UseServices, website: Viewer, session_id: str, _: Annotated[Strict, Query()]
) -> Json:
    """Tell everything about one session but its events."""
    found = details.session_detail(services.lake, website, session_id)
    return Json(rendering.session_detail(found))
