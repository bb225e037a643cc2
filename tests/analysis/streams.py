"""Small rrweb streams, as a plain recorder writes them."""

import json
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

from lake.session_files import Placed

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


def placed(events: Iterable[Json], chunk: int = 0) -> Iterator[Placed]:
    for event in events:
        yield Placed(event["timestamp"], chunk, event["type"], json.dumps(event).encode())
