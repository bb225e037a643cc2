"""OpenAPI description of `POST /v1/chunks`, which FastAPI does not see (`ingest_api.upload`)."""

from typing import Any

from lake import ids

_UUID7: dict[str, object] = {
    "type": "string",
    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
    "description": "UUIDv7, lower case",
}
_PARAMETERS: dict[str, tuple[str, dict[str, object]]] = {
    "website": ("The website's id.", {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}),
    "session": ("The session's id, made from its secret.", _UUID7),
    "page": ("The id of one page load.", _UUID7),
    "seq": (
        "0, 1, 2, … within a page.",
        {"type": "integer", "minimum": 0, "maximum": ids.SEQ_MAX},
    ),
    "secret": (
        "What the session id was made from.",
        {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    ),
}
_PROBLEMS = {
    "400": "Malformed: the parameters, the session's time, or the body.",
    "403": "The page's origin or the secret is wrong.",
    "404": "No such website.",
    "408": "The body came too slowly.",
    "410": "The session is erased, or older than its website keeps sessions.",
    "413": "The chunk is too large; `limit_bytes` says what is not.",
    "415": "Content-Encoding is neither gzip nor none.",
    "429": "The website sends too much, alone or beside others; `Retry-After` says when to go on.",
    "503": "The store failed or too much is waiting; `Retry-After` says when to send it again.",
}


def chunks_path() -> dict[str, Any]:
    """Return the OpenAPI path item."""
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses: dict[str, object] = {
        "202": {
            "description": "The chunk is durable. `stored` is false if it was there already.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {"stored": {"type": "boolean"}},
                        "required": ["stored"],
                    }
                }
            },
        },
        "204": {"description": "Not wanted: Sec-GPC, recording disabled, or a free plan."},
    }
    for status, description in _PROBLEMS.items():
        responses[status] = {"description": description, "content": problem}
    numbers = {"type": {"type": "integer"}, "timestamp": {"type": "number"}}
    event = {"type": "object", "required": list(numbers), "properties": numbers}
    body = {"schema": {"type": "array", "items": event, "minItems": 1}}
    return {
        "post": {
            "summary": "Store one chunk of a session",
            "operationId": "post_chunk",
            "parameters": [
                {
                    "name": name,
                    "in": "query",
                    "required": True,
                    "description": description,
                    "schema": schema,
                }
                for name, (description, schema) in _PARAMETERS.items()
            ],
            "requestBody": {
                "required": True,
                "description": "rrweb events, plain or gzip; any Content-Type will do.",
                "content": {"application/json": body},
            },
            "responses": responses,
        }
    }


def problem_schema() -> dict[str, Any]:
    """Return the schema of an error, RFC 9457."""
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail", "kind"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "kind": {"type": "string", "description": "Never changes; for programs."},
        },
    }
