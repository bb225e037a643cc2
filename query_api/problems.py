"""Errors as answers: `application/problem+json` (RFC 9457) with a `kind` that never changes.

Which error gets which status stands in `app.STATUSES`.
"""

from http import HTTPStatus

import msgspec
from starlette.responses import Response

RETRY_AFTER_S = 5
MEDIA_TYPE = "application/problem+json"


def problem(status: int, kind: str, detail: str, *, parameter: str | None = None) -> Response:
    """Return the answer. `parameter` names what was wrong in the query or the body."""
    members: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "kind": kind,
    }
    if parameter is not None:
        members["parameter"] = parameter
    response = Response(msgspec.json.encode(members), status, media_type=MEDIA_TYPE)
    if status == 401:
        response.headers["www-authenticate"] = 'Bearer realm="replaylake"'
    if status in (429, 503):
        response.headers["retry-after"] = str(RETRY_AFTER_S)
    return response
