"""Errors as answers: `application/problem+json` (RFC 9457) with a `kind` that never changes.

Which error gets which status stands in `app.STATUSES`.
"""

from starlette.responses import Response

from lake.http.problem_json import (
    MEDIA_TYPE,
    RETRY_AFTER_S,
    RETRY_STATUSES,
    problem_json,
    retry_after,
)


def problem(
    status: int,
    kind: str,
    detail: str,
    *,
    parameter: str | None = None,
    retry_s: float = RETRY_AFTER_S,
) -> Response:
    """Return the answer. `parameter` names what was wrong in the query or the body.

    Args:
        retry_s: When to come again; said in whole seconds, with 429 and 503.
    """
    members = {} if parameter is None else {"parameter": parameter}
    body = problem_json(status, kind, detail, members)
    response = Response(body, status, media_type=MEDIA_TYPE)
    if status == 401:
        response.headers["www-authenticate"] = 'Bearer realm="replaylake"'
    if status in RETRY_STATUSES:
        response.headers["retry-after"] = retry_after(retry_s)
    return response
