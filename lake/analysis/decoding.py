"""Events as they are read here: anything that JSON can be, and what is not there is nothing."""

from typing import Any

import msgspec


def decoded(json: bytes) -> object:
    """Return what a text says, None where it is no JSON or nested too deep."""
    try:
        return msgspec.json.decode(json)
    except (msgspec.DecodeError, RecursionError):
        return None


def data_of(json: bytes) -> dict[str, Any]:
    """Return an event's `data`; empty where it has none, or cannot be read."""
    data = field(decoded(json), "data")
    return data if isinstance(data, dict) else {}


def field(value: object, name: str) -> Any:  # noqa: ANN401, RUF100 - JSON is anything
    """Return a field of what may be no object."""
    return value.get(name) if isinstance(value, dict) else None
