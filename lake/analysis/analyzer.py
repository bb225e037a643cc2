"""One pass over a session's events, in order of replay: everything that is found out about it.

Here events are read and handed on; what they mean is decided by the rules, a file each, and by
`foreign` for streams of recorders that leave no notes. Pure, and in bounded memory: a session of
a gigabyte is analysed as it is written.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from lake.analysis import recorder_notes
from lake.analysis.activity import Activity
from lake.analysis.decoding import data_of, field
from lake.analysis.events import Error, Navigation, Occurrence, Rule, Scroll, Signal
from lake.analysis.inferred.page_inference import PageInference
from lake.analysis.js_errors.rule import JsError, JsErrors
from lake.analysis.page_views import PageViews, ViewInteractions
from lake.analysis.rules.dead_click import DeadClick
from lake.analysis.rules.error_click import ErrorClick
from lake.analysis.rules.form_abandonment import FormAbandonment
from lake.analysis.rules.form_frustration import FormFrustration
from lake.analysis.rules.quick_back import QuickBack
from lake.analysis.rules.rage_click import RageClick
from lake.analysis.rules.scroll_thrash import ScrollThrash
from lake.analysis.rules.slow_response import SlowResponse
from lake.raw.redaction import scrub_url
from lake.raw.rrweb_events import (
    ACTIONS,
    CUSTOM,
    FULL_SNAPSHOT,
    IDENTIFY,
    INCREMENTAL,
    META,
    PAGE,
    PLUGIN,
    valid_user_id,
)
from lake.sessions.session_file import OrderedEvent

SIGNALS_MAX = 1000  # rows kept of one session, the first of each kind; counts stay right beyond
_RULES: tuple[type[Rule], ...] = (
    RageClick,
    DeadClick,
    FormFrustration,
    FormAbandonment,
    ScrollThrash,
    ErrorClick,
    QuickBack,
    SlowResponse,
)
_PAGES_MAX = 16  # whose DOM is mirrored at once: those that were shown last
_HELD_MAX = 8  # our recorder's first note comes right after its first snapshot
_SCROLL, _MOUSE_INTERACTION, _CLICK = 3, 2, 2


class AnalysisResult(NamedTuple):
    """What was found. `signals` are in order of time, `counts` are of all of each kind.

    `activity` are 60 digits, see `lake.analysis.activity`; `views` are by page. `user_ids` are of
    all users that were identified: chunk facts of an older version tell only the last of a chunk.
    """

    errors: list[JsError]
    signals: list[Signal]
    counts: dict[str, int]
    active_ms: int
    activity: str
    views: dict[str, list[ViewInteractions]]
    user_ids: tuple[str, ...] = ()


class _IncrementalData(msgspec.Struct, gc=False):
    source: int = -1
    type: int = -1
    id: int = 0
    x: float | None = None
    y: float | None = None


class _IncrementalEvent(msgspec.Struct, gc=False):
    data: _IncrementalData


class _SnapshotNode(msgspec.Struct, gc=False):
    id: int = 0


class _ScrollOffset(msgspec.Struct, gc=False):
    left: float = 0.0
    top: float = 0.0


class _Snapshot(msgspec.Struct, gc=False, rename="camel"):
    node: _SnapshotNode
    initial_offset: _ScrollOffset = msgspec.field(default_factory=_ScrollOffset)


class _SnapshotEvent(msgspec.Struct, gc=False):
    data: _Snapshot


_EVENT = msgspec.json.Decoder(_IncrementalEvent)
_SNAPSHOT = msgspec.json.Decoder(_SnapshotEvent)


class Analyzer:
    """Sees a session's events in order of replay.

    Args:
        page_ids: The page of each chunk, by its number.
    """

    def __init__(self, page_ids: Sequence[str]) -> None:
        self._page_ids = page_ids
        self._errors = JsErrors()
        self._rules = [rule() for rule in _RULES]
        self._activity = Activity()
        self._views = PageViews()
        self._foreign: dict[str, PageInference] = {}
        self._held: list[OrderedEvent] = []
        self._is_noted = False  # our recorder speaks
        self._counts: dict[str, int] = {}
        self._signals: list[Signal] = []
        self._users: dict[str, None] = {}
        self._first_at_ms: float | None = None
        self._last_at_ms = 0.0

    def see(self, event: OrderedEvent) -> None:
        """Look at the next event."""
        at_ms, chunk, kind, json = event
        page_id = self._page_ids[chunk]
        if self._first_at_ms is None:
            self._first_at_ms = at_ms
        self._last_at_ms = at_ms
        if kind == INCREMENTAL:
            self._see_incremental(page_id, at_ms, json)
        elif kind == FULL_SNAPSHOT:
            document, left, top = _document_of(json)
            self._views.see_document(page_id, document)
            self._views.see_scroll(page_id, document, left, top)
            self._take((Scroll(page_id, at_ms, document, left, top),))  # where it is at first
        elif kind == META:
            self._see_view(page_id, at_ms, data_of(json))
        elif kind in (CUSTOM, PLUGIN):
            self._see_custom(page_id, at_ms, chunk, json)
        if not self._is_noted:
            self._see_foreign(event)

    def end(self) -> AnalysisResult:
        """Return what was found. Nothing may be seen after."""
        self._release()
        for page in self._foreign.values():
            self._take(page.end())
        for rule in self._rules:
            self._keep(rule.end())
        first_at_ms = self._first_at_ms or 0.0
        done = self._activity.end(first_at_ms, self._last_at_ms)
        signals = sorted(self._signals, key=lambda s: (s.at_ms, s.page_id, s.kind))
        return AnalysisResult(
            self._errors.errors,
            signals,
            self._counts,
            done.active_ms,
            done.strip,
            self._views.by_page,
            tuple(self._users),
        )

    def _see_incremental(self, page_id: str, at_ms: float, json: bytes) -> None:
        try:
            data = _EVENT.decode(json).data
        except (msgspec.DecodeError, RecursionError):
            data = _IncrementalData(*_numbers(data_of(json)))
        if data.source in ACTIONS:
            self._activity.see(at_ms)
        if data.source == _SCROLL and data.x is not None and data.y is not None:
            self._views.see_scroll(page_id, data.id, data.x, data.y)
            self._take((Scroll(page_id, at_ms, data.id, data.x, data.y),))
        elif data.source == _MOUSE_INTERACTION and data.type == _CLICK:
            self._views.see_click(page_id, at_ms, data.x, data.y)

    def _see_custom(self, page_id: str, at_ms: float, chunk: int, json: bytes) -> None:
        data = data_of(json)
        error = self._errors.see_data(at_ms, chunk, data)
        if error is not None:
            self._take((Error(page_id, at_ms, error.message),))
        tag = data.get("tag")
        if not isinstance(tag, str) or not tag.startswith(recorder_notes.PREFIX):
            return
        self._is_noted = True
        self._held.clear()
        self._foreign.clear()
        payload = data.get("payload")
        if tag == IDENTIFY and (user_id := valid_user_id(field(payload, "id"))) is not None:
            self._users[user_id] = None
        if tag == PAGE:
            self._see_view(page_id, at_ms, payload)
        else:
            self._take(recorder_notes.read(page_id, at_ms, tag, payload))

    def _see_view(self, page_id: str, at_ms: float, told: object) -> None:
        """A Meta's data or a page note's payload."""
        url = field(told, "url" if field(told, "href") is None else "href")
        if not isinstance(url, str):
            return
        back = field(told, "back")
        view = Navigation(
            page_id,
            at_ms,
            scrub_url(url),
            recorder_notes.int_or_none(field(told, "width")),
            recorder_notes.int_or_none(field(told, "height")),
            back if isinstance(back, bool) else None,
        )
        self._views.see_view(view)
        self._take((view,))

    def _see_foreign(self, event: OrderedEvent) -> None:
        """Follow the page's DOM, unless a note that is to come says that nobody need."""
        self._held.append(event)
        if event.type == INCREMENTAL or len(self._held) > _HELD_MAX:
            self._release()

    def _release(self) -> None:
        for at_ms, chunk, kind, json in self._held:
            self._take(self._foreign_page(self._page_ids[chunk]).see(at_ms, kind, json))
        self._held.clear()

    def _foreign_page(self, page_id: str) -> PageInference:
        page = self._foreign.pop(page_id, None)
        if page is None:
            if len(self._foreign) >= _PAGES_MAX:
                self._take(self._foreign.pop(next(iter(self._foreign))).end())
            page = PageInference(page_id)
        self._foreign[page_id] = page
        return page

    def _take(self, occurrences: Iterable[Occurrence]) -> None:
        for occurrence in occurrences:
            for rule in self._rules:
                self._keep(rule.see(occurrence))

    def _keep(self, signals: Iterable[Signal]) -> None:
        for signal in signals:
            self._counts[signal.kind] = self._counts.get(signal.kind, 0) + 1
            if len(self._signals) < SIGNALS_MAX:
                self._signals.append(signal)


def _document_of(json: bytes) -> tuple[int, float, float]:
    """Return the id of a snapshot's document and how far that is scrolled, 0 where it has none."""
    try:
        data = _SNAPSHOT.decode(json).data
    except (msgspec.DecodeError, RecursionError):
        return 0, 0.0, 0.0
    return data.node.id, data.initial_offset.left, data.initial_offset.top


def _numbers(data: object) -> tuple[int, int, int, float | None, float | None]:
    """Return what is a number among the fields of `data`: for events that are not as rrweb's."""
    source, kind = (
        recorder_notes.int_or_none(field(data, "source")),
        recorder_notes.int_or_none(field(data, "type")),
    )
    return (
        -1 if source is None else source,
        -1 if kind is None else kind,
        recorder_notes.int_or_none(field(data, "id")) or 0,
        recorder_notes.int_or_none(field(data, "x")),
        recorder_notes.int_or_none(field(data, "y")),
    )
