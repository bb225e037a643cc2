"""Problem documents (RFC 9457). Each service maps errors to statuses itself."""

import math
from collections.abc import Mapping
from http import HTTPStatus

import msgspec

RETRY_AFTER_S = 5
MEDIA_TYPE = "application/problem+json"
RETRY_STATUSES = (429, 503)  # sent with Retry-After


def problem_json(
    status: int, kind: str, detail: str, members: Mapping[str, object] | None = None
) -> bytes:
    """Return the body of a problem. `kind` never changes; `members` are added to it."""
    problem: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "kind": kind,
    }
    return msgspec.json.encode(problem | dict(members or {}))


def retry_after(retry_s: float = RETRY_AFTER_S) -> str:
    """Return the value of Retry-After: whole seconds, at least one."""
    return str(max(1, math.ceil(retry_s)))


def closing_response(status: int, kind: str, detail: str) -> bytes:
    """Return a whole HTTP/1.1 response, after which the connection is closed."""
    body = problem_json(status, kind, detail)
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: {MEDIA_TYPE}\r\n"
        f"content-length: {len(body)}\r\n"
    )
    if status in RETRY_STATUSES:
        head += f"retry-after: {retry_after()}\r\n"
    return f"{head}connection: close\r\n\r\n".encode() + body


TOO_MANY_CONNECTIONS = closing_response(
    429, "too-many-connections", "too many connections are open from this address"
)
