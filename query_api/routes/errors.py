"""Routes of a website's JavaScript errors: its groups, and where each of a group happened."""

from typing import Annotated

from fastapi import APIRouter, Query

from lake.reading import error_groups
from query_api import schemas, serializers
from query_api.auth import UseServices, Viewer
from query_api.http.json_response import Json
from query_api.http.query_params import LimitParameters

router = APIRouter(tags=["errors"])


@router.get("/api/websites/{website_id}/errors", response_model=schemas.ErrorGroups)
def groups(
    services: UseServices, website: Viewer, asked: Annotated[LimitParameters, Query()]
) -> Json:
    """List groups of like errors, the one that was seen last first."""
    found = error_groups.error_groups(
        services.lake, website, from_at=asked.from_at, to_at=asked.to_at, limit=asked.limit
    )
    return Json(serializers.error_groups(found))


@router.get("/api/websites/{website_id}/errors/{fingerprint}", response_model=schemas.Occurrences)
def occurrences(
    services: UseServices,
    website: Viewer,
    fingerprint: str,
    asked: Annotated[LimitParameters, Query()],
) -> Json:
    """List the errors of one group, the newest first, each with its session and moment."""
    found = error_groups.error_occurrences(
        services.lake,
        website,
        fingerprint,
        from_at=asked.from_at,
        to_at=asked.to_at,
        limit=asked.limit,
    )
    return Json(serializers.occurrences(fingerprint, found))
