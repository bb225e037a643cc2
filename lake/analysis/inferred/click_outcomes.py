"""What became of each click on a foreign page: whether it was invited, and whether answered.

A click is told when its second has passed and the moves of the mouse in it are known.
"""

from collections import deque
from collections.abc import Iterator

from lake.analysis.dom.targets import PersonClick
from lake.analysis.events import Click
from lake.analysis.inferred.responses import CONFIRM_MS, RESPONSE_MS, PageResponses

_PENDING_MAX = 50  # nobody clicks so often


class ClickOutcomes:
    """Clicks that wait for their answers."""

    def __init__(self, page_id: str, answers: PageResponses) -> None:
        self._page_id = page_id
        self._answers = answers
        self._pending: deque[PersonClick] = deque()

    def add(self, press: PersonClick) -> Iterator[Click]:
        """Wait for what becomes of a click; of too many the first is told now."""
        self._pending.append(press)
        if len(self._pending) > _PENDING_MAX:
            yield self._told(self._pending.popleft())

    def settle(self, now_ms: float) -> Iterator[Click]:
        """Return the clicks whose time has come."""
        while self._pending and now_ms > self._pending[0].at_ms + RESPONSE_MS + CONFIRM_MS:
            yield self._told(self._pending.popleft())

    def _told(self, press: PersonClick) -> Click:
        until_ms = press.at_ms + RESPONSE_MS
        reacted = self._answers.has_changed(press.down_ms, until_ms, with_selections=True)
        path, text, is_interactive, *_ = press.target
        return Click(
            self._page_id, press.at_ms, press.x, press.y, path, text, is_interactive, reacted
        )
