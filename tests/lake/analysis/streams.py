"""Small rrweb streams, as a plain recorder writes them."""

import json
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

from lake.analysis.events import Occurrence, Signal
from lake.analysis.inferred.page_inference import PageInference
from lake.analysis.rules.dead_click import DeadClick
from lake.analysis.rules.rage_click import RageClick
from lake.sessions.session_file import OrderedEvent

PAGE = "0123456789abcdef"
AT_MS = 1_795_423_266_000
Json = dict[str, Any]


class Page:
    """Writes a page's events. Time goes on by `after`, ms; nodes are called by their names.

    An element is (tag, attributes, children...), where `name` among the attributes is ours.
    """

    def __init__(self, *body: Any, css: str = "", at_ms: float = AT_MS, first_id: int = 1) -> None:
        self.at_ms = at_ms
        self.events: list[Json] = []
        self.ids: dict[str, int] = {}
        self._numbers = count(first_id)
        self._add(4, {"href": "https://shop.example/", "width": 1280, "height": 800})
        style = [("style", {"_cssText": css})] if css else []
        html = self.node(("html", {}, ("head", {}, *style), ("body", {"name": "body"}, *body)))
        document = {"type": 0, "id": next(self._numbers), "childNodes": [html]}
        self._add(2, {"node": document, "initialOffset": {"left": 0, "top": 0}})

    def node(self, shape: Any) -> Json:
        number = next(self._numbers)
        if isinstance(shape, str):
            return {"type": 3, "id": number, "textContent": shape}
        tag, attributes, *children = shape
        attributes = dict(attributes)
        self.ids[attributes.pop("name", "")] = number
        nodes = [self.node(child) for child in children]
        return {
            "type": 2,
            "id": number,
            "tagName": tag,
            "attributes": attributes,
            "childNodes": nodes,
        }

    def _add(self, kind: int, data: Json) -> None:
        self.events.append({"type": kind, "data": data, "timestamp": self.at_ms})

    def wait(self, ms: float) -> "Page":
        self.at_ms += ms
        return self

    def source(self, source: int, **data: Any) -> "Page":
        self._add(3, {"source": source, **data})
        return self

    def mutate(self, **changes: Any) -> "Page":
        empty: Json = {"adds": [], "removes": [], "texts": [], "attributes": []}
        return self.source(0, **{**empty, **changes})

    def set(self, name: str, **attributes: Any) -> "Page":
        named = {key.replace("_", "-"): value for key, value in attributes.items()}
        return self.mutate(attributes=[{"id": self.ids[name], "attributes": named}])

    def insert(self, parent: str, shape: Any) -> "Page":
        """Add a subtree as rrweb does: each node by itself, parents first."""
        adds = []
        waiting = [(self.ids[parent], self.node(shape))]
        while waiting:
            above, node = waiting.pop(0)
            children = node.pop("childNodes", [])
            adds.append({"parentId": above, "nextId": None, "node": {**node, "childNodes": []}})
            waiting += [(node["id"], child) for child in children]
        return self.mutate(adds=adds)

    def remove(self, name: str, parent: str = "body") -> "Page":
        return self.mutate(removes=[{"id": self.ids[name], "parentId": self.ids[parent]}])

    def mouse(self, kind: int, name: str, **place: Any) -> "Page":
        return self.source(2, type=kind, id=self.ids.get(name, 0), **place)

    def click(self, name: str, x: int = 400, y: int = 300, *, held_ms: int = 60) -> "Page":
        """Mouse down, mouse up and click, as of a person."""
        self.mouse(1, name, x=x, y=y).wait(held_ms)
        return self.mouse(0, name, x=x, y=y).mouse(2, name, x=x, y=y, pointerType=0)

    def tap(self, name: str, x: int = 200, y: int = 300) -> "Page":
        self.mouse(7, name, x=x, y=y).wait(30)
        return self.mouse(9, name, x=x, y=y).wait(5).mouse(2, name, x=x, y=y, pointerType=2)

    def clicks(self, name: str, count: int, *, every_ms: int = 150, then: Any = None) -> "Page":
        """Click again and again; `then` is called after each."""
        for number in range(count):
            self.click(name, held_ms=50)
            if then:
                self.wait(10)
                then(number)
                self.wait(-10)
            self.wait(every_ms - 50)
        return self

    def move(self, name: str = "body", *, ms: int = 100) -> "Page":
        """The mouse moves over one element; the event comes at the end of the move."""
        self.wait(ms)
        positions = [
            {"x": 9, "y": 9, "id": self.ids[name], "timeOffset": -offset}
            for offset in range(ms, -1, -50)
        ]
        return self.source(1, positions=positions)

    def select(self, name: str, length: int) -> "Page":
        text = self.ids[name] + 1
        ranges = [{"start": text, "startOffset": 0, "end": text, "endOffset": length}]
        return self.source(14, ranges=ranges)


def ordered_events(events: Iterable[Json], chunk: int = 0) -> Iterator[OrderedEvent]:
    for event in events:
        yield OrderedEvent(event["timestamp"], chunk, event["type"], json.dumps(event).encode())


def occurrences_of(page: Page, page_id: str = PAGE) -> list[Occurrence]:
    """Return what a page's stream tells, until its end."""
    foreign = PageInference(page_id)
    matches = [
        occurrence
        for event in ordered_events(
            sorted(page.events, key=lambda event: float(event["timestamp"]))
        )
        for occurrence in foreign.see(event.at_ms, event.type, event.json)
    ]
    return matches + foreign.end()


def signals(page: Page) -> list[Signal]:
    """Return its dead and rage clicks."""
    return of_rules(occurrences_of(page))


def of_rules(occurrences: Iterable[Occurrence]) -> list[Signal]:
    """Return the dead and rage clicks in order of time, as `Analyzer` does."""
    rules = (RageClick(), DeadClick())
    matches = [
        signal for occurrence in occurrences for rule in rules for signal in rule.see(occurrence)
    ]
    matches += [signal for rule in rules for signal in rule.end()]
    return sorted(matches, key=lambda signal: (signal.at_ms, signal.page_id, signal.kind))


def kinds(page: Page) -> list[str]:
    return sorted(signal.kind for signal in signals(page))
