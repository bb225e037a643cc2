"""Streams of rrweb events that ask for much work with few bytes."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from lake.analysis.analyzer import Analyzer
from lake.sessions.session_file import OrderedEvent

Json = dict[str, Any]


def analyse(events: list[Json]) -> int:
    """Analyse one page; return how many bytes its events have."""
    analysis = Analyzer(["page"])
    size_bytes = 0
    for event in events:
        raw = json.dumps(event, separators=(",", ":")).encode()
        size_bytes += len(raw)
        analysis.see(OrderedEvent(event["timestamp"], 0, event["type"], raw))
    analysis.end()
    return size_bytes


def event(kind: int, at_ms: int, **data: object) -> Json:
    """One event."""
    return {"type": kind, "timestamp": at_ms, "data": data}


def mutation(at_ms: int, **changes: object) -> Json:
    """One mutation."""
    none: Json = {"adds": [], "removes": [], "texts": [], "attributes": []}
    return event(3, at_ms, source=0, **(none | changes))


def element(number: int, tag: str, *children: Json, **attributes: str) -> Json:
    """One element."""
    named = {name.replace("_", "-"): value for name, value in attributes.items()}
    given = {"tagName": tag, "attributes": named, "childNodes": list(children)}
    return {"type": 2, "id": number, **given}


def deep(depth: int, *inner: Json, **attributes: str) -> Json:
    """Elements in each other, the outermost with the number 100."""
    node = element(99 + depth, "div", *inner, **attributes)
    for number in range(98 + depth, 99, -1):
        node = element(number, "div", node, **attributes)
    return node


def shown(body: Json, css: str = "") -> list[Json]:
    """A page's first events."""
    sheet: Json = element(4, "style")
    sheet["attributes"]["_cssText"] = css
    html = element(2, "html", element(3, "head", sheet), element(5, "body", body))
    return [
        event(4, 0, href="https://a.example/", width=800, height=600),
        event(2, 1, node={"type": 0, "id": 1, "childNodes": [html]}),
    ]


def clicks(count: int, node: int) -> Iterator[Json]:
    """Clicks here and there, so that none is part of a burst."""
    for n in range(count):
        for kind in (1, 2):
            yield event(3, 1000 + n * 400, source=2, type=kind, id=node, x=n * 40 % 900, y=5)


def _marks(count: int) -> list[Json]:
    fields = [element(1000 + n, "input", type="text", required="") for n in range(count)]
    form = element(50, "form", *fields, element(55, "button", type="submit"))
    events = shown(deep(200, form, **{"class": "q " * 300}))
    for n in range(count // 10):
        events += clicks(1, 55)
        marked = [{"id": 1000 + k, "attributes": {"class": f"a{n}"}} for k in range(100)]
        events.append(mutation(1010 + n, attributes=marked))
    return events


def _chain(count: int) -> list[Json]:
    def add(number: int, above: int) -> Json:
        return {"parentId": above, "nextId": None, "node": element(number, "i")}

    adds = [add(1000, 9), *(add(1000 + n, 999 + n) for n in range(1, 20 * count))]
    moves = [mutation(20 + n, adds=[add(500 + n % 2, 999 + 20 * count)]) for n in range(2 * count)]
    return [*shown(element(9, "p")), mutation(10, adds=adds), *moves]


def _moves(count: int) -> list[Json]:
    events = shown(deep(400))
    for n in range(count // 2):
        changed = [{"id": 300, "attributes": {"class": f"a{n % 7}"}}]
        under = [{"x": 1, "y": 1, "id": 499 - k, "timeOffset": -k} for k in range(50)]
        events.append(mutation(5000 + n * 100, attributes=changed))
        events.append(event(3, 5001 + n * 100, source=1, positions=under))
    return events


def _errors(count: int) -> list[Json]:
    text = "a" * 98 + "b" + "a" * 99
    error = {"message": text, "stack": " [as " * 400}
    line = {"level": "error", "payload": ["Uncaught " + "a" * 900], "trace": ["at " * 300]}
    return [
        event(6, n, plugin="rrweb/console@1", payload=line)
        if n % 10
        else event(5, n, tag="replaylake.error", payload=error)
        for n in range(count)
    ]


def _names() -> Json:
    return {f"{'x' * 50}{n}": "a" for n in range(50)}


# Each makes a stream of about the given length.
STREAMS: dict[str, Callable[[int], list[Json]]] = {
    "clicks deep in many attributes": lambda n: [*shown(deep(400, **_names())), *clicks(n, 499)],
    "clicks deep in many classes": lambda n: [
        *shown(deep(400, **{"class": " ".join(f"a{k}" for k in range(200))})),
        *clicks(n, 499),
    ],
    "clicks under many rules": lambda n: [
        *shown(
            deep(400, **{"class": "a b"}),
            (" .c" + " .a" * 10 + " .b{cursor:x}") * n,
        ),
        *clicks(n, 499),
    ],
    "clicks on many children": lambda n: [
        *shown(element(50, "button", *(element(1000 + k, "b") for k in range(10 * n)))),
        *clicks(n, 50),
    ],
    "selectors that are none": lambda n: shown(
        element(9, "p"), ("::a," * 900 + "p{" + "cursor:x;" * 400 + "}") * (n // 20)
    ),
    "words of a sheet": lambda n: shown(element(9, "p"), "cursor:/*[a=" * (50 * n)),
    "marks of a form": _marks,
    "moves under a long chain": _chain,
    "the mouse over deep elements": _moves,
    "errors that look alike": _errors,
    "styles that change": lambda n: [
        *shown(element(9, "p", style="a:;" * 330)),
        *(
            mutation(10 + k, attributes=[{"id": 9, "attributes": {"style": {"z": str(k)}}}])
            for k in range(5 * n)
        ),
    ],
    "addresses": lambda n: [
        event(4, k, href="https://a.example/?" + "a=%40%40&" * 500, width=8, height=6)
        for k in range(n)
    ],
}
