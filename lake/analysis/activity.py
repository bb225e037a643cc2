"""When a visitor was active: for how long in all, and a strip that shows it over the session.

Only his own deeds are given here (moves, clicks, scrolls, input, touch): which events are that is
decided in `lake.analysis.analyzer`. What the page does by itself makes nobody active.
"""

from typing import NamedTuple

SLOTS = 60  # digits of a strip
IDLE_MS = 5000  # a longer pause is no activity
_BINS_MAX = 2048  # many to a slot, so that the strip is right whatever the session's length


class ActivitySummary(NamedTuple):
    """What was found.

    `strip` has a digit for each sixtieth of the session: 0 where the visitor did nothing, 1 for one
    deed, and one more for each doubling, up to 9 from 256 on.
    """

    active_ms: int
    strip: str


class Activity:
    """Counts deeds in bins whose width doubles whenever there are too many of them."""

    def __init__(self) -> None:
        self._bins: dict[int, int] = {}  # by number from the first deed on, which may be negative
        self._width_ms = 1
        self._first_at_ms = 0.0
        self._last_at_ms: float | None = None
        self._active_ms = 0.0

    def see(self, at_ms: float) -> None:
        """The visitor did something. A deed that is told late makes the active time no longer."""
        if self._last_at_ms is None:
            self._first_at_ms = self._last_at_ms = at_ms
        gap_ms = at_ms - self._last_at_ms
        if gap_ms > 0:
            self._active_ms += gap_ms if gap_ms <= IDLE_MS else 0
            self._last_at_ms = at_ms
        number = int((at_ms - self._first_at_ms) // self._width_ms)
        self._bins[number] = self._bins.get(number, 0) + 1
        while len(self._bins) > _BINS_MAX:
            self._widen()

    def end(self, first_at_ms: float, last_at_ms: float) -> ActivitySummary:
        """Return what was found in a session of these ends."""
        counts = [0] * SLOTS
        slot_ms = (last_at_ms - first_at_ms) / SLOTS
        for number, count in self._bins.items():
            middle_ms = self._first_at_ms + (number + 0.5) * self._width_ms - first_at_ms
            slot = int(middle_ms / slot_ms) if slot_ms > 0 else 0
            counts[min(max(slot, 0), SLOTS - 1)] += count
        strip = "".join(str(min(count.bit_length(), 9)) for count in counts)
        return ActivitySummary(round(self._active_ms), strip)

    def _widen(self) -> None:
        self._width_ms *= 2
        bins: dict[int, int] = {}
        for number, count in self._bins.items():
            bins[number // 2] = bins.get(number // 2, 0) + count
        self._bins = bins
