"""`POST /v1/chunks`: one upload from its headers to its response.

A bare ASGI endpoint, because a framework's own work would be most of the cost of a chunk. The
order of the steps is the contract: no body is read before the chunk is admitted
(`ingest_api.admission`), and no chunk is answered with 202 before it is durable. Which error gets
which status is decided in `ingest_api.app`.
"""

import time
from collections.abc import Callable
from typing import Any

import structlog

from ingest_api import chunk_reader
from ingest_api.admission import Admission
from ingest_api.chunk_reader import ReadRequest
from ingest_api.dedup import Deduplicator
from ingest_api.fair_share import LoopDelay, WebsiteLimits
from ingest_api.group_commit import index_bytes
from ingest_api.http import cors, request_headers, request_params
from ingest_api.http.request_body import BodyBudget, Receive, RequestBody
from ingest_api.http.request_headers import RequestHeaders
from ingest_api.http.request_params import ChunkParameters
from ingest_api.http.responses import HeaderList, RawResponse, json_response, send_response
from ingest_api.large_chunks import LargeChunkReaders
from ingest_api.log_throttle import LogThrottle
from ingest_api.metrics import IngestMetrics, WebsiteCounters
from ingest_api.visitors import Visitors
from ingest_api.website_cache import WebsiteCache
from lake.errors import LakeError, SessionErased, SessionExpired, TooManyRequests
from lake.raw.chunk_facts import ChunkFacts
from lake.raw.segment_file import ReceivedChunk
from lake.settings import Settings

_INLINE_BYTES_MAX = 256 * 1024  # of a body that is read on the event loop, and
_INLINE_RAW_BYTES_MAX = 1024 * 1024  # of its JSON; larger ones would delay other requests
_UNREAD_BYTES_MAX = 64 * 1024  # of a refused body that is skipped; a longer one ends the connection
_CLOSING = (408, 413, 503)
_ENCODINGS = ("", "gzip")
_GZIP_MAGIC = b"\x1f\x8b"

_STORED = json_response(202, {"stored": True})
_NOT_STORED = json_response(202, {"stored": False})
_UNWANTED = RawResponse(204, [], b"")
_log = structlog.get_logger(__name__)


class _Upload:
    """State of one request, for its counters and its response."""

    def __init__(self, counters: WebsiteCounters) -> None:
        self.website_id = ""
        self.counters = counters
        self.outcome = "rejected"
        self.cors: HeaderList = []


class UploadEndpoint:
    """The ASGI endpoint. Use from one running event loop.

    Args:
        clock: ms since the Unix epoch.
        clock_s: A clock that never jumps, s.
        problem_of: Converts an error to its response.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        website_cache: WebsiteCache,
        visitors: Visitors,
        deduplicator: Deduplicator,
        clock: Callable[[], int],
        clock_s: Callable[[], float],
        metrics: IngestMetrics,
        problem_of: Callable[[Exception], RawResponse],
    ) -> None:
        self._settings = settings
        self._visitors = visitors
        self._deduplicator = deduplicator
        self._clock = clock
        self._metrics = metrics
        self._problem_of = problem_of
        self._budget = BodyBudget(settings, metrics.waiting_bytes)
        self._limits = WebsiteLimits(
            settings,
            waiting_bytes=lambda: self._budget.held_bytes,
            loop_delay=LoopDelay(metrics.late_s),
            clock_s=clock_s,
        )
        self._admission = Admission(settings, website_cache, self._limits)
        self._large_chunks = LargeChunkReaders(settings.chunk_raw_bytes_max)
        self._log_throttle = LogThrottle()

    async def __call__(self, scope: Any, receive: Receive, send: Any) -> None:
        """Answer one request."""
        headers = request_headers.parse_headers(scope["headers"])
        if scope["method"] == "OPTIONS":
            await send_response(send, await self._preflight(headers, scope))
            return
        began_s = time.monotonic()
        upload = _Upload(self._metrics.unknown)
        body = RequestBody(receive, self._budget, self._settings)
        try:
            response = await self._receive(upload, body, headers, scope)
        except Exception as error:  # noqa: BLE001 - the last resort of a request
            response = self._refuse(upload, error)
        finally:
            body.release()
            upload.counters.received.inc()
            upload.counters.outcome[upload.outcome].inc()
            self._metrics.answer_s.observe(time.monotonic() - began_s)
        if upload.outcome == "limited":
            await self._limits.pause()
        if body.is_read or not _must_close(response, headers):
            await send_response(send, response, upload.cors)
        else:
            await send_response(send, response, upload.cors, before_close=body.discard)

    def close(self) -> None:
        """Stop threads and processes."""
        self._limits.close()
        self._large_chunks.close()

    async def _preflight(self, headers: RequestHeaders, scope: Any) -> RawResponse:
        try:
            website_id = request_params.values(scope["query_string"])[0].get("website", "")
            address = self._visitors.address(headers, scope)
            website = await self._admission.find_website(website_id, address)
            allowed = cors.preflight_headers(website, headers.values.get("origin"))
            return RawResponse(204, allowed, b"")
        except LakeError as error:
            return self._problem_of(error)

    async def _receive(
        self, upload: _Upload, body: RequestBody, headers: RequestHeaders, scope: Any
    ) -> RawResponse:
        parameters = request_params.parse(scope["query_string"])
        request_params.refuse_secret_key(headers.get("authorization").removeprefix("Bearer "))
        if ignored_count := parameters.ignored_count + headers.claim_count:
            self._metrics.ignored_fields.inc(ignored_count)
        address = self._visitors.address(headers, scope)
        website = await self._admission.find_website(parameters.website, address)
        website_id = website.website_id
        upload.website_id = website_id
        upload.counters = self._metrics.of(website_id)
        upload.cors = cors.cors_headers(website, headers.values.get("origin"))
        now_ms = self._clock()
        is_wanted = await self._admission.admit(
            website, parameters, now_ms=now_ms, has_opted_out=headers.get("sec-gpc") == "1"
        )
        if not is_wanted:
            upload.outcome = "unwanted"
            return _UNWANTED
        payload = await body.read(headers.declared_bytes, website_id)
        self._metrics.payload_bytes.inc(len(payload))
        encoding = _encoding(headers, payload)
        facts = await self._read_chunk(website_id, parameters, payload, encoding)
        body.record_bytes(index_bytes(facts))
        client = await self._visitors.describe(website_id, headers, scope, now_ms=now_ms)
        # Checked once more: it may have been erased while the body arrived.
        await self._admission.check_tombstones(
            website_id, parameters.session, visitors=(client.visitor_id,), users=facts.users
        )
        received_chunk = ReceivedChunk(
            website_id,
            parameters.session,
            facts,
            client,
            now_ms * 1000,
            encoding,
            payload,
            len(payload),
        )
        upload.outcome = await self._deduplicator.store(received_chunk)
        return _NOT_STORED if upload.outcome == "duplicate" else _STORED

    async def _read_chunk(
        self, website_id: str, parameters: ChunkParameters, payload: bytes, encoding: str
    ) -> ChunkFacts:
        """Read a small chunk here and a large one in another process."""
        limit_bytes = self._settings.chunk_raw_bytes_max
        raw_bytes_max = chunk_reader.inflated_bytes_max(payload, encoding, limit_bytes=limit_bytes)
        request = ReadRequest(
            payload, encoding, parameters.page, parameters.seq, raw_bytes_max, limit_bytes
        )
        self._limits.record(website_id, len(payload), raw_bytes_max)
        is_large = len(payload) > _INLINE_BYTES_MAX or raw_bytes_max > _INLINE_RAW_BYTES_MAX
        if is_large and encoding in _ENCODINGS:
            return await self._large_chunks.read(website_id, request)
        return chunk_reader.read(request)

    def _refuse(self, upload: _Upload, error: Exception) -> RawResponse:
        if isinstance(error, SessionExpired):
            upload.outcome = "expired"
        elif isinstance(error, SessionErased):
            upload.outcome = "erased"
        elif isinstance(error, TooManyRequests):
            upload.outcome = "limited"
        response = self._problem_of(error)
        kind = error.kind if isinstance(error, LakeError) else "internal"
        if upload.outcome == "rejected":
            self._metrics.rejections.labels(kind).inc()
        if not isinstance(error, LakeError):
            _log.error("internal error", exc_info=error)
        elif self._log_throttle.is_allowed(time.monotonic(), upload.website_id):
            _log.info("chunk refused", kind=kind, website=upload.website_id, detail=str(error))
        return response


def _must_close(response: RawResponse, headers: RequestHeaders) -> bool:
    """Whether to end the connection instead of skipping the rest of an unread body."""
    if not headers.has_body:
        return False
    declared_bytes = headers.declared_bytes
    is_long = declared_bytes is None or declared_bytes > _UNREAD_BYTES_MAX
    return is_long or response.status in _CLOSING


def _encoding(headers: RequestHeaders, payload: bytes) -> str:
    """Return 'gzip' or '' (another encoding is refused later).

    sendBeacon cannot set a header. No JSON begins with gzip's magic number, so that the bytes
    themselves show it.
    """
    encoding = headers.get("content-encoding").strip().lower()
    if not encoding and payload.startswith(_GZIP_MAGIC):
        return "gzip"
    return "" if encoding == "identity" else encoding
