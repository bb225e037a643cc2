"""One page of another recorder: its events are decoded once, mirrored, and handed to detectors.

A detector finds one kind of occurrences. To plug one in, give it the shape of `Detector`, make it
with the page's id and mirror, and add it to the list in `PageInference`:

    class Forms:
        def __init__(self, page_id: str, mirror: Mirror) -> None: ...
        def see(self, event: PageEvent) -> Iterable[Occurrence]: ...
        def end(self) -> Iterable[Occurrence]: ...

Every detector sees every event, in replay order, when the mirror has taken it already: what is
gone or was different is in `event.changes`. It must neither raise nor keep what grows with the
length of a session.
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
    """Sees one page's events and returns what they tell. Never raises, whatever comes."""

    def __init__(self, page_id: str) -> None:
        self._budget = Budget()
        self._cursors = Cursors(self._budget)
        self._mirror = DomTree(self._cursors.read)
        self._detectors: list[Detector] = [
            ClickDetector(page_id, self._mirror, self._cursors, self._budget),
            FormDetector(page_id, self._mirror),
            RequestDetector(page_id, self._mirror),
            ScrollDetector(page_id, self._mirror),
        ]

    def see(self, at_ms: float, kind: int, json: bytes) -> list[Occurrence]:
        """Look at the next event, in replay order. `json` is the whole event."""
        event = self._mirrored(at_ms, kind, json)
        return [found for detector in self._detectors for found in detector.see(event)]

    def end(self) -> list[Occurrence]:
        """Return what the page's end makes sure; the page's nodes are given up."""
        found = [last for detector in self._detectors for last in detector.end()]
        self._mirror.show(None)
        return found

    def _mirrored(self, at_ms: float, kind: int, json: bytes) -> PageEvent:
        self._budget.earn(len(json))
        data = data_of(json)
        source = data.get("source") if kind == INCREMENTAL else None
        source = source if type(source) is int else -1
        changes: list[Change] = []
        if kind == FULL_SNAPSHOT:
            self._cursors.clear()
            self._mirror.show(data, len(json))
        elif source == MUTATION:
            changes = self._mirror.apply(data, len(json))
        elif source in RULES:
            self._cursors.read_rules(data)
        return PageEvent(at_ms, kind, source, data, changes)
