"""Routes of the dashboard's sign-in: a key becomes a cookie, the cookie goes, and whose it is.

The cookie is the key itself, for this host's `/api` alone and out of reach of scripts: so that it
ends with the key, and no server has to remember or to sign anything. How a cookie is believed is
`query_api.auth`.
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
from query_api.http.query_params import StrictParameters

router = APIRouter(tags=["sign-in"])

_PATH = "/api"
_COOKIE_AGE_S = 7 * 86_400  # who comes back every week need not look for the key again
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
    sent: Annotated[_SignInBody, Depends(_sign_in_body)],
    _: Annotated[StrictParameters, Query()],
) -> Json:
    """Set the dashboard's cookie. Wrong keys are limited as everywhere."""
    token = sent.key.strip()
    answer = Json(_me(services, key_of(services, token)))
    answer.set_cookie(
        COOKIE,
        token,
        max_age=_COOKIE_AGE_S,
        path=_PATH,
        httponly=True,
        samesite="strict",
        secure=_is_https(request),
    )
    return answer


@router.delete("/api/session", status_code=204, dependencies=[Depends(require_same_site)])
async def sign_out(_: Annotated[StrictParameters, Query()]) -> Response:
    """Forget the dashboard's cookie. The key stays what it is."""
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path=_PATH, httponly=True, samesite="strict")
    return answer


@router.get("/api/me", response_model=schemas.Me)
def me(services: UseServices, key: AnyKey, _: Annotated[StrictParameters, Query()]) -> Json:
    """Tell what the key may do, and which websites it sees."""
    return Json(_me(services, key))


def _me(services: Services, key: ApiKey) -> schemas.Me:
    plans = plans_of(services.lake.settings)
    return {
        "keyId": key.key_id,
        "role": key.role,
        "ingestUrl": services.lake.settings.ingest_url.rstrip("/") or None,
        "websites": [
            {
                "website_id": one.website_id,
                "name": one.name,
                "plan": one.plan,
                "records": one.records,
                "retention_days": plans[one.plan].retention_days,
                "feature_flags": msgspec.to_builtins(one.feature_flags),
            }
            for one in websites_of(services, key)
        ],
    }


def _is_https(request: Request) -> bool:
    """Tell whether the browser came by TLS, which a proxy may have ended: it names its origin."""
    return request.headers.get("origin", "").startswith("https://")
