"""Activity of a visitor: total active time, and a strip of its distribution over the session.

`lake.analysis.analyzer` passes only the visitor's own actions (moves, clicks, scrolls, input,
touch). Changes that the page makes by itself do not count.
"""

from typing import NamedTuple

SLOTS = 60  # digits of a strip
IDLE_MS = 5000  # a longer pause counts as inactive
_BINS_MAX = 2048  # many per slot, so that the strip is accurate for any length


class ActivitySummary(NamedTuple):
    """Active time and distribution of the actions of a session.

    `strip` has a digit for each sixtieth of the session: 0 for no action, 1 for one action, and
    one more for each doubling, up to 9 from 256 on.
    """

    active_ms: int
    strip: str


class Activity:
    """Counts actions in bins whose width doubles whenever there are too many bins."""

    def __init__(self) -> None:
        self._bins: dict[int, int] = {}  # by index from the first action; may be negative
        self._width_ms = 1
        self._first_at_ms = 0.0
        self._last_at_ms: float | None = None
        self._active_ms = 0.0

    def see(self, at_ms: float) -> None:
        """Count an action of the visitor. One that arrives late does not add active time."""
        if self._last_at_ms is None:
            self._first_at_ms = self._last_at_ms = at_ms
        gap_ms = at_ms - self._last_at_ms
        if gap_ms > 0:
            self._active_ms += gap_ms if gap_ms <= IDLE_MS else 0
            self._last_at_ms = at_ms
        bin_index = int((at_ms - self._first_at_ms) // self._width_ms)
        self._bins[bin_index] = self._bins.get(bin_index, 0) + 1
        while len(self._bins) > _BINS_MAX:
            self._widen()

    def end(self, first_at_ms: float, last_at_ms: float) -> ActivitySummary:
        """Return the activity of a session that began and ended at these times."""
        counts = [0] * SLOTS
        slot_ms = (last_at_ms - first_at_ms) / SLOTS
        for bin_index, count in self._bins.items():
            middle_ms = self._first_at_ms + (bin_index + 0.5) * self._width_ms - first_at_ms
            slot = int(middle_ms / slot_ms) if slot_ms > 0 else 0
            counts[min(max(slot, 0), SLOTS - 1)] += count
        strip = "".join(str(min(count.bit_length(), 9)) for count in counts)
        return ActivitySummary(round(self._active_ms), strip)

    def _widen(self) -> None:
        self._width_ms *= 2
        bins: dict[int, int] = {}
        for bin_index, count in self._bins.items():
            bins[bin_index // 2] = bins.get(bin_index // 2, 0) + count
        self._bins = bins
