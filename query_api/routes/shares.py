"""Routes of share links: admins create and revoke them; anyone with a link may follow it.

A link shows one session, and nothing about its visitor beyond what the recording itself shows.
"""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from lake.control import share_links
from lake.control.share_links import Share, ShareMissing
from lake.reading import session_detail
from lake.reading.session_lookup import resolve_session
from query_api import schemas, serializers
from query_api.auth import Admin, Shared, UseServices
from query_api.http import request_bodies
from query_api.http.json_response import Json
from query_api.http.problem_responses import PROBLEM_RESPONSES
from query_api.http.query_params import ReplayPart, StrictParameters, WebsiteParameters
from query_api.routes import replays

router = APIRouter(tags=["shares"], responses=PROBLEM_RESPONSES)

_PROXY_SIGNS = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
)

_BODY = {
    "requestBody": {
        "required": False,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"expires_in_s": {"type": "number", "exclusiveMinimum": 0}},
                },
                "example": {"expires_in_s": 86_400},
            }
        },
    }
}


class _ShareBody(msgspec.Struct, forbid_unknown_fields=True):
    expires_in_s: float = share_links.EXPIRES_IN_S


async def _share_body(request: Request, _: Admin) -> _ShareBody:
    """Read the body, after the key was found to be an admin's."""
    return await request_bodies.read_json(
        request, _ShareBody, 'nothing, or {"expires_in_s": 86400}'
    )


@router.post(
    "/api/replay/{session_id}/share",
    status_code=201,
    response_model=schemas.NewShare,
    openapi_extra=_BODY,
)
def make_share(
    request: Request,
    services: UseServices,
    website: Admin,
    session_id: str,
    body: Annotated[_ShareBody, Depends(_share_body)],
    _: Annotated[WebsiteParameters, Query()],
) -> Json:
    """Create a link that plays this session until it expires. Its URL cannot be shown later.

    `url` begins with `/` where the server does not know its own address; set
    `REPLAY_DASHBOARD_URL`.
    """
    resolve_session(services.lake, website, session_id)
    settings = services.lake.settings
    share, token = share_links.create(
        services.store,
        settings,
        website.website_id,
        session_id,
        by=request.state.actor,
        expires_in_s=body.expires_in_s,
        now_ms=services.lake.now_ms(),
    )
    base = settings.dashboard_url.rstrip("/") or _own_address(request)
    secret = {"token": token, "url": f"{base}/shared/{token}"}
    return Json(_serialized(share) | secret, status_code=201)


@router.get("/api/replay/{session_id}/shares", response_model=schemas.ShareList)
def list_shares(
    services: UseServices, website: Admin, session_id: str, _: Annotated[WebsiteParameters, Query()]
) -> Json:
    """List a session's links, expired ones included; never their tokens."""
    resolve_session(services.lake, website, session_id)
    shares = share_links.of_website(services.store, website.website_id, session_id)
    return Json({"shares": [_serialized(share) for share in shares]})


@router.delete("/api/shares/{share_id}", response_model=schemas.Share)
def revoke_share(
    request: Request,
    services: UseServices,
    website: Admin,
    share_id: str,
    _: Annotated[WebsiteParameters, Query()],
) -> Json:
    """Revoke a link for good. Other processes accept it for some seconds more."""
    if share_links.get(services.store, share_id).website_id != website.website_id:
        raise ShareMissing("no share link has this id")
    share = share_links.revoke(
        services.store, share_id, now_ms=services.lake.now_ms(), by=request.state.actor
    )
    services.control.refresh_share(share_id)
    return Json(_serialized(share))


@router.get("/api/shared/{token}", response_model=schemas.SharedSession)
def shared_session(
    services: UseServices, shared: Shared, _: Annotated[StrictParameters, Query()]
) -> Json:
    """Return everything about a link's session except its events and its visitor."""
    details = session_detail.session_detail(services.lake, shared.website, shared.session_id)
    return Json(serializers.shared_session(details))


@router.get("/api/shared/{token}/replay", response_class=Response, responses=replays.RESPONSES)
def shared_replay(
    request: Request,
    services: UseServices,
    shared: Shared,
    part: Annotated[ReplayPart, Query()],
) -> Response:
    """Stream the events of a link's session, as the replay route does.

    Events in which the website identifies its user are replaced by `replaylake.withheld`.
    """
    return replays.replay_response(
        request, services, shared.website, shared.session_id, part, hides_user=True
    )


@router.get(
    "/api/shared/{token}/offline", response_class=Response, responses=replays.OFFLINE_RESPONSES
)
def shared_offline(
    request: Request, services: UseServices, shared: Shared, _: Annotated[StrictParameters, Query()]
) -> Response:
    """Stream an HTML page that plays a link's session offline. It outlives the link."""
    return replays.offline_response(request, services, shared.website, shared.session_id)


def _own_address(request: Request) -> str:
    """Return the dashboard's address as the server knows it; '' behind a proxy.

    `Host` counts only where it equals the server's own address: a client can send any name, and a
    link must not lead to another host, or to `http://` where a proxy speaks TLS.
    """
    name, port = request.scope.get("server") or ("", None)
    name = f"[{name}]" if ":" in name else name
    hosts = {f"{name}:{port}"} | ({name} if port in (None, 80) else set())
    host = request.headers.get("host", "")
    is_direct = host in hosts and not any(sign in request.headers for sign in _PROXY_SIGNS)
    is_tls = request.headers.get("origin", "").startswith("https://")
    return f"http://{host}" if is_direct and not is_tls else ""


def _serialized(share: Share) -> dict[str, Any]:
    return {
        "shareId": share.share_id,
        "sessionId": share.session_id,
        "createdAt": share.created_at,
        "createdBy": share.created_by,
        "expiresAt": share.expires_at,
        "revokedAt": share.revoked_at,
    }
