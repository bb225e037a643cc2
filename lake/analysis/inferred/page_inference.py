"""Inference of occurrences on one page from its DOM, for pages of other recorders.

Each event is decoded once, applied to the page's DOM and given to every detector in replay order;
`event.changes` holds what a mutation changed. A detector finds one kind of occurrences. To add
one, implement `Detector` and append it to the list in `PageInference`:

    class FormDetector:
        def __init__(self, page_id: str, tree: DomTree) -> None: ...
        def see(self, event: PageEvent) -> Iterable[Occurrence]: ...
        def end(self) -> Iterable[Occurrence]: ...

A detector must not raise, and its memory must not grow with the length of a session.
"""

from lake.analysis.decoding import data_of
from lake.analysis.dom.budget import Budget
from lake.analysis.dom.css_cursors import Cursors
from lake.analysis.dom.dom_tree import DomTree
from lake.analysis.dom.nodes import Change
from lake.analysis.events import Occurrence
from lake.analysis.inferred.detector_events import MUTATION, RULES, Detector, PageEvent
from lake.analysis.inferred.form_detector import FormDetector
from lake.analysis.inferred.network import RequestDetector
from lake.analysis.inferred.page_scrolls import ScrollDetector
from lake.analysis.inferred.person_clicks import ClickDetector
from lake.raw.rrweb_events import FULL_SNAPSHOT, INCREMENTAL


class PageInference:
    """Infers the occurrences of one page. Never raises, whatever the events contain."""

    def __init__(self, page_id: str) -> None:
        self._budget = Budget()
        self._cursors = Cursors(self._budget)
        self._tree = DomTree(self._cursors.read)
        self._detectors: list[Detector] = [
            ClickDetector(page_id, self._tree, self._cursors, self._budget),
            FormDetector(page_id, self._tree),
            RequestDetector(page_id, self._tree),
            ScrollDetector(page_id, self._tree),
        ]

    def see(self, at_ms: float, kind: int, json: bytes) -> list[Occurrence]:
        """Return the occurrences that the next event confirms.

        Args:
            at_ms: The event's timestamp, browser clock.
            kind: Its rrweb type.
            json: The whole event.
        """
        event = self._applied(at_ms, kind, json)
        return [occurrence for detector in self._detectors for occurrence in detector.see(event)]

    def end(self) -> list[Occurrence]:
        """Return the occurrences that only the page's end confirms, and drop its nodes."""
        last = [occurrence for detector in self._detectors for occurrence in detector.end()]
        self._tree.load_snapshot(None)
        return last

    def _applied(self, at_ms: float, kind: int, json: bytes) -> PageEvent:
        self._budget.earn(len(json))
        data = data_of(json)
        source = data.get("source") if kind == INCREMENTAL else None
        source = source if type(source) is int else -1
        changes: list[Change] = []
        if kind == FULL_SNAPSHOT:
            self._cursors.clear()
            self._tree.load_snapshot(data, len(json))
        elif source == MUTATION:
            changes = self._tree.apply_mutation(data, len(json))
        elif source in RULES:
            self._cursors.read_rules(data)
        return PageEvent(at_ms, kind, source, data, changes)
