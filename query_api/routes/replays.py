"""Routes of a session's events: negotiated, streamed, and 304 where nothing changed.

`Range` is ignored, as RFC 9110, section 14.2 allows: `from_ms` and `to_ms` select parts that can
be played, and no header causes more work than one whole response.
"""

import hashlib
from collections.abc import Generator, Iterator, Mapping
from itertools import chain
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from lake import ids
from lake.control.websites import Website
from lake.errors import LakeError
from lake.reading import replay
from lake.reading.anonymize import anonymize_replay
from query_api import offline_page
from query_api.auth import Services, UseServices, Viewer
from query_api.http.content_negotiation import JSON, NDJSON, encoding_of, media_type_of
from query_api.http.problem_responses import PROBLEM_RESPONSES
from query_api.http.query_params import ReplayParameters, ReplayPart, WebsiteParameters
from query_api.metrics import QueryMetrics
from query_api.replay_encoding import encode

router = APIRouter(tags=["replay"], responses=PROBLEM_RESPONSES)
_log = structlog.get_logger(__name__)

_EVENT: dict[str, Any] = {"type": "object", "required": ["type", "timestamp"]}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "rrweb events in replay order, one per line, or as one array.",
        "content": {
            NDJSON: {"schema": {"type": "string"}},
            JSON: {"schema": {"type": "array", "items": _EVENT}},
        },
        "headers": {
            "X-Event-Count": {
                "description": "Number of events in the response; a shorter body was cut.",
                "schema": {"type": "integer"},
            },
            "ETag": {
                "description": "Present on a session without pending chunks.",
                "schema": {"type": "string"},
            },
        },
    },
    304: {"description": "`If-None-Match` names the current version."},
}
OFFLINE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One page with the player and the session in it.",
        "content": {"text/html": {"schema": {"type": "string"}}},
    },
}


@router.get("/api/replay/{session_id}", response_class=Response, responses=RESPONSES)
def replay_session(
    request: Request,
    services: UseServices,
    website: Viewer,
    session_id: str,
    parameters: Annotated[ReplayParameters, Query()],
) -> Response:
    """Stream a session's events, encoded as the client accepts: zstd, gzip or identity."""
    # A browser may cache the response, but must revalidate it.
    cache = {"cache-control": "private, no-cache"}
    return replay_response(request, services, website, session_id, parameters, cache)


@router.get(
    "/api/replay/{session_id}/offline", response_class=Response, responses=OFFLINE_RESPONSES
)
def offline_session(
    request: Request,
    services: UseServices,
    website: Viewer,
    session_id: str,
    _: Annotated[WebsiteParameters, Query()],
) -> Response:
    """Stream an HTML page that plays the session offline, as one file to save.

    It does not name the visitor, beyond what the recording itself shows.
    """
    return offline_response(request, services, website, session_id)


def offline_response(
    request: Request, services: Services, website: Website, session_id: str
) -> Response:
    """Return a session's offline page, and record the view of `request.state.actor`."""
    blocks = offline_page.page(services.lake, website, session_id)
    first = next(blocks)  # read before the response starts, so that errors get a status
    services.views.note(website.website_id, request.state.actor, session_id)
    body = _counted(chain([first], blocks), request.app.state.metrics)
    name = f'attachment; filename="{ids.check_uuid7(session_id, "session")}.html"'
    return _ClosingStream(body, headers={"content-disposition": name}, media_type="text/html")


def replay_response(
    request: Request,
    services: Services,
    website: Website,
    session_id: str,
    part: ReplayPart,
    more_headers: Mapping[str, str] | None = None,
    *,
    hides_user: bool = False,
) -> Response:
    """Return a session's events, and record the view of `request.state.actor`.

    Args:
        hides_user: Withhold the identity that the website gave its user.
    """
    media_type = media_type_of(request.headers.get("accept"))
    encoding = encoding_of(request.headers.get("accept-encoding"))
    form = (part.from_ms, part.to_ms, part.page, media_type, encoding, hides_user)
    headers = {
        "vary": "Accept, Accept-Encoding, Authorization",
        "accept-ranges": "none",
        **(more_headers or {}),
    }
    viewed = (website.website_id, request.state.actor, session_id)
    if (etags := request.headers.get("if-none-match")) is not None:
        version = replay.replay_version(services.lake, website, session_id)
        if version is not None and _is_known(etags, _etag(version, *form)):
            services.views.note(*viewed)
            return Response(status_code=304, headers=headers | {"etag": _etag(version, *form)})
    recording = replay.replay(
        services.lake,
        website,
        session_id,
        from_ms=part.from_ms,
        to_ms=part.to_ms,
        page_id=part.page,
    )
    services.views.note(*viewed)
    headers["x-event-count"] = str(recording.event_count)
    if recording.version is not None:
        headers["etag"] = _etag(recording.version, *form)
    if encoding != "identity":
        headers["content-encoding"] = encoding
    pieces = anonymize_replay(recording.pieces) if hides_user else recording.pieces
    blocks = encode(pieces, media_type, encoding)
    # Read before the response starts, so that errors of the first block get a status.
    first = next(blocks, b"")
    body = _counted(chain([first], blocks), request.app.state.metrics)
    return _ClosingStream(body, headers=headers, media_type=media_type)


class _ClosingStream(StreamingResponse):
    """A streaming response that closes its body when the client disconnects."""

    def __init__(self, body: Generator[bytes, None, None], **more: Any) -> None:
        super().__init__(body, **more)
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._body.close()


def _counted(blocks: Iterator[bytes], metrics: QueryMetrics) -> Generator[bytes, None, None]:
    """Yield the blocks and count their bytes; count the replay as cut where reading fails."""
    with metrics.open_replays.track_inprogress():
        try:
            for block in blocks:
                yield block
                metrics.replay_bytes.inc(len(block))
        except LakeError as error:
            metrics.cut_replays.inc()
            _log.error("replay cut", kind=error.kind, error=str(error))
            raise


def _etag(version: str, *form: object) -> str:
    """Return a weak ETag: a newer server may compress the same events to other bytes."""
    name = hashlib.sha256(repr((version, form)).encode()).hexdigest()[:32]
    return f'W/"{name}"'


def _is_known(if_none_match: str, etag: str) -> bool:
    if if_none_match.strip() == "*":
        return True
    opaque = etag.removeprefix("W/")
    return any(part.strip().removeprefix("W/") == opaque for part in if_none_match.split(","))
