"""Decide whether a chunk is taken: its website, session id, time, tombstones and limits.

Everything here is known from the request's head, so that a refusal costs no body. The order of
the checks is part of the contract; `ingest_api.upload` calls them and reads the body in between.
"""

from collections.abc import Iterable

from ingest_api.fair_share import WebsiteLimits
from ingest_api.http.request_params import ChunkParameters
from ingest_api.website_cache import WebsiteCache
from lake import ids
from lake.control import websites
from lake.control.websites import Website
from lake.errors import BadInput, SessionErased, SessionExpired, WebsiteMissing
from lake.settings import Settings


class SessionInFuture(BadInput):
    """A session id's time is further ahead than clocks differ."""

    kind = "session-in-future"


class SessionTooOld(BadInput):
    """A session began longer ago than a recorder delays an upload."""

    kind = "session-too-old"


class Admission:
    """The checks of one app. Use from one running event loop."""

    def __init__(
        self, settings: Settings, website_cache: WebsiteCache, limits: WebsiteLimits
    ) -> None:
        self._settings = settings
        self._website_cache = website_cache
        self._limits = limits

    async def find_website(self, website_id: str, address: str) -> Website:
        """Return the website with this id.

        Args:
            address: The visitor's, whose failed lookups are limited.

        Raises:
            WebsiteMissing: There is none.
            TooManyRequests: The address asked for too many ids that do not exist.
            StoreUnavailable: It is not cached and cannot be read.
        """
        website = await self._website_cache.website(website_id, address)
        if website is None:
            raise WebsiteMissing("no website has this id")
        return website

    async def admit(
        self, website: Website, parameters: ChunkParameters, *, now_ms: int, has_opted_out: bool
    ) -> bool:
        """Check a chunk before its body is read; False if nobody wants it.

        Args:
            has_opted_out: The browser sent `Sec-GPC: 1`.

        Raises:
            SecretMismatch, IdMalformed: The session id was not made from the secret.
            SessionInFuture, SessionTooOld, SessionExpired: Its time is refused.
            SessionErased: The session has a tombstone.
            TooManyRequests: The website sends more than its rate or its share.
            StoreUnavailable: The tombstones are not cached and cannot be read.
        """
        ids.check_secret(parameters.session, parameters.secret)
        self._check_time(parameters.session, website, now_ms)
        await self.check_tombstones(website.website_id, parameters.session)
        if not website.records or has_opted_out:
            return False
        self._limits.admit(website.website_id)
        return True

    async def check_tombstones(
        self,
        website_id: str,
        session_id: str,
        *,
        visitors: Iterable[str] = (),
        users: Iterable[str] = (),
    ) -> None:
        """Let pass what is not erased.

        Raises:
            SessionErased: The session, one of its visitors or one of its users has a tombstone.
            StoreUnavailable: The tombstones are not cached and cannot be read.
        """
        tombstones = await self._website_cache.tombstones(website_id)
        if tombstones.is_erased(session_id, visitors=visitors, users=users):
            raise SessionErased("the session was erased, and nothing of it is taken again")

    def _check_time(self, session_id: str, website: Website, now_ms: int) -> None:
        ahead_s = (ids.at_ms_of(session_id) - now_ms) / 1000
        if ahead_s > self._settings.session_future_s:
            raise SessionInFuture(
                f"the session begins {ahead_s:.0f} s from now, limit is "
                f"{self._settings.session_future_s}: make its id of the server's clock (`now_ms` "
                "of /v1/config)"
            )
        first_day = websites.first_retained_day(website, self._settings, now_ms=now_ms)
        if ids.day_of(session_id) < first_day:
            raise SessionExpired(
                f"the session began before {first_day}, and its website's plan, {website.plan}, "
                "keeps nothing older"
            )
        if -ahead_s > self._settings.session_past_s:
            raise SessionTooOld(
                f"the session began {-ahead_s:.0f} s ago, limit is "
                f"{self._settings.session_past_s}: begin a new one, bring old recordings in with "
                "`replaylake import`, or raise REPLAY_SESSION_PAST_S"
            )
