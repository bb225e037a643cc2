"""Slow responses: a click's request took three seconds or more."""

from collections import deque
from collections.abc import Iterator

from lake.analysis.events import Click, NetworkRequest, Occurrence, Signal

DURATION_MS_MIN = 3000  # the patience of a person
START_MS_MAX = 500  # from the click to its request, for handlers and debouncing
_CLOCKS_MS = 50  # requests are timed by another clock and rounded; some start at mouse down
_CLICKS_MAX = 200  # that may have pending requests


class SlowResponse:
    """One signal per click, with its first slow request that ended."""

    def __init__(self) -> None:
        self._clicks: deque[Click] = deque(maxlen=_CLICKS_MAX)

    def see(self, occurrence: Occurrence) -> Iterator[Signal]:
        """Remember a click, or return the signal of a slow request's click."""
        if isinstance(occurrence, Click):
            self._clicks.append(occurrence)
        elif isinstance(occurrence, NetworkRequest) and occurrence.duration_ms >= DURATION_MS_MIN:
            click = self._click_of(occurrence)
            if click is not None:
                self._clicks.remove(click)
                yield Signal(
                    "slow_response",
                    click.page_id,
                    click.at_ms,
                    click.target,
                    click.text,
                    click.x,
                    click.y,
                    {
                        "method": occurrence.method,
                        "path": occurrence.path,
                        "status": occurrence.status,
                        "duration_ms": round(occurrence.duration_ms),
                    },
                )

    def end(self) -> Iterator[Signal]:
        """Return nothing: no click is pending."""
        return iter(())

    def _click_of(self, request: NetworkRequest) -> Click | None:
        """Return the last click before the request's start."""
        started_at_ms = request.at_ms - request.duration_ms
        near = [
            click
            for click in self._clicks
            if click.page_id == request.page_id
            and -_CLOCKS_MS <= started_at_ms - click.at_ms <= START_MS_MAX
        ]
        return max(near, key=lambda click: click.at_ms, default=None)
