"""Reference of error kinds, from the error classes and the status tables of both APIs."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import NamedTuple

import ingest_api.app
import query_api.app
from deploy.docs.markdown import code, first_paragraph, table
from lake.errors import LakeError

_PACKAGES = ("lake", "ingest_api", "query_api", "orchestration.cli", "orchestration.demo")
_STATUSES = {"ingest_api": ingest_api.app.STATUSES, "query_api": query_api.app.STATUSES}


class Kind(NamedTuple):
    """One kind: its status in each API, or "" where an API does not answer with it."""

    name: str
    ingest: str
    query: str
    meaning: str


# Answers for which no error is raised.
WITHOUT_CLASS = (
    Kind("internal", "500", "500", "A fault of the service itself; its log has the details."),
    Kind("not-found", "404", "404", "No route has this path."),
    Kind("method-not-allowed", "405", "405", "The route has no such method."),
    Kind("http-error", "4xx", "4xx", "Any other fault of the request as HTTP."),
    Kind("http-malformed", "400", "400", "The request is not HTTP/1.1."),
    Kind("head-too-large", "431", "431", "The request's head has too many bytes or headers."),
    Kind("body-too-slow", "408", "408", "The body did not arrive in time."),
    Kind("body-cut", "", "400", "The connection ended before the body did."),
    Kind("overloaded", "503", "503", "Too much is open or waiting; see `Retry-After`."),
    Kind("too-many-connections", "429", "429", "Too many connections from one address."),
    Kind("too-many-requests", "429", "429", "More requests than allowed; see `Retry-After`."),
    Kind("parameter-unknown", "", "400", "The route has no such parameter."),
    Kind("parameter-malformed", "", "400", "A parameter has a value that is not of its form."),
    Kind("recorder-missing", "404", "", "The recorder is not built: run `make setup`."),
)

_INTRODUCTION = """\
# Error kinds

Both APIs answer errors with `application/problem+json` (RFC 9457). `kind` never changes and is for
programs; `detail` is for people. 429 and 503 carry `Retry-After`.

A status is the one that the API's table assigns; – means that the API does not answer with this
kind. The command line prints the message and exits with 1, or with 2 for settings and wrong usage.

"""


def page() -> str:
    """Return the page: one row per kind, by name."""
    rows = (
        (code(kind.name), kind.ingest or "–", kind.query or "–", kind.meaning) for kind in kinds()
    )
    return _INTRODUCTION + table(("kind", "ingest", "query", "meaning"), rows)


def kinds() -> list[Kind]:
    """Return all kinds, by name. Classes that share one are merged."""
    for package in _PACKAGES:
        _import_all(package)
    merged: dict[str, Kind] = {}
    for kind in (*map(_of_class, _classes()), *WITHOUT_CLASS):
        other = merged.get(kind.name, kind)
        merged[kind.name] = Kind(
            kind.name,
            other.ingest or kind.ingest,
            other.query or kind.query,
            " ".join(dict.fromkeys((other.meaning, kind.meaning))),
        )
    return [merged[name] for name in sorted(merged)]


def _import_all(package: str) -> None:
    module = importlib.import_module(package)
    for info in pkgutil.walk_packages(module.__path__, f"{package}."):
        if not info.name.endswith("__main__"):
            importlib.import_module(info.name)


def _classes() -> Iterator[type[LakeError]]:
    """Yield every error class of the project, bases before those derived from them."""
    waiting = [LakeError]
    for error in waiting:
        waiting += error.__subclasses__()
    return (error for error in waiting[1:] if error.__module__.partition(".")[0] != "tests")


def _of_class(error: type[LakeError]) -> Kind:
    ingest, query = (_status(error, api) for api in _STATUSES)
    return Kind(error.kind, ingest, query, first_paragraph(error.__doc__))


def _status(error: type[LakeError], api: str) -> str:
    if error.__module__.partition(".")[0] not in ("lake", api):
        return ""
    statuses = _STATUSES[api]
    return next((str(status) for kind, status in statuses if issubclass(error, kind)), "")
