"""Collect page views, users, triggers and errors from the events of one chunk.

Only what a list row needs is collected, within the limits below, and redacted
(see `lake.raw.redaction`). `lake.raw.chunk_codec.read_chunk` calls this for the few events that
are neither snapshots nor incremental.
"""

import re

import msgspec

from lake.raw.chunk_facts import RecordedView
from lake.raw.console_errors import CONSOLE_TEXT_LENGTH_MAX, RecentErrors
from lake.raw.redaction import URL_READ_MAX, read_length, scrub_text, scrub_url
from lake.raw.rrweb_events import (
    ABSENT,
    CONSOLE,
    ERROR_TAGS,
    IDENTIFY,
    NAME_LENGTH_MAX,
    PAGE,
    TRIGGER,
    USER_ID_LENGTH_MAX,
    RawData,
    decode_array,
    decode_number,
    decode_payload,
    decode_text,
    valid_user_id,
)

VIEWS_MAX = 256  # views recorded of one chunk, and
VIEWS_LENGTH_MAX = 16 * 1024  # the length of their URLs and titles: readers hold them in memory
TITLE_LENGTH_MAX = 300  # ten times what a browser's tab shows
TRIGGER_KIND = re.compile(r"[a-z_]{1,32}")  # a name, so that personal data does not match
_SIZE_MAX = 100_000  # CSS px; a screen is smaller
_CONSOLE_BYTES_MAX = 64 * 1024  # a longer console line is no uncaught error


class FactCollector:
    """Views, users, triggers and errors of one chunk, in order of its events."""

    def __init__(self) -> None:
        self.views: list[RecordedView] = []
        self.users: dict[str, None] = {}
        self.user_id: str | None = None
        self.error_count = 0
        self._views_length = 0
        self._triggers: list[tuple[float, str]] = []
        self._recent_errors = RecentErrors()

    @property
    def trigger(self) -> str | None:
        """The kind of the earliest trigger."""
        return min(self._triggers, key=lambda trigger: trigger[0])[1] if self._triggers else None

    def add_meta(self, at_ms: float, data: RawData) -> None:
        """Add rrweb's Meta event."""
        self._add_view(at_ms, data.href, data.width, data.height)

    def add_tagged(self, at_ms: float, data: RawData) -> bool:
        """Add a custom or plugin event; return whether it shows the visitor on the page."""
        tag = decode_text(data.tag, NAME_LENGTH_MAX)
        if tag == IDENTIFY:
            user_id = valid_user_id(decode_text(decode_payload(data).id, USER_ID_LENGTH_MAX))
            if user_id is not None:
                self.users[user_id] = None
                self.user_id = user_id
        elif tag == PAGE:
            page = decode_payload(data)
            self._add_view(at_ms, page.url, page.width, page.height, page.title)
            return True
        elif tag == TRIGGER:
            kind = decode_text(decode_payload(data).kind, NAME_LENGTH_MAX)
            if kind and TRIGGER_KIND.fullmatch(kind):
                self._triggers.append((at_ms, kind))
        else:
            self._add_error(at_ms, tag, data)
        return False

    def _add_view(
        self,
        at_ms: float,
        url: msgspec.Raw,
        width: msgspec.Raw,
        height: msgspec.Raw,
        title: msgspec.Raw = ABSENT,
    ) -> None:
        if len(self.views) >= VIEWS_MAX or (address := decode_text(url, URL_READ_MAX + 1)) is None:
            return
        name = scrub_text(decode_text(title, read_length(TITLE_LENGTH_MAX)) or "", TITLE_LENGTH_MAX)
        view = RecordedView(int(at_ms), scrub_url(address), _size(width), _size(height), name)
        length = len(view.url) + len(view.title)
        if self._views_length + length <= VIEWS_LENGTH_MAX:
            self.views.append(view)
            self._views_length += length

    def _add_error(self, at_ms: float, tag: str | None, data: RawData) -> None:
        """Count an error; one that both the page and its console report counts once."""
        if tag in ERROR_TAGS:
            self.error_count += 1
            message = decode_text(decode_payload(data).message, CONSOLE_TEXT_LENGTH_MAX)
            self._recent_errors.add(at_ms, message or "")
        elif decode_text(data.plugin, NAME_LENGTH_MAX) == CONSOLE:
            payload = decode_payload(data)
            if decode_text(payload.level, NAME_LENGTH_MAX) == "error":
                parts = decode_array(payload.payload, _CONSOLE_BYTES_MAX)
                text = " ".join(part for part in parts if isinstance(part, str))
                self.error_count += not self._recent_errors.has(at_ms, text)


def _size(raw: msgspec.Raw) -> int:
    """Return CSS px as an int, 0 for a value that is no size."""
    value = decode_number(raw)
    return int(value) if value is not None and 0 <= value <= _SIZE_MAX else 0
