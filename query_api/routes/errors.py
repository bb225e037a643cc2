"""Routes of a website's JavaScript errors: groups and the occurrences of a group."""

from typing import Annotated

from fastapi import APIRouter, Query

from lake.reading import error_groups
from query_api import schemas, serializers
from query_api.auth import UseServices, Viewer
from query_api.http.json_response import Json
from query_api.http.problem_responses import PROBLEM_RESPONSES
from query_api.http.query_params import LimitParameters

router = APIRouter(tags=["errors"], responses=PROBLEM_RESPONSES)


@router.get("/api/websites/{website_id}/errors", response_model=schemas.ErrorGroups)
def groups(
    services: UseServices, website: Viewer, query: Annotated[LimitParameters, Query()]
) -> Json:
    """List groups of similar errors, most recently seen first."""
    page = error_groups.error_groups(
        services.lake,
        website,
        from_at=query.from_at,
        to_at=query.to_at,
        limit=query.limit,
    )
    return Json(serializers.error_groups(page))


@router.get("/api/websites/{website_id}/errors/{fingerprint}", response_model=schemas.Occurrences)
def occurrences(
    services: UseServices,
    website: Viewer,
    fingerprint: str,
    query: Annotated[LimitParameters, Query()],
) -> Json:
    """List the errors of one group, newest first, each with its session and offset."""
    page = error_groups.error_occurrences(
        services.lake,
        website,
        fingerprint,
        from_at=query.from_at,
        to_at=query.to_at,
        limit=query.limit,
    )
    return Json(serializers.occurrences(fingerprint, page))
