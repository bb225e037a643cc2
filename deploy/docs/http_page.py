"""Reference of both HTTP APIs, from their OpenAPI documents."""

from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import Any

import ingest_api.app
import query_api.app
from deploy.docs.markdown import code, table
from lake.settings import Settings
from lake.storage.base import open_store

Schema = dict[str, Any]

_INGEST = """\
# Ingest API

Routes that recorders and their pages call. Errors are listed under [error kinds](errors.md).
For programs: [openapi.json](ingest-openapi.json).

"""
_QUERY = """\
# Query API

Every route under `/api` needs `Authorization: Bearer KEY`, or the dashboard's cookie. A key sees
one website; what it may not see is 404. Errors are listed under [error kinds](errors.md). For
programs: [openapi.json](query-openapi.json), which a running server also gives at `/openapi.json`.

"""


def ingest_page() -> str:
    """Return the page of the ingest API."""
    return _INGEST + _body(ingest_schema())


def query_page() -> str:
    """Return the page of the query API."""
    return _QUERY + _body(query_schema())


def ingest_schema() -> Schema:
    """Return the OpenAPI document of the ingest API."""
    return _schema(ingest_api.app)


def query_schema() -> Schema:
    """Return the OpenAPI document of the query API."""
    return _schema(query_api.app)


def _schema(module: Any) -> Schema:
    with TemporaryDirectory() as folder:
        settings = Settings(lake=folder)
        schema: Schema = module.create_app(settings, open_store(settings)).openapi()
    return schema


def operations(schema: Schema) -> Iterator[tuple[str, str, Schema]]:
    """Yield method, path and description of each operation."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _body(schema: Schema) -> str:
    text = "## Routes\n\n"
    for method, path, operation in operations(schema):
        text += f"### {method} {path}\n\n{_operation(operation)}\n"
    shapes = schema.get("components", {}).get("schemas", {})
    if shapes:
        text += "## Shapes\n\n"
    for name, shape in shapes.items():
        text += f"### {name}\n\n{_shape(shape)}\n"
    return text


def _operation(operation: Schema) -> str:
    text = f"{operation.get('description') or operation.get('summary', '')}\n\n"
    parameters = [
        (
            code(item["name"]),
            item["in"],
            _type(item["schema"]),
            "yes" if item.get("required") else "no",
            item.get("description", ""),
        )
        for item in operation.get("parameters", ())
    ]
    if parameters:
        text += table(("parameter", "in", "type", "required", "meaning"), parameters) + "\n"
    body = operation.get("requestBody")
    if body:
        text += f"Body: {_content(body)}. {body.get('description', '')}\n\n"
    answers = [
        (code(status), _content(answer), answer.get("description", ""))
        for status, answer in operation.get("responses", {}).items()
    ]
    return text + table(("status", "body", "meaning"), answers)


def _shape(shape: Schema) -> str:
    required = shape.get("required", ())
    rows = [
        (code(name), _type(kind), "yes" if name in required else "no", kind.get("description", ""))
        for name, kind in shape.get("properties", {}).items()
    ]
    text = f"{shape.get('description', '')}\n\n"
    return text + (table(("field", "type", "always", "meaning"), rows) if rows else _type(shape))


def _content(part: Schema) -> str:
    kinds = part.get("content", {})
    return ", ".join(f"{code(kind)} {_type(body.get('schema', {}))}".strip()
                     for kind, body in kinds.items()) or "–"  # fmt: skip


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(kind) for kind in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(code(str(value)) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"array of {_type(schema.get('items', {})) or 'values'}"
    return str(schema.get("format") or schema.get("type", ""))
