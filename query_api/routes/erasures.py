"""Routes of erasure: ask for it, and see how far it is. Hidden at once; its bytes go soon after."""

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
from query_api.http.query_params import StrictParameters, WebsiteParameters

router = APIRouter(tags=["erasure"])

_BODY_BYTES_MAX = 1024 * 1024
_HELD_MAX = 1000  # held sessions that a receipt names
_RESPONSES: dict[int | str, dict[str, Any]] = {
    202: {"description": "Hidden from now on; its bytes go by `dueAt`.", "model": schemas.Erasure}
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
    """The body of a request for erasure is not of its form, or too large."""

    kind = "erasure-malformed"


class _ErasureBody(msgspec.Struct, forbid_unknown_fields=True):
    sessions: tuple[str, ...] = ()
    visitorId: str | None = None  # noqa: N815 - as in all of the API
    userId: str | None = None  # noqa: N815


async def _erasure_body(request: Request, _: Admin) -> _ErasureBody:
    """Read the body. Who may not erase anything is refused before."""
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
    """Erase all of a visitor's sessions that began until now."""
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
    """Erase all sessions that began until now and in which this user was ever identified."""
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
    asked: Annotated[_ErasureBody, Depends(_erasure_body)],
    _: Annotated[StrictParameters, Query()],
) -> Json:
    """Erase many sessions, or all of a visitor or an identified user, at once."""
    wanted = ErasureTargets(asked.sessions, asked.visitorId, asked.userId)
    return _create_request(request, services, website, wanted)


@router.get("/api/websites/{website_id}/erasures", response_model=schemas.ErasureList)
def erasures(
    services: UseServices, website: Viewer, _: Annotated[StrictParameters, Query()]
) -> Json:
    """List the newest erasures of a website."""
    found = lake_erasure.list_receipts(services.store, website.website_id)
    return Json({"erasures": [_serialized(one) for one in found]})


@router.delete("/api/websites/{website_id}/erasures/{erasure_id}", response_model=schemas.Cancelled)
def cancel(
    request: Request,
    services: UseServices,
    website: Admin,
    erasure_id: str,
    _: Annotated[StrictParameters, Query()],
) -> Json:
    """Remove a request that has failed because it can never be carried out as it stands.

    What it hid stays hidden; `replacedBy` is an erasure of what of it can be erased.
    """
    anew = lake_erasure.cancel(
        services.store,
        website.website_id,
        erasure_id,
        by=request.state.key_id,
        now_ms=services.lake.now_ms(),
    )
    return Json({"erasureId": erasure_id, "replacedBy": anew})


@router.get("/api/erasures/{erasure_id}", response_model=schemas.Erasure)
def erasure(
    services: UseServices,
    website: Viewer,
    erasure_id: str,
    _: Annotated[WebsiteParameters, Query()],
) -> Json:
    """Tell how far an erasure is; done, this is its receipt."""
    return Json(
        _serialized(lake_erasure.read_receipt(services.store, website.website_id, erasure_id))
    )


def _create_request(
    request: Request, services: Services, website: Website, wanted: ErasureTargets
) -> Json:
    by = request.state.key_id
    receipt = lake_erasure.request_erasure(services.lake, website.website_id, wanted, by=by)
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
                "sessionId": one.session_id,
                "hold": one.hold,
                "reason": one.reason,
                "placedAt": one.placed_at,
                "placedBy": one.placed_by,
            }
            for one in receipt.held[:_HELD_MAX]
        ],
        "sessions": len(receipt.sessions),
        "rows": receipt.row_count,
        "files": receipt.file_count,
        "bytes": receipt.file_bytes,
        "chunks": receipt.chunk_count,
        "tableFiles": receipt.table_file_count,
        "unreadableObjects": receipt.unreadable_count,
    }
