"""Who asks, and what they may see: an API key and its website, or a link and its session.

A route names `Viewer` or `Admin` among its parameters and gets the website, or `Shared` and gets
the session of a link. What a key may not see is answered as what does not exist: the website that
is asked for is compared with the key's own and never looked up, so that neither the answer nor its
time tells whether it exists. A key of all websites says which one it means.
"""

from typing import Annotated, NamedTuple

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from lake import api_keys
from lake.api_keys import ApiKey
from lake.audit_log import Log
from lake.control import Control
from lake.errors import BadInput, Forbidden, LakeError, SessionMissing, WebsiteMissing
from lake.store import Store
from lake.view import Lake
from lake.websites import Website
from query_api.usage import Usage
from query_api.views import Views


class Unauthorized(LakeError):
    """No API key was sent, or none that is valid now."""

    kind = "key-invalid"


class NotAnApiKey(Forbidden):
    """Something else than an API key was sent as one: a recorder's secret, an id."""

    kind = "not-an-api-key"


class AdminNeeded(Forbidden):
    """The key may look, and not change."""

    kind = "admin-needed"


class WebsiteNeeded(BadInput):
    """A key of all websites does not say which one it means."""

    kind = "website-needed"


class ShareEnded(Forbidden):
    """A link is past its end, or was revoked."""

    kind = "share-ended"


class Services(NamedTuple):
    """What the routes work with; one per app."""

    store: Store
    lake: Lake
    control: Control
    usage: Usage
    views: Views
    audit: Log


async def services_of(request: Request) -> Services:
    """Return the app's services."""
    services: Services = request.app.state.services
    return services


class Caller(NamedTuple):
    """A valid key, and the website that is asked for."""

    key: ApiKey
    website: Website

    @property
    def is_admin(self) -> bool:
        """Whether it may change things."""
        return self.key.role == "admin"


class SharedSession(NamedTuple):
    """What a link that still holds shows."""

    website: Website
    session_id: str


_BEARER = HTTPBearer(auto_error=False, description="An API key, as `replaylake key create` prints.")


def _key(
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> ApiKey:
    if sent is None:
        raise Unauthorized("send `Authorization: Bearer KEY` with a key of the website")
    if api_keys.key_id_of(sent.credentials) is None:
        raise NotAnApiKey("what was sent is no API key; one begins with rl_")
    key = services.control.key(sent.credentials)
    if key is None:
        raise Unauthorized("this key is unknown or revoked")
    services.usage.note(key)
    request.state.is_proven = True
    request.state.key_id = request.state.actor = key.key_id
    return key


def _caller(
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    key: Annotated[ApiKey, Depends(_key)],
) -> Caller:
    asked = request.path_params.get("website_id") or request.query_params.get("website")
    if asked is None and key.is_for_all:
        raise WebsiteNeeded("this key is for all websites: add ?website=ID to say which one")
    asked = asked or key.website_id
    may_see = key.is_for_all or asked == key.website_id
    website = services.control.website(asked) if may_see else None
    if website is None:
        raise WebsiteMissing("no such website")
    return Caller(key, website)


async def _viewer(caller: Annotated[Caller, Depends(_caller)]) -> Website:
    return caller.website


async def _admin_caller(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
    if not caller.is_admin:
        raise AdminNeeded("this needs a key with the role admin")
    return caller


async def _admin(caller: Annotated[Caller, Depends(_admin_caller)]) -> Website:
    return caller.website


def _shared(
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    token: Annotated[str, Path(description="A link's, as it was shown when it was made.")],
) -> SharedSession:
    share = services.control.share(token)
    website = services.control.website(share.website_id) if share is not None else None
    if share is None or website is None:
        raise SessionMissing("no such link")
    if share.has_ended(services.lake.now_ms()):
        raise ShareEnded("this link has ended: ask who sent it for a new one")
    request.state.is_proven = True
    request.state.actor = f"share {share.share_id}"
    return SharedSession(website, share.session_id)


UseServices = Annotated[Services, Depends(services_of)]
AnyKey = Annotated[ApiKey, Depends(_key)]
Viewer = Annotated[Website, Depends(_viewer)]
Admin = Annotated[Website, Depends(_admin)]
AdminCaller = Annotated[Caller, Depends(_admin_caller)]
Shared = Annotated[SharedSession, Depends(_shared)]
