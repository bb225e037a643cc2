"""Analyzer of a session: one pass over its events in replay order.

Events are decoded here and passed on. The rules, one per file, decide what they mean;
`lake.analysis.inferred` does so for streams of recorders that leave no notes. Pure, and in bounded
memory: a session of a gigabyte is analysed while it is written.
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

SIGNALS_MAX = 1000  # rows of one session, the first ones; counts include all
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
_PAGES_MAX = 16  # whose DOM is held at once: those with the latest events
_HELD_MAX = 8  # our recorder's first note follows its first snapshot
_SCROLL, _MOUSE_INTERACTION, _CLICK = 3, 2, 2


class AnalysisResult(NamedTuple):
    """Results of the analysis. `signals` are in order of time; `counts` include all of each kind.

    `activity` has 60 digits, see `lake.analysis.activity`; `views` are by page id. `user_ids` has
    all identified users: chunk facts of older versions hold only the last of a chunk.
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
    """Analyzes a session's events in replay order.

    Call `see` for each event, then `end` once.

    Args:
        page_ids: The page of each chunk, by chunk number.
    """

    def __init__(self, page_ids: Sequence[str]) -> None:
        self._page_ids = page_ids
        self._errors = JsErrors()
        self._rules = [rule() for rule in _RULES]
        self._activity = Activity()
        self._views = PageViews()
        self._inferences: dict[str, PageInference] = {}
        self._held: list[OrderedEvent] = []
        self._is_noted = False  # our recorder's notes are in the stream
        self._counts: dict[str, int] = {}
        self._signals: list[Signal] = []
        self._users: dict[str, None] = {}
        self._first_at_ms: float | None = None
        self._last_at_ms = 0.0

    def see(self, event: OrderedEvent) -> None:
        """Analyze the next event."""
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
            self._apply_rules((Scroll(page_id, at_ms, document, left, top),))  # at first
        elif kind == META:
            self._see_view(page_id, at_ms, data_of(json))
        elif kind in (CUSTOM, PLUGIN):
            self._see_custom(page_id, at_ms, chunk, json)
        if not self._is_noted:
            self._infer(event)

    def end(self) -> AnalysisResult:
        """Return the results. No event may follow."""
        self._release()
        for page in self._inferences.values():
            self._apply_rules(page.end())
        for rule in self._rules:
            self._record(rule.end())
        first_at_ms = self._first_at_ms or 0.0
        activity = self._activity.end(first_at_ms, self._last_at_ms)
        signals = sorted(self._signals, key=lambda s: (s.at_ms, s.page_id, s.kind))
        return AnalysisResult(
            self._errors.errors,
            signals,
            self._counts,
            activity.active_ms,
            activity.strip,
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
            self._apply_rules((Scroll(page_id, at_ms, data.id, data.x, data.y),))
        elif data.source == _MOUSE_INTERACTION and data.type == _CLICK:
            self._views.see_click(page_id, at_ms, data.x, data.y)

    def _see_custom(self, page_id: str, at_ms: float, chunk: int, json: bytes) -> None:
        data = data_of(json)
        error = self._errors.see_data(at_ms, chunk, data)
        if error is not None:
            self._apply_rules((Error(page_id, at_ms, error.message),))
        tag = data.get("tag")
        if not isinstance(tag, str) or not tag.startswith(recorder_notes.PREFIX):
            return
        self._is_noted = True
        self._held.clear()
        self._inferences.clear()
        payload = data.get("payload")
        if tag == IDENTIFY and (user_id := valid_user_id(field(payload, "id"))) is not None:
            self._users[user_id] = None
        if tag == PAGE:
            self._see_view(page_id, at_ms, payload)
        else:
            self._apply_rules(recorder_notes.read(page_id, at_ms, tag, payload))

    def _see_view(self, page_id: str, at_ms: float, data: object) -> None:
        """Read a navigation from the data of a Meta event or the payload of a page note."""
        url = field(data, "url" if field(data, "href") is None else "href")
        if not isinstance(url, str):
            return
        back = field(data, "back")
        view = Navigation(
            page_id,
            at_ms,
            scrub_url(url),
            recorder_notes.int_or_none(field(data, "width")),
            recorder_notes.int_or_none(field(data, "height")),
            back if isinstance(back, bool) else None,
        )
        self._views.see_view(view)
        self._apply_rules((view,))

    def _infer(self, event: OrderedEvent) -> None:
        """Pass an event to the inference, which is not needed if a note follows soon."""
        self._held.append(event)
        if event.type == INCREMENTAL or len(self._held) > _HELD_MAX:
            self._release()

    def _release(self) -> None:
        for at_ms, chunk, kind, json in self._held:
            self._apply_rules(self._inference_of(self._page_ids[chunk]).see(at_ms, kind, json))
        self._held.clear()

    def _inference_of(self, page_id: str) -> PageInference:
        page = self._inferences.pop(page_id, None)
        if page is None:
            if len(self._inferences) >= _PAGES_MAX:
                self._apply_rules(self._inferences.pop(next(iter(self._inferences))).end())
            page = PageInference(page_id)
        self._inferences[page_id] = page
        return page

    def _apply_rules(self, occurrences: Iterable[Occurrence]) -> None:
        for occurrence in occurrences:
            for rule in self._rules:
                self._record(rule.see(occurrence))

    def _record(self, signals: Iterable[Signal]) -> None:
        for signal in signals:
            self._counts[signal.kind] = self._counts.get(signal.kind, 0) + 1
            if len(self._signals) < SIGNALS_MAX:
                self._signals.append(signal)


def _document_of(json: bytes) -> tuple[int, float, float]:
    """Return the id of a snapshot's document and its scroll offset, 0 where it has none."""
    try:
        data = _SNAPSHOT.decode(json).data
    except (msgspec.DecodeError, RecursionError):
        return 0, 0.0, 0.0
    return data.node.id, data.initial_offset.left, data.initial_offset.top


def _numbers(data: object) -> tuple[int, int, int, float | None, float | None]:
    """Return the numeric fields of `data`, for events of another shape than rrweb's."""
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
