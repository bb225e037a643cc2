"""What the ingest API answers, as bytes for ASGI. Which error gets which status: `app.STATUSES`."""

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
    """Answer with JSON."""
    return _typed(status, b"application/json", msgspec.json.encode(value))


def problem_response(
    status: int,
    kind: str,
    detail: str,
    facts: dict[str, object],
    *,
    retry_s: float = RETRY_AFTER_S,
) -> RawResponse:
    """Answer with an error, RFC 9457. `kind` never changes; `facts` are members of their own.

    Args:
        retry_s: When to come again; said in whole seconds, with 429 and 503.
    """
    answer = _typed(status, MEDIA_TYPE.encode(), problem_json(status, kind, detail, facts))
    if status in RETRY_STATUSES:
        answer.headers.append((b"retry-after", retry_after(retry_s).encode()))
    return answer


async def send_response(
    send: Send,
    answer: RawResponse,
    more_headers: HeaderList | None = None,
    *,
    before_close: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Send it. With `before_close`, the connection ends after that was awaited.

    The client has the whole answer by then; closing at once, with its bytes unread, would reset
    the connection and might take the answer back.
    """
    sent = answer.headers + more_headers if more_headers else answer.headers
    if before_close is not None:
        sent = [*sent, (b"connection", b"close")]
    await send({"type": "http.response.start", "status": answer.status, "headers": sent})
    if before_close is not None:
        await send({"type": "http.response.body", "body": answer.body, "more_body": True})
        await before_close()
        await send({"type": "http.response.body", "body": b""})
    else:
        await send({"type": "http.response.body", "body": answer.body})


def _typed(status: int, content_type: bytes, body: bytes) -> RawResponse:
    length = str(len(body)).encode()
    return RawResponse(status, [(b"content-type", content_type), (b"content-length", length)], body)
