"""Outcomes of clicks: whether the target was interactive, and whether the page responded.

A click is reported when its second has passed and the mouse moves in it are known.
"""

from collections import deque
from collections.abc import Iterator

from lake.analysis.dom.targets import PersonClick
from lake.analysis.events import Click
from lake.analysis.inferred.responses import CONFIRM_MS, RESPONSE_MS, PageResponses

_PENDING_MAX = 50  # within a second


class ClickOutcomes:
    """Clicks that wait for a response."""

    def __init__(self, page_id: str, responses: PageResponses) -> None:
        self._page_id = page_id
        self._responses = responses
        self._pending: deque[PersonClick] = deque()

    def add(self, click: PersonClick) -> Iterator[Click]:
        """Add a click; of too many the first is reported now."""
        self._pending.append(click)
        if len(self._pending) > _PENDING_MAX:
            yield self._outcome_of(self._pending.popleft())

    def confirmed(self, now_ms: float) -> Iterator[Click]:
        """Return the clicks whose outcome is confirmed."""
        while self._pending and now_ms > self._pending[0].at_ms + RESPONSE_MS + CONFIRM_MS:
            yield self._outcome_of(self._pending.popleft())

    def _outcome_of(self, click: PersonClick) -> Click:
        until_ms = click.at_ms + RESPONSE_MS
        reacted = self._responses.has_changed(click.down_ms, until_ms, with_selections=True)
        path, text, is_interactive, *_ = click.target
        return Click(
            self._page_id, click.at_ms, click.x, click.y, path, text, is_interactive, reacted
        )
