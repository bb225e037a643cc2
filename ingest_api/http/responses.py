"""Responses of the ingest API as bytes for ASGI. `ingest_api.app.STATUSES` maps errors to them."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

import msgspec

from lake.http.problem_json import (
    MEDIA_TYPE,
    RETRY_AFTER_S,
    RETRY_STATUSES,
    problem_json,
    retry_after,
)

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
HeaderList = list[tuple[bytes, bytes]]


class RawResponse(NamedTuple):
    """Status, headers and body."""

    status: int
    headers: HeaderList
    body: bytes


def json_response(status: int, value: object) -> RawResponse:
    """Return a response with a JSON body."""
    return _typed(status, b"application/json", msgspec.json.encode(value))


def problem_response(
    status: int,
    kind: str,
    detail: str,
    members: dict[str, object],
    *,
    retry_s: float = RETRY_AFTER_S,
) -> RawResponse:
    """Return a problem document, RFC 9457.

    Args:
        kind: Of the error; never changes.
        members: Further members of the document.
        retry_s: Value of Retry-After, with 429 and 503.
    """
    response = _typed(status, MEDIA_TYPE.encode(), problem_json(status, kind, detail, members))
    if status in RETRY_STATUSES:
        response.headers.append((b"retry-after", retry_after(retry_s).encode()))
    return response


async def send_response(
    send: Send,
    response: RawResponse,
    more_headers: HeaderList | None = None,
    *,
    before_close: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Send a response.

    Args:
        before_close: Awaited between the response and the end of the connection. Closed at once,
            with bytes of the request unread, the connection would be reset and the client might
            lose the response.
    """
    sent = response.headers + more_headers if more_headers else response.headers
    if before_close is not None:
        sent = [*sent, (b"connection", b"close")]
    await send({"type": "http.response.start", "status": response.status, "headers": sent})
    if before_close is not None:
        await send({"type": "http.response.body", "body": response.body, "more_body": True})
        await before_close()
        await send({"type": "http.response.body", "body": b""})
    else:
        await send({"type": "http.response.body", "body": response.body})


def _typed(status: int, content_type: bytes, body: bytes) -> RawResponse:
    length = str(len(body)).encode()
    return RawResponse(status, [(b"content-type", content_type), (b"content-length", length)], body)
