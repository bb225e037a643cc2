"""What a page does by itself: clocks, carousels, and what follows the mouse.

A change that comes after a click answers it only if the page would not have made it anyway. Changes
are told apart by where and what they are (`signature_of`), not by the nodes: a carousel changes one
after the other, and each checkpoint gives them other numbers. Whether somebody had clicked is for
the caller to know.
"""

from collections.abc import Hashable

from lake.analysis.dom.nodes import Change

_PATTERNS_MAX = 3000  # the oldest are forgotten
_SAME_MS = 5  # one change may be told by two events
_PAUSE_MS_MAX = 15_000  # what rests longer has ended
_LATE_MS = 200  # timers are
HOVERS_MIN = 3  # coming and going once might be chance


class BackgroundPattern:
    """One thing that a page does unasked: how often, and at which intervals."""

    __slots__ = ("gap_ms_max", "gap_ms_min", "hovers", "last_ms", "times")

    def __init__(self) -> None:
        self.times = 0
        self.last_ms = float("-inf")
        self.gap_ms_min = float("inf")
        self.gap_ms_max = 0.0
        self.hovers = 0

    @property
    def is_hover(self) -> bool:
        """Whether it came while the mouse moved, each time."""
        return self.hovers >= max(HOVERS_MIN, self.times)

    def is_due(self, at_ms: float) -> bool:
        """Whether it is still going on, and its next time may be now."""
        gap_ms = at_ms - self.last_ms
        is_next = 0.5 * self.gap_ms_min <= gap_ms <= 1.5 * self.gap_ms_max + _LATE_MS
        return gap_ms <= _SAME_MS or (self.times > 1 and is_next)

    def note(self, at_ms: float, *, is_asked: bool = False) -> None:
        """It has happened. Where somebody may have asked for it, its pause teaches nothing."""
        gap_ms = at_ms - self.last_ms
        if gap_ms <= _SAME_MS:
            return
        if gap_ms > _PAUSE_MS_MAX:
            self.times, self.gap_ms_min, self.gap_ms_max = 0, float("inf"), 0.0
        if self.times and not is_asked:
            self.gap_ms_min = min(self.gap_ms_min, gap_ms)
            self.gap_ms_max = max(self.gap_ms_max, gap_ms)
        self.times += 1
        self.last_ms = at_ms


class BackgroundActivity:
    """The habits of a page by their signs."""

    def __init__(self) -> None:
        self._habits: dict[Hashable, BackgroundPattern] = {}

    def get(self, sign: Hashable) -> BackgroundPattern | None:
        """Return what has been noted of a sign."""
        return self._habits.get(sign)

    def note(self, sign: Hashable, at_ms: float, *, is_asked: bool = False) -> BackgroundPattern:
        """Note that it has happened, as it does by itself."""
        habit = self._habits.pop(sign, None) or BackgroundPattern()
        self._habits[sign] = habit
        if len(self._habits) > _PATTERNS_MAX:
            del self._habits[next(iter(self._habits))]
        habit.note(at_ms, is_asked=is_asked)
        return habit


def signature_of(change: Change) -> Hashable:
    """Tell what kind of change it is, and in which element."""
    node = change.node
    place = (change.parent or node).place
    if change.what == "text":
        return place, "#text"
    if change.what == "attribute":
        name = change.name or ""
        return place, name, _difference(name, change.before, node.attributes.get(name))
    # One that comes and one that goes are the same, as those of a tip at the mouse.
    return place, node.tag, node.attributes.get("class")


def _difference(name: str, before: str | None, after: str | None) -> frozenset[str]:
    """Return the classes or the properties of a style that have changed."""
    if name == "class":
        return frozenset((before or "").split()) ^ frozenset((after or "").split())
    if name == "style":
        changed = set(_declarations(before)) ^ set(_declarations(after))
        return frozenset(text.partition(":")[0].strip() for text in changed)
    return frozenset()


def _declarations(style: str | None) -> list[str]:
    return [text.strip() for text in (style or "").split(";") if text.strip()]
