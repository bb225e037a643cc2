"""Problem responses: `application/problem+json` (RFC 9457) with a `kind` that never changes.

`query_api.app.STATUSES` maps errors to status codes.
"""

from typing import Any

from starlette.responses import Response

from lake.http.problem_json import (
    MEDIA_TYPE,
    RETRY_AFTER_S,
    RETRY_STATUSES,
    problem_json,
    retry_after,
)
from query_api.schemas import Problem

# In the OpenAPI page, of every operation.
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {"content": {MEDIA_TYPE: {}}, "model": Problem}
}


def problem(
    status: int,
    kind: str,
    detail: str,
    *,
    parameter: str | None = None,
    retry_s: float = RETRY_AFTER_S,
) -> Response:
    """Return a problem response.

    Args:
        parameter: Name of the wrong parameter in the query or the body.
        retry_s: Seconds until a retry makes sense; sent rounded up, with 429 and 503.
    """
    members = {} if parameter is None else {"parameter": parameter}
    body = problem_json(status, kind, detail, members)
    response = Response(body, status, media_type=MEDIA_TYPE)
    if status == 401:
        response.headers["www-authenticate"] = 'Bearer realm="replaylake"'
    if status in RETRY_STATUSES:
        response.headers["retry-after"] = retry_after(retry_s)
    return response
