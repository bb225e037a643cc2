"""JavaScript errors of a session, each with its fingerprint.

`lake.analysis.js_errors.fingerprints` defines equal errors. They are counted as at ingest
(`lake.raw.chunk_codec`): an error that the page and its console both report within one chunk counts
once.
"""

from typing import Any, NamedTuple

from lake.analysis.decoding import data_of, decoded, field
from lake.analysis.js_errors.fingerprints import fingerprint
from lake.raw.console_errors import RecentErrors
from lake.raw.redaction import scrub_text, scrub_url
from lake.raw.rrweb_events import CONSOLE, CUSTOM, ERROR_TAGS, PLUGIN

ERRORS_MAX = 1000  # rows of one session; its count includes all
_MESSAGE_LENGTH_MAX = 1000
_STACK_LENGTH_MAX = 8000
_PLACE_MAX = 1_000_000_000  # lines and columns; a file is smaller
_SOURCES = ("error", "rejection", "console")


class JsError(NamedTuple):
    """One error. `at_ms` is the browser's clock; message and stack are scrubbed and cut.

    `source` is `error` (uncaught), `rejection` or `console` from our recorder; `page` where a
    recorder gives none. Without a stack but with a position, `stack` is that one frame.
    """

    at_ms: float
    chunk: int
    message: str
    stack: str | None
    source: str
    fingerprint: str


class JsErrors:
    """Collects the errors of a session from its events in replay order."""

    def __init__(self) -> None:
        self.errors: list[JsError] = []
        self._recent: dict[int, RecentErrors] = {}

    def see(self, at_ms: float, chunk: int, kind: int, json: bytes) -> JsError | None:
        """Read one event; only custom and plugin events can be errors.

        Returns:
            The error, None where the event is no error or one beyond `ERRORS_MAX`.
        """
        if kind not in (CUSTOM, PLUGIN):
            return None
        return self.see_data(at_ms, chunk, data_of(json))

    def see_data(self, at_ms: float, chunk: int, data: dict[str, Any]) -> JsError | None:
        """Read the `data` of a custom or plugin event; return as `see`."""
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
    """Return the position of an error without a stack as one frame, "" without a position."""
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
