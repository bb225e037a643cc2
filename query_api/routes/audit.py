"""The route of a website's audit log."""

from typing import Annotated

from fastapi import APIRouter, Query

from query_api import schemas
from query_api.auth import Admin, UseServices
from query_api.http.json_response import Json
from query_api.http.problem_responses import PROBLEM_RESPONSES
from query_api.http.query_params import AuditParameters

router = APIRouter(tags=["audit"], responses=PROBLEM_RESPONSES)


@router.get("/api/websites/{website_id}/audit", response_model=schemas.AuditLog)
def audit_log(
    services: UseServices, website: Admin, query: Annotated[AuditParameters, Query()]
) -> Json:
    """List changes to a website and replay views, each with its actor, newest first."""
    page = services.audit.entries(
        website.website_id,
        from_at=query.from_at,
        to_at=query.to_at,
        limit=query.limit,
        cursor=query.cursor,
    )
    entries = [
        {
            "entryId": entry.entry_id,
            "at": entry.at,
            "actor": entry.actor,
            "action": entry.action,
            "target": entry.target,
            "details": entry.details,
        }
        for entry in page.entries
    ]
    return Json({"entries": entries, "nextCursor": page.next_cursor})
