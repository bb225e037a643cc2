"""Routes of the dashboard's sign-in: set the cookie, clear it, and return its key's rights.

The cookie is the key itself, limited to this host's `/api` and hidden from scripts. It ends with
the key, and no server stores or signs anything. `query_api.auth` reads it.
"""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from lake.control.api_keys import ApiKey
from lake.control.plans import plans_of
from query_api import schemas
from query_api.auth import (
    COOKIE,
    AnyKey,
    Services,
    UseServices,
    key_of,
    require_same_site,
    websites_of,
)
from query_api.http import request_bodies
from query_api.http.json_response import Json
from query_api.http.problem_responses import PROBLEM_RESPONSES
from query_api.http.query_params import StrictParameters

router = APIRouter(tags=["sign-in"], responses=PROBLEM_RESPONSES)

_PATH = "/api"
_COOKIE_AGE_S = 7 * 86_400  # weekly visitors stay signed in
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"key": {"type": "string"}},
                    "required": ["key"],
                }
            }
        },
    }
}


class _SignInBody(msgspec.Struct, forbid_unknown_fields=True):
    key: str


async def _sign_in_body(request: Request) -> _SignInBody:
    return await request_bodies.read_json(request, _SignInBody, '{"key": "rl_…"}')


@router.post(
    "/api/session",
    response_model=schemas.Me,
    openapi_extra=_BODY,
    dependencies=[Depends(require_same_site)],
)
def sign_in(
    request: Request,
    services: UseServices,
    body: Annotated[_SignInBody, Depends(_sign_in_body)],
    _: Annotated[StrictParameters, Query()],
) -> Json:
    """Set the dashboard's cookie. Wrong keys count as misses."""
    token = body.key.strip()
    response = Json(_me(services, key_of(services, token)))
    response.set_cookie(
        COOKIE,
        token,
        max_age=_COOKIE_AGE_S,
        path=_PATH,
        httponly=True,
        samesite="strict",
        secure=_is_https(request),
    )
    return response


@router.delete("/api/session", status_code=204, dependencies=[Depends(require_same_site)])
async def sign_out(_: Annotated[StrictParameters, Query()]) -> Response:
    """Clear the dashboard's cookie. The key stays valid."""
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path=_PATH, httponly=True, samesite="strict")
    return response


@router.get("/api/me", response_model=schemas.Me)
def me(services: UseServices, key: AnyKey, _: Annotated[StrictParameters, Query()]) -> Json:
    """Return the key's role and the websites that it may read."""
    return Json(_me(services, key))


def _me(services: Services, key: ApiKey) -> schemas.Me:
    plans = plans_of(services.lake.settings)
    return {
        "keyId": key.key_id,
        "role": key.role,
        "ingestUrl": services.lake.settings.ingest_url.rstrip("/") or None,
        "websites": [
            {
                "website_id": website.website_id,
                "name": website.name,
                "plan": website.plan,
                "records": website.records,
                "retention_days": plans[website.plan].retention_days,
                "feature_flags": msgspec.to_builtins(website.feature_flags),
            }
            for website in websites_of(services, key)
        ],
    }


def _is_https(request: Request) -> bool:
    """Return whether the browser uses TLS, by its origin; a proxy may terminate TLS."""
    return request.headers.get("origin", "").startswith("https://")
