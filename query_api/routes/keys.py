"""Routes of a website's API keys: list, create, revoke."""

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Request

from lake.control import api_keys
from lake.control.api_keys import ApiKey
from lake.errors import Forbidden, Missing
from query_api import schemas
from query_api.auth import Admin, AdminCaller, UseServices
from query_api.http import request_bodies
from query_api.http.json_response import Json
from query_api.http.problem_responses import PROBLEM_RESPONSES
from query_api.http.query_params import StrictParameters

router = APIRouter(tags=["keys"], responses=PROBLEM_RESPONSES)

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["role"],
                    "properties": {
                        "role": {"type": "string", "enum": ["viewer", "admin"]},
                        "websiteId": {"type": "string"},
                    },
                },
                "example": {"role": "viewer"},
            }
        },
    }
}


class KeyForbidden(Forbidden):
    """A key of one website cannot create keys for others."""

    kind = "key-forbidden"


class KeyMissing(Missing):
    """The website has no key with this id."""

    kind = "key-missing"


class _KeyBody(msgspec.Struct, forbid_unknown_fields=True):
    role: Literal["viewer", "admin"]
    websiteId: str | None = None  # noqa: N815 - as in all of the API


async def _key_body(request: Request, _: AdminCaller) -> _KeyBody:
    """Read the body, after the key was found to be an admin's."""
    return await request_bodies.read_json(
        request, _KeyBody, '{"role": "viewer"} or {"role": "admin"}'
    )


@router.get("/api/websites/{website_id}/keys", response_model=schemas.KeyList)
def list_keys(
    services: UseServices, website: Admin, _: Annotated[StrictParameters, Query()]
) -> Json:
    """List the keys of a website, revoked ones included, without keys of all websites."""
    keys = api_keys.of_website(services.store, website.website_id)
    return Json({"keys": [_serialized(key) for key in keys]})


@router.post(
    "/api/websites/{website_id}/keys",
    status_code=201,
    response_model=schemas.NewKey,
    openapi_extra=_BODY,
)
def make_key(
    services: UseServices,
    caller: AdminCaller,
    body: Annotated[_KeyBody, Depends(_key_body)],
    _: Annotated[StrictParameters, Query()],
) -> Json:
    """Create a key. It cannot be shown later.

    With a key of all websites, `{"websiteId": "*"}` creates another such key.
    """
    website_id = body.websiteId or caller.website.website_id
    is_for_all = website_id == api_keys.ALL_WEBSITES and caller.key.is_for_all
    if website_id != caller.website.website_id and not is_for_all:
        raise KeyForbidden("this key makes keys of the website in the path only")
    token = api_keys.create(
        services.store,
        website_id=website_id,
        role=body.role,
        now_ms=services.lake.now_ms(),
        by=caller.key.key_id,
        keys_max=services.lake.settings.website_keys_max,
    )
    key = api_keys.get(services.store, api_keys.key_id_of(token) or "")
    return Json({**_serialized(key), "key": token}, status_code=201)


@router.delete("/api/websites/{website_id}/keys/{key_id}", response_model=schemas.Key)
def revoke_key(
    services: UseServices, caller: AdminCaller, key_id: str, _: Annotated[StrictParameters, Query()]
) -> Json:
    """Revoke a key for good. Other processes accept it for some seconds more."""
    try:
        key = api_keys.get(services.store, key_id)
    except Missing:
        key = None
    if key is None or key.website_id != caller.website.website_id:
        raise KeyMissing("the website has no such key")
    key = api_keys.revoke(
        services.store, key_id, now_ms=services.lake.now_ms(), by=caller.key.key_id
    )
    services.control.refresh_key(key_id)
    return Json(_serialized(key))


def _serialized(key: ApiKey) -> dict[str, Any]:
    return {
        "keyId": key.key_id,
        "websiteId": key.website_id,
        "role": key.role,
        "createdAt": key.created_at,
        "lastUsedAt": key.last_used_at,
        "revokedAt": key.revoked_at,
    }
