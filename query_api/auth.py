"""Who asks, and what they may see: an API key and its website, or a link and its session.

A key comes in `Authorization`, or in the dashboard's cookie, which `query_api.routes.sign_in`
sets. What a cookie asks to change must come from the dashboard: a browser sends it along whoever
asks.

A route names `Viewer` or `Admin` among its parameters and gets the website, or `Shared` and gets
the session of a link. What a key may not see is answered as what does not exist: the website that
is asked for is compared with the key's own and never looked up, so that neither the answer nor its
time tells whether it exists. A key of all websites says which one it means.
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
    """No API key was sent, or none that is valid now."""

    kind = "key-invalid"


class NotAnApiKey(Forbidden):
    """Something else than an API key was sent as one: a recorder's secret, an id."""

    kind = "not-an-api-key"


class CrossSiteRequest(Forbidden):
    """A page that is not the dashboard may have made a browser ask for a change."""

    kind = "not-from-here"


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
    control: ControlCache
    usage: KeyUsage
    views: ViewAudit
    audit: AuditReader


async def services_of(request: Request) -> Services:
    """Return the app's services."""
    services: Services = request.app.state.services
    return services


class SentKey(NamedTuple):
    """What was sent as a key; '' where nothing was."""

    token: str
    is_cookie: bool


class Caller(NamedTuple):
    """A valid key, and the website that is asked for."""

    key: ApiKey
    website: Website

    @property
    def is_admin(self) -> bool:
        """Whether it may change things."""
        return self.key.role == "admin"


class SharedLink(NamedTuple):
    """What a link that still holds shows."""

    website: Website
    session_id: str


COOKIE = "replaylake_key"
REQUESTED_WITH = "replaylake"  # in X-Requested-With, which pages of other origins cannot send
_BEARER = HTTPBearer(auto_error=False, description="An API key, as `replaylake key create` prints.")
_COOKIE = APIKeyCookie(name=COOKIE, auto_error=False, description="`POST /api/session` sets it.")
_SAFE_METHODS = ("GET", "HEAD")


async def require_same_site(request: Request) -> None:
    """Let a request pass that only the dashboard or a program can have made.

    Raises:
        CrossSiteRequest: A page of another origin may have made it.

    Source: Fetch Metadata, section 2.3. For browsers without it a header of our own serves: other
    origins may not send one without being allowed to, and here nobody is.
    """
    is_asked = request.headers.get("x-requested-with") == REQUESTED_WITH
    if not is_asked and request.headers.get("sec-fetch-site") != "same-origin":
        raise CrossSiteRequest(
            f"send `X-Requested-With: {REQUESTED_WITH}`, or a key in `Authorization`"
        )


def key_of(services: Services, token: str) -> ApiKey:
    """Return the key that `token` is.

    Raises:
        NotAnApiKey: It has not the form of one.
        Unauthorized: It is unknown or revoked.
    """
    if api_keys.key_id_of(token) is None:
        raise NotAnApiKey("what was sent is no API key; one begins with rl_")
    key = services.control.key(token)
    if key is None:
        raise Unauthorized("this key is unknown or revoked")
    services.usage.note(key)
    return key


def websites_of(services: Services, key: ApiKey) -> list[Website]:
    """Return the websites that a key sees: its own, or all, the oldest first."""
    if key.is_for_all:
        return websites.list_all(services.store)
    own = services.control.website(key.website_id)
    return [own] if own is not None else []


def sent_key(asked: HTTPConnection) -> SentKey:
    """Return what a request sends as its key, the only one that it is known and counted by.

    Other schemes than `Bearer` are passed over.
    """
    scheme, token = get_authorization_scheme_param(asked.headers.get("authorization"))
    if scheme.lower() == "bearer" and token:
        return SentKey(token, is_cookie=False)
    return SentKey(asked.cookies.get(COOKIE, ""), is_cookie=True)


async def _token(
    request: Request,
    _bearer: Annotated[object, Depends(_BEARER)],  # for the reference; `sent_key` reads both
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
