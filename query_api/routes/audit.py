"""The route of a website's audit log."""

from typing import Annotated

from fastapi import APIRouter, Query

from query_api import schemas
from query_api.auth import Admin, UseServices
from query_api.http.json_response import Json
from query_api.http.query_params import AuditParameters

router = APIRouter(tags=["audit"])


@router.get("/api/websites/{website_id}/audit", response_model=schemas.AuditLog)
def audit_log(
    services: UseServices, website: Admin, asked: Annotated[AuditParameters, Query()]
) -> Json:
    """List who did what to a website and watched which session, the newest first."""
    found = services.audit.entries(
        website.website_id,
        from_at=asked.from_at,
        to_at=asked.to_at,
        limit=asked.limit,
        cursor=asked.cursor,
    )
    entries = [
        {
            "entryId": one.entry_id,
            "at": one.at,
            "actor": one.actor,
            "action": one.action,
            "target": one.target,
            "details": one.details,
        }
        for one in found.entries
    ]
    return Json({"entries": entries, "nextCursor": found.next_cursor})
