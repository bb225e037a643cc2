"""`POST /v1/chunks`: one upload from its headers to its answer.

A bare ASGI endpoint, because a framework's own work would be most of the cost of a chunk. The
order of the checks is the contract: nothing is read before it is known to be wanted, and nothing
is answered with 202 before it is durable. Which error gets which status is `app`'s.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import structlog

from ingest_api import chunk_reader, cors, request_headers, request_params
from ingest_api.chunk_reader import ReadRequest
from ingest_api.dedup import Deduplicator
from ingest_api.fair_share import LoopDelay, WebsiteLimits
from ingest_api.group_commit import index_bytes
from ingest_api.large_chunks import LargeChunkReaders
from ingest_api.log_throttle import LogThrottle
from ingest_api.metrics import IngestMetrics, WebsiteCounters
from ingest_api.request_body import BodyBudget, Receive, RequestBody
from ingest_api.request_headers import RequestHeaders
from ingest_api.request_params import ChunkParameters
from ingest_api.responses import HeaderList, RawResponse, json_response, send_response
from ingest_api.website_cache import WebsiteCache
from lake import ids
from lake.control import websites
from lake.control.visitor_salts import Salts
from lake.control.websites import Website
from lake.errors import (
    BadInput,
    LakeError,
    SessionErased,
    SessionExpired,
    TooManyRequests,
    WebsiteMissing,
)
from lake.ingest import client_address, user_agents
from lake.raw.chunk_facts import Client
from lake.raw.segment_file import ReceivedChunk
from lake.settings import Settings

_INLINE_BYTES_MAX = 256 * 1024  # larger bodies are read beside the loop, which must go on
_INLINE_RAW_BYTES_MAX = 1024 * 1024  # and so are those that inflate to more than this
_UNREAD_BYTES_MAX = 64 * 1024  # a refused body up to this is skipped; beyond, the connection ends
_CLOSING = (408, 413, 503)
_ENCODINGS = ("", "gzip")
_GZIP_MAGIC = b"\x1f\x8b"

_STORED = json_response(202, {"stored": True})
_NOT_STORED = json_response(202, {"stored": False})
_UNWANTED = RawResponse(204, [], b"")
_log = structlog.get_logger(__name__)


class SessionInFuture(BadInput):
    """A session id's time is further ahead than clocks differ."""

    kind = "session-in-future"


class SessionTooOld(BadInput):
    """A session began longer ago than a recorder holds anything back."""

    kind = "session-too-old"


class _Upload:
    """What became known of a request, for its counters and its answer."""

    def __init__(self, counts: WebsiteCounters) -> None:
        self.website_id = ""
        self.counts = counts
        self.outcome = "rejected"
        self.cors: HeaderList = []


class UploadEndpoint:
    """The endpoint. `problem_of` turns any error into its answer."""

    def __init__(
        self,
        settings: Settings,
        *,
        lookups: WebsiteCache,
        salts: Salts,
        countries: user_agents.CountryLookup,
        once: Deduplicator,
        clock: Callable[[], int],
        clock_s: Callable[[], float],
        metrics: IngestMetrics,
        problem_of: Callable[[Exception], RawResponse],
    ) -> None:
        self._settings = settings
        self._trusted = client_address.parse_networks(settings.trusted_proxies)
        self._lookups = lookups
        self._salts = salts
        self._countries = countries
        self._once = once
        self._clock = clock
        self._metrics = metrics
        self._problem_of = problem_of
        self._waiting = BodyBudget(settings, metrics.waiting_bytes)
        self._limits = WebsiteLimits(
            settings,
            waiting_bytes=lambda: self._waiting.held_bytes,
            lateness=LoopDelay(metrics.late_s),
            clock_s=clock_s,
        )
        self._large = LargeChunkReaders(settings.chunk_raw_bytes_max)
        self._salt_pool = ThreadPoolExecutor(1, "salt")
        self._salting: asyncio.Future[str] | None = None
        self._seldom = LogThrottle()

    async def __call__(self, scope: Any, receive: Receive, send: Any) -> None:
        """Answer one request."""
        asked = request_headers.parse_headers(scope["headers"])
        if scope["method"] == "OPTIONS":
            await send_response(send, await self._preflight(asked, scope))
            return
        began_s = time.monotonic()
        upload = _Upload(self._metrics.unknown)
        body = RequestBody(receive, self._waiting, self._settings)
        try:
            answer = await self._receive(upload, body, asked, scope)
        except Exception as error:  # noqa: BLE001 - the last resort of a request
            answer = self._refuse(upload, error)
        finally:
            body.release()
            upload.counts.received.inc()
            upload.counts.outcome[upload.outcome].inc()
            self._metrics.answer_s.observe(time.monotonic() - began_s)
        if upload.outcome == "limited":
            await self._limits.pause()
        if body.is_read or not self._must_close(answer, asked):
            await send_response(send, answer, upload.cors)
        else:
            await send_response(send, answer, upload.cors, before_close=body.discard)

    async def _preflight(self, asked: RequestHeaders, scope: Any) -> RawResponse:
        try:
            found = request_params.values(scope["query_string"])[0].get("website", "")
            website = await self._lookups.website(found, self._address(asked, scope))
            if website is None:
                raise WebsiteMissing("no website has this id")
            return RawResponse(
                204, cors.preflight_headers(website, asked.values.get("origin")), b""
            )
        except LakeError as error:
            return self._problem_of(error)

    def close(self) -> None:
        """Let threads and processes end."""
        self._limits.close()
        self._large.close()
        self._salt_pool.shutdown(wait=False, cancel_futures=True)

    async def _receive(
        self, upload: _Upload, body: RequestBody, asked: RequestHeaders, scope: Any
    ) -> RawResponse:
        given = request_params.parse(scope["query_string"])
        request_params.refuse_secret_key(asked.get("authorization").removeprefix("Bearer "))
        if ignored_count := given.ignored_count + asked.claim_count:
            self._metrics.ignored_fields.inc(ignored_count)
        website = await self._lookups.website(given.website, self._address(asked, scope))
        if website is None:
            raise WebsiteMissing("no website has this id")
        upload.website_id = website.website_id
        upload.counts = self._metrics.of(website.website_id)
        upload.cors = cors.cors_headers(website, asked.values.get("origin"))
        ids.check_secret(given.session, given.secret)
        now_ms = self._clock()
        self._check_time(given, website, now_ms)
        gone = await self._lookups.erased(website.website_id)
        _refuse_erased(gone.is_erased(given.session))
        if not website.records or asked.get("sec-gpc") == "1":
            upload.outcome = "unwanted"
            return _UNWANTED
        self._limits.admit(website.website_id)
        payload = await body.read(asked.declared_bytes, website.website_id)
        self._metrics.payload_bytes.inc(len(payload))
        encoding = _encoding(asked, payload)
        request = self._request(given, payload, encoding)
        self._limits.took(website.website_id, len(payload), request.raw_bytes_max)
        is_large = len(payload) > _INLINE_BYTES_MAX or request.raw_bytes_max > _INLINE_RAW_BYTES_MAX
        if is_large and encoding in _ENCODINGS:
            facts = await self._large.read(website.website_id, request)
        else:
            facts = chunk_reader.read(request)
        body.record_bytes(index_bytes(facts))
        client = await self._client(website, asked, scope, now_ms)
        # Asked again: a body may take its time.
        gone = await self._lookups.erased(website.website_id)
        visitors = (client.visitor_id,)
        _refuse_erased(gone.is_erased(given.session, visitors=visitors, users=facts.users))
        received_chunk = ReceivedChunk(
            website.website_id,
            given.session,
            facts,
            client,
            now_ms * 1000,
            encoding,
            payload,
            len(payload),
        )
        upload.outcome = await self._once.store(received_chunk)
        return _NOT_STORED if upload.outcome == "duplicate" else _STORED

    def _check_time(self, given: ChunkParameters, website: Website, now_ms: int) -> None:
        ahead_s = (ids.at_ms_of(given.session) - now_ms) / 1000
        if ahead_s > self._settings.session_future_s:
            raise SessionInFuture(
                f"the session begins {ahead_s:.0f} s from now, limit is "
                f"{self._settings.session_future_s}: make its id of the server's clock (`now_ms` "
                "of /v1/config)"
            )
        first_day = websites.first_retained_day(website, self._settings, now_ms=now_ms)
        if ids.day_of(given.session) < first_day:
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

    def _request(self, given: ChunkParameters, payload: bytes, encoding: str) -> ReadRequest:
        limit_bytes = self._settings.chunk_raw_bytes_max
        raw_bytes_max = chunk_reader.inflated_bytes_max(payload, encoding, limit_bytes=limit_bytes)
        return ReadRequest(payload, encoding, given.page, given.seq, raw_bytes_max, limit_bytes)

    def address_of(self, scope: Any) -> str:
        """Return the visitor's address, for what limits each address."""
        return self._address(request_headers.parse_headers(scope["headers"]), scope)

    def _address(self, asked: RequestHeaders, scope: Any) -> str:
        peer = scope["client"][0] if scope.get("client") else ""
        return client_address.visitor_address(peer, asked.get("x-forwarded-for"), self._trusted)

    async def _client(
        self, website: Website, asked: RequestHeaders, scope: Any, now_ms: int
    ) -> Client:
        """Describe who sends. The address goes no further than this."""
        ip = self._address(asked, scope)
        user_agent = asked.get("user-agent")
        name = partial(self._salts.visitor_id, website.website_id, ip, user_agent, now_ms=now_ms)
        if not self._salts.is_ready(now_ms=now_ms):
            await self._make_salt(name)
        visitor_id = name()
        country = self._countries.of(ip)
        return user_agents.describe_client(
            user_agent, asked.values, country=country, visitor_id=visitor_id
        )

    async def _make_salt(self, name: Callable[[], str]) -> None:
        """Have the day's salt read or made, once for all who need it."""
        if self._salting is None or self._salting.done():
            loop = asyncio.get_running_loop()
            self._salting = loop.run_in_executor(self._salt_pool, name)
        await asyncio.shield(self._salting)

    def _refuse(self, upload: _Upload, error: Exception) -> RawResponse:
        if isinstance(error, SessionExpired):
            upload.outcome = "expired"
        elif isinstance(error, SessionErased):
            upload.outcome = "erased"
        elif isinstance(error, TooManyRequests):
            upload.outcome = "limited"
        answer = self._problem_of(error)
        kind = error.kind if isinstance(error, LakeError) else "internal"
        if upload.outcome == "rejected":
            self._metrics.rejections.labels(kind).inc()
        if not isinstance(error, LakeError):
            _log.error("internal error", exc_info=error)
        elif self._seldom.is_allowed(time.monotonic(), upload.website_id):
            _log.info("chunk refused", kind=kind, website=upload.website_id, detail=str(error))
        return answer

    def _must_close(self, answer: RawResponse, asked: RequestHeaders) -> bool:
        """Tell whether the rest of an unread body is not worth its traffic."""
        if not asked.has_body:
            return False
        declared_bytes = asked.declared_bytes
        is_long = declared_bytes is None or declared_bytes > _UNREAD_BYTES_MAX
        return is_long or answer.status in _CLOSING


def _refuse_erased(is_hidden: bool) -> None:
    if is_hidden:
        raise SessionErased("the session was erased, and nothing of it is taken again")


def _encoding(asked: RequestHeaders, payload: bytes) -> str:
    """Return 'gzip' or '' (or what will be refused).

    sendBeacon cannot set a header. No JSON begins as gzip does, so that its bytes say enough.
    """
    encoding = asked.get("content-encoding").strip().lower()
    if not encoding and payload.startswith(_GZIP_MAGIC):
        return "gzip"
    return "" if encoding == "identity" else encoding
