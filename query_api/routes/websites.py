"""Routes of websites: those that a key may read, and a website's settings."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request

from lake.control import websites
from lake.control.plans import plans_of
from lake.control.websites import Website
from lake.errors import BadInput, Forbidden
from query_api import schemas
from query_api.auth import Admin, AnyKey, Services, UseServices, Viewer, websites_of
from query_api.http import request_bodies
from query_api.http.json_response import Json
from query_api.http.problem_responses import PROBLEM_RESPONSES
from query_api.http.query_params import StrictParameters

router = APIRouter(tags=["websites"], responses=PROBLEM_RESPONSES)

_SECTIONS = ("feature_flags", "privacy", "smart")
_BODY_BYTES_MAX = 64 * 1024
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object"},
                "example": {"enable_session_replay": True, "session_replay_trigger": "all"},
            }
        },
    }
}


class SettingsMalformed(BadInput):
    """The body of a change is not a JSON object."""

    kind = "settings-malformed"


class SettingsTooLarge(request_bodies.BodyTooLarge):
    """The body of a change is larger than all settings could be."""

    kind = "settings-too-large"


class PlanForbidden(Forbidden):
    """A website's own key cannot change its plan."""

    kind = "plan-forbidden"


async def _changes(request: Request, _: Admin) -> dict[str, Any]:
    """Read the body as flat setting names, after the key was found to be an admin's."""
    too_large = SettingsTooLarge(f"the settings are more than {_BODY_BYTES_MAX} bytes")
    body = await request_bodies.read(request, _BODY_BYTES_MAX, too_large)
    try:
        sent = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise SettingsMalformed(
            'send a JSON object of settings, such as {"enable_session_replay": true}'
        ) from error
    changes: dict[str, Any] = {}
    for name, value in sent.items():
        if name in _SECTIONS and isinstance(value, dict):
            changes |= value
        else:
            changes[name] = value
    if "plan" in changes:
        raise PlanForbidden("only an operator sets a plan: `replaylake website set`")
    return changes


@router.get("/api/websites", response_model=schemas.WebsiteList)
def list_websites(
    services: UseServices, key: AnyKey, _: Annotated[StrictParameters, Query()]
) -> Json:
    """List the websites that the key may read: its own, or all."""
    names = [
        {name: getattr(website, name) for name in ("website_id", "name", "plan", "records")}
        for website in websites_of(services, key)
    ]
    return Json({"websites": names})


@router.get("/api/websites/{website_id}", response_model=schemas.Website)
def show(services: UseServices, website: Viewer, _: Annotated[StrictParameters, Query()]) -> Json:
    """Return a website and its settings."""
    return _response(services, websites.get(services.store, website.website_id))


@router.patch("/api/websites/{website_id}", response_model=schemas.Website, openapi_extra=_BODY)
def change(
    request: Request,
    services: UseServices,
    website: Admin,
    changes: Annotated[dict[str, Any], Depends(_changes)],
    _: Annotated[StrictParameters, Query()],
) -> Json:
    """Change settings by name, all or none; recorders see them some seconds later.

    Whole sections may be sent too, as GET returns them.
    """
    changed = websites.change(
        services.store,
        website.website_id,
        changes,
        by=request.state.actor,
        now_ms=services.lake.now_ms(),
    )
    services.control.refresh_website(website.website_id)
    return _response(services, changed)


def _response(services: Services, website: Website) -> Json:
    plan = plans_of(services.lake.settings)[website.plan]
    retention = {"retention_days": plan.retention_days}
    return Json(msgspec.to_builtins(website) | retention)
