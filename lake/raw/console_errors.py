"""Recognise errors that a page reports twice: by the recorder's own event and in the console."""

from collections import deque

REPEATED_ERROR_MS = 1000  # a browser prints an uncaught error to the console within this time
CONSOLE_TEXT_LENGTH_MAX = 1000  # compared of a console line; the message is at its beginning
_MESSAGE_LENGTH_MAX = 200
_ERRORS_MAX = 8


class RecentErrors:
    """The last errors that a page reported, to be compared with lines of its console."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, str]] = deque(maxlen=_ERRORS_MAX)

    def add(self, at_ms: float, message: str) -> None:
        """Record an error of the page."""
        if message:
            self._recent.append((at_ms, message.removeprefix("Uncaught ")[:_MESSAGE_LENGTH_MAX]))

    def has(self, at_ms: float, text: str) -> bool:
        """Whether a console line repeats one of the recorded errors."""
        text = text[:CONSOLE_TEXT_LENGTH_MAX]
        return "Uncaught" in text and any(
            abs(at_ms - at) <= REPEATED_ERROR_MS and message in text for at, message in self._recent
        )
