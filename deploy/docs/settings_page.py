"""Reference of settings, from `lake.settings`."""

from dataclasses import Field, fields
from typing import Any

from deploy.docs.markdown import code, table
from lake.settings import Settings, env_name

# By the ending of a name, the longest first.
_UNITS = (
    ("_per_s", "per second"),
    ("_bytes_max", "bytes"),
    ("_bytes_min", "bytes"),
    ("_days_max", "days"),
    ("_after_days", "days"),
    ("_days", "days"),
    ("_ms", "milliseconds"),
    ("_s", "seconds"),
    ("_level", "level"),
    ("_max", "count"),
)
_MULTIPLES = ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB"))

_INTRODUCTION = """\
# Settings

All settings are environment variables, read once when a process starts. An empty variable counts as
not set. `replaylake settings` prints the values in use.

"""
_DEMO = """
`replaylake demo` also reads `INGEST_PORT`, `QUERY_PORT`, `DAGSTER_PORT` and `SHOP_PORT`.
"""


def page() -> str:
    """Return the page: one row per setting, in the order of the code."""
    rows = (
        (code(env_name(item.name)), _default(item), unit_of(item), item.metadata["reason"])
        for item in fields(Settings)
    )
    return (
        _INTRODUCTION + table(("variable", "default", "unit", "meaning and reason"), rows) + _DEMO
    )


def unit_of(item: "Field[Any]") -> str:
    """Return the unit of a setting, which its name ends with.

    Raises:
        LookupError: It is a number whose name tells no unit.
    """
    if item.type is str:
        return "text"
    for ending, unit in _UNITS:
        if item.name.endswith(ending):
            return unit
    raise LookupError(f"the setting {item.name} is a number without a unit in its name")


def _default(item: "Field[Any]") -> str:
    default: object = item.default
    if default == "":
        return "not set"
    if "_bytes_" in item.name and isinstance(default, int):
        for size, name in _MULTIPLES:
            if default % size == 0:
                return f"{code(str(default))} ({default // size} {name})"
    return code(f"{default:g}" if isinstance(default, float) else str(default))
