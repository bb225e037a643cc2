"""Background activity of a page: clocks, carousels, and effects that follow the mouse.

A change after a click is a response only if the page would not have made it anyway. Changes are
identified by position and kind (`signature_of`), not by node: a carousel changes one node after
the other, and each snapshot assigns new ids. The caller knows whether a click came before.
"""

from collections.abc import Hashable

from lake.analysis.dom.nodes import Change

_PATTERNS_MAX = 3000  # the oldest are dropped
_SAME_MS = 5  # two events may report one change
_PAUSE_MS_MAX = 15_000  # a longer pause ends a pattern
_LATE_MS = 200  # delay of timers
HOVERS_MIN = 3  # appearing and disappearing once might be chance


class BackgroundPattern:
    """A repeated change of a page: its count and its intervals."""

    __slots__ = ("gap_ms_max", "gap_ms_min", "hovers", "last_ms", "times")

    def __init__(self) -> None:
        self.times = 0
        self.last_ms = float("-inf")
        self.gap_ms_min = float("inf")
        self.gap_ms_max = 0.0
        self.hovers = 0

    @property
    def is_hover(self) -> bool:
        """Whether each occurrence came while the mouse moved."""
        return self.hovers >= max(HOVERS_MIN, self.times)

    def is_due(self, at_ms: float) -> bool:
        """Whether the pattern is active and due at this time."""
        gap_ms = at_ms - self.last_ms
        is_next = 0.5 * self.gap_ms_min <= gap_ms <= 1.5 * self.gap_ms_max + _LATE_MS
        return gap_ms <= _SAME_MS or (self.times > 1 and is_next)

    def note(self, at_ms: float, *, follows_click: bool = False) -> None:
        """Record an occurrence. The interval before one that may follow a click is not used."""
        gap_ms = at_ms - self.last_ms
        if gap_ms <= _SAME_MS:
            return
        if gap_ms > _PAUSE_MS_MAX:
            self.times, self.gap_ms_min, self.gap_ms_max = 0, float("inf"), 0.0
        if self.times and not follows_click:
            self.gap_ms_min = min(self.gap_ms_min, gap_ms)
            self.gap_ms_max = max(self.gap_ms_max, gap_ms)
        self.times += 1
        self.last_ms = at_ms


class BackgroundActivity:
    """The repeated changes of a page by signature."""

    def __init__(self) -> None:
        self._patterns: dict[Hashable, BackgroundPattern] = {}

    def get(self, signature: Hashable) -> BackgroundPattern | None:
        """Return the pattern of a signature, None where there is none."""
        return self._patterns.get(signature)

    def note(
        self, signature: Hashable, at_ms: float, *, follows_click: bool = False
    ) -> BackgroundPattern:
        """Record a change and return its pattern."""
        pattern = self._patterns.pop(signature, None) or BackgroundPattern()
        self._patterns[signature] = pattern
        if len(self._patterns) > _PATTERNS_MAX:
            del self._patterns[next(iter(self._patterns))]
        pattern.note(at_ms, follows_click=follows_click)
        return pattern


def signature_of(change: Change) -> Hashable:
    """Return the kind and position of a change, equal for its repetitions."""
    node = change.node
    place = (change.parent or node).place
    if change.what == "text":
        return place, "#text"
    if change.what == "attribute":
        name = change.name or ""
        return place, name, _difference(name, change.before, node.attributes.get(name))
    # Insertion and removal are the same, as of a tooltip at the mouse.
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
