"""Routes of a website's sessions: the list and one session."""

from typing import Annotated

from fastapi import APIRouter, Query

from lake.reading import session_detail, session_list
from query_api import schemas, serializers
from query_api.auth import UseServices, Viewer
from query_api.http.json_response import Json
from query_api.http.problem_responses import PROBLEM_RESPONSES
from query_api.http.query_params import SessionParameters, StrictParameters

router = APIRouter(tags=["sessions"], responses=PROBLEM_RESPONSES)


@router.get("/api/websites/{website_id}/sessions", response_model=schemas.SessionList)
def list_sessions(
    services: UseServices, website: Viewer, query: Annotated[SessionParameters, Query()]
) -> Json:
    """List a website's sessions, filtered and sorted, live ones included."""
    page = session_list.list_sessions(services.lake, website, query.query())
    return Json(serializers.session_list(page))


@router.get(
    "/api/websites/{website_id}/sessions/{session_id}", response_model=schemas.SessionDetail
)
def one_session(
    services: UseServices, website: Viewer, session_id: str, _: Annotated[StrictParameters, Query()]
) -> Json:
    """Return everything about one session except its events."""
    details = session_detail.session_detail(services.lake, website, session_id)
    return Json(serializers.session_detail(details))
