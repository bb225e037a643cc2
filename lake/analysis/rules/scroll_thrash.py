"""Scroll thrash: repeated scrolling up and down.

A reversal is a turn with at least 200 px before and after it. That excludes the bounce at an end, a
shrinking header and the last pixels of a smooth scroll. Each reversal comes within two seconds of
the previous one: a wheel needs a second or more for a screen and back, so two seconds for all four
would exclude long scrolls. rrweb samples at most ten positions a second, so a turn is detected at
the first position far enough after it. Turns by the page itself, as our recorder notes them, do
not count; other recorders do not record who scrolls.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lake.analysis.events import Occurrence, OwnScroll, Scroll, Signal

REVERSALS_MIN = 4  # the product's definition, as are the next two
REVERSAL_PX_MIN = 200
WITHIN_MS = 2000
_OWN_MS = 600  # validity of a note of the page's own scrolling, which is repeated every 300 ms
_THROTTLE_MS = 100  # the note and its position arrive in any order
_NODES_MAX = 256  # followed at once: those that were scrolled last


@dataclass
class _Track:
    """How one document or element was scrolled. `heading` is 1 downwards, -1 upwards, 0 unknown.

    `low` and `high` are the extreme positions since the last turn; `count` is the episode's turns.
    """

    low: float
    high: float
    at_ms: float
    heading: int = 0
    count: int = 0
    first_turn_ms: float = 0.0
    last_turn_ms: float = 0.0
    own_until_ms: float = float("-inf")


class ScrollThrash:
    """One signal per episode, at its first turn; it ends after two seconds without a turn."""

    def __init__(self) -> None:
        self._tracks: dict[tuple[str, int], _Track] = {}

    def see(self, occurrence: Occurrence) -> Iterator[Signal]:
        """Follow a scroll position; return the signal of an episode that ended."""
        if isinstance(occurrence, OwnScroll):
            self._disown(occurrence)
        if not isinstance(occurrence, Scroll):
            return
        page_id, at_ms, node, _, y = occurrence
        y = max(y, 0.0)  # iOS reports negative positions while it bounces
        track = self._tracks.pop((page_id, node), None)
        if track is None:
            if len(self._tracks) >= _NODES_MAX:
                oldest = next(iter(self._tracks))
                yield from _finish(oldest[0], self._tracks.pop(oldest))
            track = _Track(y, y, at_ms)
        self._tracks[page_id, node] = track
        if at_ms < track.at_ms:
            return  # arrived too late to be ordered
        track.at_ms = at_ms
        if track.count and at_ms - track.last_turn_ms > WITHIN_MS:
            yield from _finish(page_id, track)
        if _has_turned(track, y) and at_ms > track.own_until_ms:
            track.first_turn_ms = track.first_turn_ms if track.count else at_ms
            track.last_turn_ms = at_ms
            track.count += 1

    def _disown(self, own_scroll: OwnScroll) -> None:
        track = self._tracks.get((own_scroll.page_id, own_scroll.node))
        if track is None:
            return
        track.own_until_ms = own_scroll.at_ms + _OWN_MS
        if track.count and own_scroll.at_ms - track.last_turn_ms <= _THROTTLE_MS:
            track.count -= 1

    def end(self) -> Iterator[Signal]:
        """Return the signals of the episodes that the session's end cut off."""
        for (page_id, _), track in self._tracks.items():
            yield from _finish(page_id, track)


def _has_turned(track: _Track, y: float) -> bool:
    track.low, track.high = min(track.low, y), max(track.high, y)
    heading = track.heading
    if heading <= 0 and y - track.low >= REVERSAL_PX_MIN:
        track.heading, track.high = 1, y
    elif heading >= 0 and track.high - y >= REVERSAL_PX_MIN:
        track.heading, track.low = -1, y
    else:
        return False
    return heading != 0


def _finish(page_id: str, track: _Track) -> Iterator[Signal]:
    if track.count >= REVERSALS_MIN:
        evidence = {"reversals": track.count}
        at_ms = track.first_turn_ms
        yield Signal("scroll_thrash", page_id, at_ms, None, None, None, None, evidence)
    track.count = 0
