"""Requests of a page's scripts, from rrweb's network plugin and similar ones.

An event comes when its requests have ended. Their own times are mostly of the page's clock, so a
request is assumed to have started its duration before the event.
"""

from collections.abc import Iterator
from typing import NamedTuple

from lake.analysis.dom.dom_tree import DomTree
from lake.analysis.events import NetworkRequest
from lake.analysis.inferred.detector_events import PageEvent
from lake.analysis.rules.slow_response import DURATION_MS_MIN
from lake.raw.redaction import scrub_url, split_url
from lake.raw.rrweb_events import PLUGIN

FAILED_FROM = 400
_PLUGIN = "rrweb/network@"
_SCRIPTED = ("fetch", "xmlhttprequest")  # others load the page
_RESPONSES_MAX = 200  # of one event
_METHOD_LENGTH_MAX = 16
_PATH_LENGTH_MAX = 300
_HOUR_MS = 3_600_000.0
_NUMBER_MAX = 1e15


class NetworkResponse(NamedTuple):
    """One completed request. `method` is "" where unknown; `path` includes the host."""

    started_at_ms: float
    ended_at_ms: float
    method: str
    path: str
    status: int


class RequestDetector:
    """Detects requests that failed or were slow."""

    def __init__(self, page_id: str, tree: DomTree) -> None:  # noqa: ARG002 - as all detectors
        self._page_id = page_id

    def see(self, event: PageEvent) -> Iterator[NetworkRequest]:
        """Return the failed and slow requests of an event."""
        for started_at_ms, at_ms, method, path, status in responses_of(event):
            duration_ms = at_ms - started_at_ms
            if status >= FAILED_FROM or duration_ms >= DURATION_MS_MIN:
                yield NetworkRequest(
                    self._page_id, at_ms, method or "GET", path, status, duration_ms
                )

    def end(self) -> Iterator[NetworkRequest]:
        """Return nothing: no request is pending."""
        return iter(())


def responses_of(event: PageEvent) -> Iterator[NetworkResponse]:
    """Yield the completed requests of a network event, nothing for other events."""
    if event.kind != PLUGIN or not str(event.data.get("plugin")).startswith(_PLUGIN):
        return
    payload = event.data.get("payload")
    requests = payload.get("requests") if isinstance(payload, dict) else None
    for request in requests[:_RESPONSES_MAX] if isinstance(requests, list) else ():
        if not isinstance(request, dict):
            continue
        kind, url, method = (request.get(k) for k in ("initiatorType", "name", "method"))
        status = _number(request, "status") or _number(request, "responseStatus")
        if kind in _SCRIPTED and isinstance(url, str) and status:
            yield NetworkResponse(
                event.at_ms - _duration_ms(request),
                event.at_ms,
                method.upper()[:_METHOD_LENGTH_MAX] if isinstance(method, str) else "",
                _path_of(url),
                int(status),
            )


def _duration_ms(request: dict[str, object]) -> float:
    duration_ms = _number(request, "duration") or (
        _number(request, "endTime") - _number(request, "startTime")
    )
    return min(max(duration_ms, 0.0), _HOUR_MS)


def _number(request: dict[str, object], name: str) -> float:
    value = request.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if abs(value) <= _NUMBER_MAX else 0.0


def _path_of(url: str) -> str:
    try:
        parts = split_url(scrub_url(url))
    except ValueError:
        return ""
    return f"{parts.netloc}{parts.path}"[:_PATH_LENGTH_MAX]
