"""Routes of erasure: request it and read its progress. Sessions are hidden at once."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request

from lake import erasure as lake_erasure
from lake.control.websites import Website
from lake.erasure import ErasureTargets, Receipt
from lake.errors import BadInput
from lake.reading.session_lookup import resolve_session
from query_api import schemas
from query_api.auth import Admin, Services, UseServices, Viewer
from query_api.http import request_bodies
from query_api.http.json_response import Json
from query_api.http.problem_responses import PROBLEM_RESPONSES
from query_api.http.query_params import StrictParameters, WebsiteParameters

router = APIRouter(tags=["erasure"], responses=PROBLEM_RESPONSES)

_BODY_BYTES_MAX = 1024 * 1024
_HELD_MAX = 1000  # held sessions that a receipt lists
_RESPONSES: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "Hidden at once; its bytes are removed by `dueAt`.",
        "model": schemas.Erasure,
    }
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "sessions": {
                            "type": "array",
                            "items": {"type": "string"},
                            "maxItems": 10_000,
                        },
                        "visitorId": {"type": "string"},
                        "userId": {"type": "string"},
                    },
                },
                "example": {"userId": "customer-17"},
            }
        },
    }
}


class ErasureMalformed(BadInput):
    """The body of an erasure request is malformed or too large."""

    kind = "erasure-malformed"


class _ErasureBody(msgspec.Struct, forbid_unknown_fields=True):
    sessions: tuple[str, ...] = ()
    visitorId: str | None = None  # noqa: N815 - as in all of the API
    userId: str | None = None  # noqa: N815


async def _erasure_body(request: Request, _: Admin) -> _ErasureBody:
    """Read the body, after the key was found to be an admin's."""
    too_large = ErasureMalformed(f"the request is more than {_BODY_BYTES_MAX} bytes: split it")
    body = await request_bodies.read(request, _BODY_BYTES_MAX, too_large)
    try:
        return msgspec.json.decode(body, type=_ErasureBody)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ErasureMalformed(
            'send {"sessions": ["…"]}, {"visitorId": "…"} or {"userId": "…"}'
        ) from error


@router.delete("/api/replay/{session_id}", status_code=202, responses=_RESPONSES)
def erase_session(
    request: Request,
    services: UseServices,
    website: Admin,
    session_id: str,
    _: Annotated[WebsiteParameters, Query()],
) -> Json:
    """Erase a session."""
    resolve_session(services.lake, website, session_id)
    return _create_request(request, services, website, ErasureTargets(sessions=(session_id,)))


@router.delete(
    "/api/websites/{website_id}/visitors/{visitor_id}", status_code=202, responses=_RESPONSES
)
def erase_visitor(
    request: Request,
    services: UseServices,
    website: Admin,
    visitor_id: str,
    _: Annotated[StrictParameters, Query()],
) -> Json:
    """Erase all sessions of a visitor that began before now."""
    return _create_request(request, services, website, ErasureTargets(visitor_id=visitor_id))


@router.delete(
    "/api/websites/{website_id}/users/{user_id:path}", status_code=202, responses=_RESPONSES
)
def erase_user(
    request: Request,
    services: UseServices,
    website: Admin,
    user_id: str,
    _: Annotated[StrictParameters, Query()],
) -> Json:
    """Erase all sessions that began before now and in which this user was ever identified."""
    return _create_request(request, services, website, ErasureTargets(user_id=user_id))


@router.post(
    "/api/websites/{website_id}/erasures",
    status_code=202,
    responses=_RESPONSES,
    openapi_extra=_BODY,
)
def erase(
    request: Request,
    services: UseServices,
    website: Admin,
    body: Annotated[_ErasureBody, Depends(_erasure_body)],
    _: Annotated[StrictParameters, Query()],
) -> Json:
    """Erase many sessions, or all sessions of a visitor or an identified user."""
    targets = ErasureTargets(body.sessions, body.visitorId, body.userId)
    return _create_request(request, services, website, targets)


@router.get("/api/websites/{website_id}/erasures", response_model=schemas.ErasureList)
def erasures(
    services: UseServices, website: Viewer, _: Annotated[StrictParameters, Query()]
) -> Json:
    """List a website's newest erasures."""
    receipts = lake_erasure.list_receipts(services.store, website.website_id)
    return Json({"erasures": [_serialized(receipt) for receipt in receipts]})


@router.delete("/api/websites/{website_id}/erasures/{erasure_id}", response_model=schemas.Cancelled)
def cancel(
    request: Request,
    services: UseServices,
    website: Admin,
    erasure_id: str,
    _: Annotated[StrictParameters, Query()],
) -> Json:
    """Cancel a failed request that can never be executed.

    Its sessions stay hidden; `replacedBy` is a new erasure of those that can be erased.
    """
    replacement = lake_erasure.cancel(
        services.store,
        website.website_id,
        erasure_id,
        by=request.state.key_id,
        now_ms=services.lake.now_ms(),
    )
    return Json({"erasureId": erasure_id, "replacedBy": replacement})


@router.get("/api/erasures/{erasure_id}", response_model=schemas.Erasure)
def erasure(
    services: UseServices,
    website: Viewer,
    erasure_id: str,
    _: Annotated[WebsiteParameters, Query()],
) -> Json:
    """Return an erasure's progress; once done, this is its receipt."""
    return Json(
        _serialized(lake_erasure.read_receipt(services.store, website.website_id, erasure_id))
    )


def _create_request(
    request: Request, services: Services, website: Website, targets: ErasureTargets
) -> Json:
    by = request.state.key_id
    receipt = lake_erasure.request_erasure(services.lake, website.website_id, targets, by=by)
    return Json(_serialized(receipt), status_code=202)


def _status(receipt: Receipt) -> str:
    if receipt.done_at:
        return "done"
    if receipt.failed:
        return "failed"
    return "held" if receipt.held else "hidden"


def _serialized(receipt: Receipt) -> dict[str, Any]:
    return {
        "erasureId": receipt.erasure_id,
        "status": _status(receipt),
        "requestedAt": receipt.requested_at,
        "requestedBy": receipt.requested_by,
        "dueAt": receipt.due_at,
        "doneAt": receipt.done_at,
        "waitsFor": receipt.waits_for,
        "failed": receipt.failed,
        "held": [
            {
                "sessionId": session.session_id,
                "hold": session.hold,
                "reason": session.reason,
                "placedAt": session.placed_at,
                "placedBy": session.placed_by,
            }
            for session in receipt.held[:_HELD_MAX]
        ],
        "sessions": len(receipt.sessions),
        "rows": receipt.row_count,
        "files": receipt.file_count,
        "bytes": receipt.file_bytes,
        "chunks": receipt.chunk_count,
        "tableFiles": receipt.table_file_count,
        "unreadableObjects": receipt.unreadable_count,
    }
