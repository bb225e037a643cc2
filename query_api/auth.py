"""Authentication: an API key and its website, or a share link and its session.

A key comes in `Authorization` or in the dashboard's cookie, which `query_api.routes.sign_in` sets.
Browsers send a cookie along with requests of any page, so a change that comes with the cookie must
have been made by the dashboard.

A route takes `Viewer` or `Admin` as a parameter type and receives the website, or `Shared` and
receives the session of a link. A key gets the same answer for a website that it may not see as for
one that does not exist: the requested id is compared with the key's own and never looked up, so
that neither the answer nor its timing reveals whether it exists. A key of all websites must name
the website.
"""

from typing import Annotated, NamedTuple

from fastapi import Depends, Path, Request
from fastapi.security import APIKeyCookie, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from starlette.requests import HTTPConnection

from lake.control import api_keys, websites
from lake.control.api_keys import ApiKey
from lake.control.cache import ControlCache
from lake.control.websites import Website
from lake.errors import BadInput, Forbidden, LakeError, SessionMissing, WebsiteMissing
from lake.reading.lake_snapshot import Lake
from lake.storage.base import Store
from lake.tables.audit_log import AuditReader
from query_api.key_usage import KeyUsage
from query_api.view_audit import ViewAudit


class Unauthorized(LakeError):
    """The request has no API key, or an invalid one."""

    kind = "key-invalid"


class NotAnApiKey(Forbidden):
    """The token is not an API key, such as a recorder's secret or an id."""

    kind = "not-an-api-key"


class CrossSiteRequest(Forbidden):
    """A page of another site may have made the browser send this change."""

    kind = "not-from-here"


class AdminNeeded(Forbidden):
    """The key may read, but not change anything."""

    kind = "admin-needed"


class WebsiteNeeded(BadInput):
    """A key of all websites was sent without naming a website."""

    kind = "website-needed"


class ShareEnded(Forbidden):
    """The share link has expired or was revoked."""

    kind = "share-ended"


class Services(NamedTuple):
    """Objects that the routes share; one set per app."""

    store: Store
    lake: Lake
    control: ControlCache
    usage: KeyUsage
    views: ViewAudit
    audit: AuditReader


async def services_of(request: Request) -> Services:
    """Return the app's services."""
    services: Services = request.app.state.services
    return services


class SentKey(NamedTuple):
    """The token of a request; '' where none was sent."""

    token: str
    is_cookie: bool


class Caller(NamedTuple):
    """A valid key and the requested website."""

    key: ApiKey
    website: Website

    @property
    def is_admin(self) -> bool:
        """Whether the key may make changes."""
        return self.key.role == "admin"


class SharedLink(NamedTuple):
    """The session of a valid share link."""

    website: Website
    session_id: str


COOKIE = "replaylake_key"
REQUESTED_WITH = "replaylake"  # X-Requested-With, which other origins cannot send
_BEARER = HTTPBearer(auto_error=False, description="An API key, as `replaylake key create` prints.")
_COOKIE = APIKeyCookie(name=COOKIE, auto_error=False, description="`POST /api/session` sets it.")
_SAFE_METHODS = ("GET", "HEAD")


async def require_same_site(request: Request) -> None:
    """Refuse requests that a page of another site may have made.

    Raises:
        CrossSiteRequest: Neither Fetch Metadata nor our header shows the dashboard's origin.

    Source: Fetch Metadata, section 2.3. Browsers without it send a header of our own: other
    origins would need a CORS permission for it, and none is given.
    """
    is_dashboard = request.headers.get("x-requested-with") == REQUESTED_WITH
    if not is_dashboard and request.headers.get("sec-fetch-site") != "same-origin":
        raise CrossSiteRequest(
            f"send `X-Requested-With: {REQUESTED_WITH}`, or a key in `Authorization`"
        )


def key_of(services: Services, token: str) -> ApiKey:
    """Return the API key of a token and record its use.

    Raises:
        NotAnApiKey: The token does not have the form of a key.
        Unauthorized: The key is unknown or revoked.
    """
    if api_keys.key_id_of(token) is None:
        raise NotAnApiKey("what was sent is no API key; one begins with rl_")
    key = services.control.key(token)
    if key is None:
        raise Unauthorized("this key is unknown or revoked")
    services.usage.note(key)
    return key


def websites_of(services: Services, key: ApiKey) -> list[Website]:
    """Return the websites that a key may read: its own, or all, oldest first."""
    if key.is_for_all:
        return websites.list_all(services.store)
    own = services.control.website(key.website_id)
    return [own] if own is not None else []


def sent_key(request: HTTPConnection) -> SentKey:
    """Return the token that identifies a request, for authentication and for limits.

    Schemes other than `Bearer` are ignored.
    """
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() == "bearer" and token:
        return SentKey(token, is_cookie=False)
    return SentKey(request.cookies.get(COOKIE, ""), is_cookie=True)


async def _token(
    request: Request,
    _bearer: Annotated[object, Depends(_BEARER)],  # for the OpenAPI document; `sent_key` reads both
    _cookie: Annotated[object, Depends(_COOKIE)],
) -> str:
    sent = sent_key(request)
    if not sent.token:
        raise Unauthorized("send `Authorization: Bearer KEY` with a key of the website")
    if sent.is_cookie and request.method not in _SAFE_METHODS:
        await require_same_site(request)
    return sent.token


def _key(
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    token: Annotated[str, Depends(_token)],
) -> ApiKey:
    key = key_of(services, token)
    request.state.is_proven = True
    request.state.key_id = request.state.actor = key.key_id
    return key


def _caller(
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    key: Annotated[ApiKey, Depends(_key)],
) -> Caller:
    website_id = request.path_params.get("website_id") or request.query_params.get("website")
    if website_id is None and key.is_for_all:
        raise WebsiteNeeded("this key is for all websites: add ?website=ID to say which one")
    website_id = website_id or key.website_id
    may_see = key.is_for_all or website_id == key.website_id
    website = services.control.website(website_id) if may_see else None
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
    token: Annotated[str, Path(description="The link's token, as shown when it was created.")],
) -> SharedLink:
    share = services.control.share(token)
    website = services.control.website(share.website_id) if share is not None else None
    if share is None or website is None:
        raise SessionMissing("no such link")
    if share.has_ended(services.lake.now_ms()):
        raise ShareEnded("this link has ended: ask who sent it for a new one")
    request.state.is_proven = True
    request.state.actor = f"share {share.share_id}"
    return SharedLink(website, share.session_id)


UseServices = Annotated[Services, Depends(services_of)]
AnyKey = Annotated[ApiKey, Depends(_key)]
Viewer = Annotated[Website, Depends(_viewer)]
Admin = Annotated[Website, Depends(_admin)]
AdminCaller = Annotated[Caller, Depends(_admin_caller)]
Shared = Annotated[SharedLink, Depends(_shared)]
