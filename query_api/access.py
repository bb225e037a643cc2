"""Who asks, and what they may see: one API key, one website.

A route names `Viewer` or `Admin` among its parameters and gets the website. What a key may not
see is answered as what does not exist: the website in the path is compared with the key's own and
never looked up, so that neither the answer nor its time tells whether it exists.
"""

from typing import Annotated, NamedTuple

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from lake import api_keys
from lake.control import Control
from lake.errors import Forbidden, LakeError, WebsiteMissing
from lake.store import Store
from lake.view import Lake
from lake.websites import Website


class Unauthorized(LakeError):
    """No API key was sent, or none that is valid now."""

    kind = "key-invalid"


class NotAnApiKey(Forbidden):
    """Something else than an API key was sent as one: a recorder's secret, an id."""

    kind = "not-an-api-key"


class AdminNeeded(Forbidden):
    """The key may look, and not change."""

    kind = "admin-needed"


class Services(NamedTuple):
    """What the routes work with; one per app."""

    store: Store
    lake: Lake
    control: Control


async def services_of(request: Request) -> Services:
    """Return the app's services."""
    services: Services = request.app.state.services
    return services


class Caller(NamedTuple):
    """A valid key's website."""

    website: Website
    is_admin: bool


_BEARER = HTTPBearer(auto_error=False, description="An API key, as `replaylake key create` prints.")


def _caller(
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> Caller:
    if sent is None:
        raise Unauthorized("send `Authorization: Bearer KEY` with a key of the website")
    if api_keys.key_id_of(sent.credentials) is None:
        raise NotAnApiKey("what was sent is no API key; one begins with rl_")
    key = services.control.key(sent.credentials)
    if key is None:
        raise Unauthorized("this key is unknown or revoked")
    asked = request.path_params.get("website_id", key.website_id)
    website = services.control.website(key.website_id) if asked == key.website_id else None
    if website is None:
        raise WebsiteMissing("no such website")
    return Caller(website, key.role == "admin")


async def _viewer(caller: Annotated[Caller, Depends(_caller)]) -> Website:
    return caller.website


async def _admin(caller: Annotated[Caller, Depends(_caller)]) -> Website:
    if not caller.is_admin:
        raise AdminNeeded("this needs a key with the role admin")
    return caller.website


UseServices = Annotated[Services, Depends(services_of)]
Viewer = Annotated[Website, Depends(_viewer)]
Admin = Annotated[Website, Depends(_admin)]
