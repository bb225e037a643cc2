"""Scroll thrash: up and down again and again, by somebody who does not find what he looks for.

A reversal is a turn with 200 px or more before and behind it. That leaves out what trembles: the
bounce at an end, a header that shrinks, the last pixels of a smooth scroll. Each comes within two
seconds of the one before: a wheel takes a second and more for a screen and back, so that two
seconds for all four would leave out those who scroll far. rrweb tells at most ten places a second,
so a turn is known by the first place that is far enough behind it. Turns that the page made by
itself, as our recorder notes, are none; streams of others do not tell who scrolls.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lake.analysis.events import Occurrence, OwnScroll, Scroll, Signal

REVERSALS_MIN = 4  # the product's definition, as are the next two
REVERSAL_PX_MIN = 200
WITHIN_MS = 2000
_OWN_MS = 600  # a note of the page's own scrolling counts so long; it is said again every 300 ms
_THROTTLE_MS = 100  # the note and the place it is about come in any order
_NODES_MAX = 256  # that are followed at once: those that were scrolled last


@dataclass
class _Track:
    """How one document or element was scrolled. `heading` is 1 downwards, -1 upwards, 0 unknown.

    `low` and `high` are the outermost places since the last turn; `count` turns are an episode.
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
    """One signal per episode, at its first turn; it lasts until two seconds bring no other turn."""

    def __init__(self) -> None:
        self._tracks: dict[tuple[str, int], _Track] = {}

    def see(self, occurrence: Occurrence) -> Iterator[Signal]:
        """Follow what is scrolled; return an episode that is over."""
        if isinstance(occurrence, OwnScroll):
            self._disown(occurrence)
        if not isinstance(occurrence, Scroll):
            return
        page_id, at_ms, node, _, y = occurrence
        y = max(y, 0.0)  # iOS tells less while it bounces
        track = self._tracks.pop((page_id, node), None)
        if track is None:
            if len(self._tracks) >= _NODES_MAX:
                oldest = next(iter(self._tracks))
                yield from _finish(oldest[0], self._tracks.pop(oldest))
            track = _Track(y, y, at_ms)
        self._tracks[page_id, node] = track
        if at_ms < track.at_ms:
            return  # told too late to be between its neighbours
        track.at_ms = at_ms
        if track.count and at_ms - track.last_turn_ms > WITHIN_MS:
            yield from _finish(page_id, track)
        if _has_turned(track, y) and at_ms > track.own_until_ms:
            track.first_turn_ms = track.first_turn_ms if track.count else at_ms
            track.last_turn_ms = at_ms
            track.count += 1

    def _disown(self, told: OwnScroll) -> None:
        track = self._tracks.get((told.page_id, told.node))
        if track is None:
            return
        track.own_until_ms = told.at_ms + _OWN_MS
        if track.count and told.at_ms - track.last_turn_ms <= _THROTTLE_MS:
            track.count -= 1

    def end(self) -> Iterator[Signal]:
        """Return the episodes that the session's end cut off."""
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
