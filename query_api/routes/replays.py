"""The route of a session's events: negotiated, streamed, and answered by 304 where nothing changed.

`Range` is ignored, as RFC 9110, section 14.2 allows: `from_ms` and `to_ms` name parts that can be
played, and no header makes more work than one whole answer.
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
from query_api.http.query_params import ReplayParameters, ReplayPart, WebsiteParameters
from query_api.metrics import QueryMetrics
from query_api.replay_encoding import encode

router = APIRouter(tags=["replay"])
_log = structlog.get_logger(__name__)

_EVENT: dict[str, Any] = {"type": "object", "required": ["type", "timestamp"]}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "rrweb events in order of replay, a line each, or as one array.",
        "content": {
            NDJSON: {"schema": {"type": "string"}},
            JSON: {"schema": {"type": "array", "items": _EVENT}},
        },
        "headers": {
            "X-Event-Count": {
                "description": "How many events the answer holds: a shorter one was cut.",
                "schema": {"type": "integer"},
            },
            "ETag": {
                "description": "Of a session without waiting chunks.",
                "schema": {"type": "string"},
            },
        },
    },
    304: {"description": "`If-None-Match` named what the client has."},
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
    asked: Annotated[ReplayParameters, Query()],
) -> Response:
    """Stream a session's events, in zstd, gzip or as they are, whatever the client takes."""
    # A browser may keep what a key has shown, and asks before it shows it again.
    kept = {"cache-control": "private, no-cache"}
    return replay_response(request, services, website, session_id, asked, kept)


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
    """Stream a page that plays the session anywhere, offline too: one file, to be saved.

    It does not tell who was recorded, beyond what the recording itself shows.
    """
    return offline_response(request, services, website, session_id)


def offline_response(
    request: Request, services: Services, website: Website, session_id: str
) -> Response:
    """Answer with a session's page, and remember who took it: `request.state.actor`."""
    blocks = offline_page.page(services.lake, website, session_id)
    first = next(blocks)  # taken before the answer begins, so that what goes wrong has a status
    services.views.note(website.website_id, request.state.actor, session_id)
    body = _counted(chain([first], blocks), request.app.state.metrics)
    name = f'attachment; filename="{ids.check_uuid7(session_id, "session")}.html"'
    return _ClosingStream(body, headers={"content-disposition": name}, media_type="text/html")


def replay_response(
    request: Request,
    services: Services,
    website: Website,
    session_id: str,
    asked: ReplayPart,
    more_headers: Mapping[str, str] | None = None,
    *,
    hides_user: bool = False,
) -> Response:
    """Answer with a session's events, and remember who sees them: `request.state.actor`.

    Args:
        hides_user: Withhold who the website says its user is.
    """
    media_type = media_type_of(request.headers.get("accept"))
    encoding = encoding_of(request.headers.get("accept-encoding"))
    form = (asked.from_ms, asked.to_ms, asked.page, media_type, encoding, hides_user)
    headers = {
        "vary": "Accept, Accept-Encoding, Authorization",
        "accept-ranges": "none",
        **(more_headers or {}),
    }
    viewed = (website.website_id, request.state.actor, session_id)
    if (known := request.headers.get("if-none-match")) is not None:
        version = replay.replay_version(services.lake, website, session_id)
        if version is not None and _is_known(known, _etag(version, *form)):
            services.views.note(*viewed)
            return Response(status_code=304, headers=headers | {"etag": _etag(version, *form)})
    found = replay.replay(
        services.lake,
        website,
        session_id,
        from_ms=asked.from_ms,
        to_ms=asked.to_ms,
        page_id=asked.page,
    )
    services.views.note(*viewed)
    headers["x-event-count"] = str(found.event_count)
    if found.version is not None:
        headers["etag"] = _etag(found.version, *form)
    if encoding != "identity":
        headers["content-encoding"] = encoding
    pieces = anonymize_replay(found.pieces) if hides_user else found.pieces
    blocks = encode(pieces, media_type, encoding)
    # Taken before the answer begins, so that what goes wrong first has a status.
    first = next(blocks, b"")
    body = _counted(chain([first], blocks), request.app.state.metrics)
    return _ClosingStream(body, headers=headers, media_type=media_type)


class _ClosingStream(StreamingResponse):
    """Ends its work when the client goes away, and not when Python next looks for garbage."""

    def __init__(self, body: Generator[bytes, None, None], **more: Any) -> None:
        super().__init__(body, **more)
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._body.close()


def _counted(blocks: Iterator[bytes], metrics: QueryMetrics) -> Generator[bytes, None, None]:
    """Count what goes out. It ends early where the client goes away, and cut where data fails."""
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
    """Weak: a newer server may compress the same events to other bytes."""
    name = hashlib.sha256(repr((version, form)).encode()).hexdigest()[:32]
    return f'W/"{name}"'


def _is_known(if_none_match: str, etag: str) -> bool:
    if if_none_match.strip() == "*":
        return True
    opaque = etag.removeprefix("W/")
    return any(part.strip().removeprefix("W/") == opaque for part in if_none_match.split(","))
