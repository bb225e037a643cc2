"""The API reference: the OpenAPI document as HTML, without scripts and other hosts."""

from html import escape
from typing import Any

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code,h2{font-family:ui-monospace,monospace}h2{font-size:1rem;margin-top:2.5rem}"
    "table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.2rem 1rem "
    ".2rem 0;border-top:1px solid #ddd}"
)
_INTRODUCTION = (
    "<p>Every route but the pages and probes wants <code>Authorization: Bearer KEY</code>, "
    "or the cookie that <code>POST /api/session</code> sets. "
    "Errors are <code>application/problem+json</code> with a <code>kind</code> that never "
    'changes. For programs: <a href="/openapi.json">openapi.json</a>.</p>'
)


def reference(schema: dict[str, Any]) -> str:
    """Return the page at `/docs`."""
    parts = [_INTRODUCTION]
    for path, methods in schema["paths"].items():
        parts += [_operation(method, path, operation) for method, operation in methods.items()]
    parts.append("<h1>Shapes</h1>")
    shapes = schema.get("components", {}).get("schemas", {})
    parts += [_shape(name, shape) for name, shape in shapes.items()]
    return _page("replaylake reference", "".join(parts))


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = [
        (item["name"], item["in"], _type(item["schema"]), item.get("description", ""))
        for item in operation.get("parameters", ())
    ]
    rows += [
        (status, "answer", _content(answer), answer.get("description", ""))
        for status, answer in operation.get("responses", {}).items()
    ]
    description = escape(operation.get("description", ""))
    return f"<h2>{method.upper()} {escape(path)}</h2><p>{description}</p>{_table(rows)}"


def _shape(name: str, shape: dict[str, Any]) -> str:
    rows = [
        (field, "", _type(kind), kind.get("description", ""))
        for field, kind in shape.get("properties", {}).items()
    ]
    name, description = escape(name), escape(shape.get("description", ""))
    return f'<h2 id="{name}">{name}</h2><p>{description}</p>{_table(rows)}'


def _table(rows: list[tuple[str, str, str, str]]) -> str:
    cells = (
        f"<tr><td><code>{escape(name)}</code><td>{escape(where)}<td>{kind}<td>{escape(text)}"
        for name, where, kind, text in rows
    )
    return f"<table>{''.join(cells)}</table>"


def _content(answer: dict[str, Any]) -> str:
    content = answer.get("content", {})
    kinds = (f"{escape(kind)} {_type(body.get('schema', {}))}" for kind, body in content.items())
    return "<br>".join(kinds)


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(kind) for kind in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(escape(str(value)) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"[{_type(schema.get('items', {}))}]"
    return escape(str(schema.get("type", "")))


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1>{body}</html>"
    )
