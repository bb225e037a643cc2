"""JavaScript errors of a session, each with the fingerprint under which its like is grouped.

What makes two alike is `lake.analysis.js_errors.fingerprints`'. Counted as at ingest
(`lake.raw.chunk_codec`): an error that the page and its console both report within one chunk is
one.
"""

from typing import Any, NamedTuple

from lake.analysis.decoding import data_of, decoded, field
from lake.analysis.js_errors.fingerprints import fingerprint
from lake.raw.console_errors import RecentErrors
from lake.raw.redaction import scrub_text, scrub_url
from lake.raw.rrweb_events import CONSOLE, CUSTOM, ERROR_TAGS, PLUGIN

ERRORS_MAX = 1000  # rows kept of one session; its count stays right beyond
_MESSAGE_LENGTH_MAX = 1000
_STACK_LENGTH_MAX = 8000
_PLACE_MAX = 1_000_000_000  # lines and columns; a file is smaller
_SOURCES = ("error", "rejection", "console")


class JsError(NamedTuple):
    """One error. `at_ms` is the browser's clock; message and stack are scrubbed and cut.

    `source` is what our recorder tells: `error` (uncaught), `rejection` or `console`; `page` where
    another one does not say. Where no stack was told but a place, `stack` is the one frame of it.
    """

    at_ms: float
    chunk: int
    message: str
    stack: str | None
    source: str
    fingerprint: str


class JsErrors:
    """Sees a session's events in replay order and keeps its errors."""

    def __init__(self) -> None:
        self.errors: list[JsError] = []
        self._recent: dict[int, RecentErrors] = {}

    def see(self, at_ms: float, chunk: int, kind: int, json: bytes) -> JsError | None:
        """Look at one event; all but custom and plugin events are none of this rule's.

        Returns:
            The error that is kept of it; None: it is none, or one too many.
        """
        if kind not in (CUSTOM, PLUGIN):
            return None
        return self.see_data(at_ms, chunk, data_of(json))

    def see_data(self, at_ms: float, chunk: int, data: dict[str, Any]) -> JsError | None:
        """Look at the `data` of a custom or plugin event; return as `see`."""
        payload = data.get("payload")
        if data.get("tag") in ERROR_TAGS:
            message = _text(field(payload, "message"))
            self._recent.setdefault(chunk, RecentErrors()).add(at_ms, message)
            source = field(payload, "source")
            source = source if source in _SOURCES else "page"
            stack = _text(field(payload, "stack")) or _place(payload)
            return self._add(at_ms, chunk, message, stack, source)
        if data.get("plugin") == CONSOLE and field(payload, "level") == "error":
            parts = field(payload, "payload")
            texts = [_unquoted(p) for p in parts] if isinstance(parts, list) else []
            text = " ".join(t for t in texts if t)
            recent = self._recent.get(chunk)
            if recent is None or not recent.has(at_ms, text):
                trace = field(payload, "trace")
                lines = [t for t in trace if isinstance(t, str)] if isinstance(trace, list) else []
                return self._add(at_ms, chunk, text, "\n".join(lines), "console")
        return None

    def _add(
        self, at_ms: float, chunk: int, message: str, stack: str, source: str
    ) -> JsError | None:
        if len(self.errors) >= ERRORS_MAX:
            return None
        message = scrub_text(message, _MESSAGE_LENGTH_MAX) or "(no message)"
        stack = scrub_text(stack, _STACK_LENGTH_MAX)
        name = fingerprint(message, stack)
        self.errors.append(JsError(at_ms, chunk, message, stack or None, source, name))
        return self.errors[-1]


def _place(payload: object) -> str:
    """Return the file, line and column of an error that was thrown without a stack as one frame."""
    url = _text(field(payload, "file"))
    line, column = field(payload, "line"), field(payload, "column")
    if not url or not _is_place(line):
        return ""
    place = f"    at {scrub_url(url)}:{line}"
    return f"{place}:{column}" if _is_place(column) else place


def _is_place(number: object) -> bool:
    return type(number) is int and 0 < number < _PLACE_MAX


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _unquoted(part: object) -> str:
    """Return an argument of rrweb's console plugin, which writes each one as JSON text."""
    text = _text(part)
    inner = decoded(text.encode(errors="replace")) if text.startswith('"') else None
    return inner if isinstance(inner, str) else text
