"""Routes of a website's own settings."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request

from lake import websites
from lake.errors import BadInput, Forbidden
from lake.websites import PLANS, Website
from query_api import shapes
from query_api.access import Admin, UseServices, Viewer
from query_api.answers import Json
from query_api.parameters import Nothing

router = APIRouter(tags=["websites"])

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
    """The body of a change is no JSON object."""

    kind = "settings-malformed"


class SettingsTooLarge(BadInput):
    """The body of a change is larger than all settings together."""

    kind = "settings-too-large"


class PlanForbidden(Forbidden):
    """A website's own key wants to change what the website may use."""

    kind = "plan-forbidden"


async def _changes(request: Request, _: Admin) -> dict[str, Any]:
    """Read the body as flat names. Who may not change anything is refused before."""
    body = b""
    async for block in request.stream():
        body += block
        if len(body) > _BODY_BYTES_MAX:
            raise SettingsTooLarge(f"the settings are more than {_BODY_BYTES_MAX} bytes")
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
        raise PlanForbidden("a plan is set by who runs the lake: `replaylake website set`")
    return changes


@router.get("/api/websites/{website_id}", response_model=shapes.Website)
def show(services: UseServices, website: Viewer, _: Annotated[Nothing, Query()]) -> Json:
    """Show a website and its settings."""
    return _shown(websites.get(services.store, website.website_id))


@router.patch("/api/websites/{website_id}", response_model=shapes.Website, openapi_extra=_BODY)
def change(
    services: UseServices,
    website: Admin,
    changes: Annotated[dict[str, Any], Depends(_changes)],
    _: Annotated[Nothing, Query()],
) -> Json:
    """Change settings by name, all or none; recorders see them some seconds later.

    The sections that GET shows may be sent too.
    """
    changed = websites.change(services.store, website.website_id, changes)
    services.control.refresh_website(website.website_id)
    return _shown(changed)


def _shown(website: Website) -> Json:
    retention = {"retention_days": PLANS[website.plan].retention_days}
    return Json(msgspec.to_builtins(website) | retention)
