"""Decoding of events whose JSON may have any shape; absent values are None."""

from typing import Any

import msgspec


def decoded(json: bytes) -> object:
    """Return the decoded JSON, None where it is invalid or nested too deep."""
    try:
        return msgspec.json.decode(json)
    except (msgspec.DecodeError, RecursionError):
        return None


def data_of(json: bytes) -> dict[str, Any]:
    """Return an event's `data`, empty where it is absent or unreadable."""
    data = field(decoded(json), "data")
    return data if isinstance(data, dict) else {}


def field(value: object, name: str) -> Any:  # noqa: ANN401, RUF100 - JSON is anything
    """Return a field of a JSON value, None where it is no object."""
    return value.get(name) if isinstance(value, dict) else None
