"""Page events as rrweb records them, made by hand and small enough to read."""

from typing import Any

from tests.query_api.recorded import Event


def element(number: int, tag: Any, *children: Event, **attributes: Any) -> Event:
    return {
        "type": 2,
        "id": number,
        "tagName": tag,
        "attributes": attributes,
        "childNodes": list(children),
    }


def text(number: int, content: str) -> Event:
    return {"type": 3, "id": number, "textContent": content}


def opened(
    at_ms: float, *body: Event, url: str = "https://shop.example/", **view: Any
) -> list[Event]:
    """Return the first events of a page: meta and full snapshot."""
    html = element(3, "html", element(4, "head"), element(5, "body", *body))
    node = {"type": 0, "id": 1, "childNodes": [{"type": 1, "id": 2, "name": "html"}, html]}
    return [
        {"type": 4, "timestamp": at_ms, "data": {"href": url, "width": 800, "height": 600} | view},
        {
            "type": 2,
            "timestamp": at_ms + 1,
            "data": {"node": node, "initialOffset": {"top": 0, "left": 0}},
        },
    ]


def wrote(at_ms: float, number: int, content: str) -> Event:
    """A text of the page changed."""
    change = {
        "texts": [{"id": number, "value": content}],
        "attributes": [],
        "removes": [],
        "adds": [],
    }
    return {"type": 3, "timestamp": at_ms, "data": {"source": 0} | change}


def moved(at_ms: float) -> Event:
    """The mouse moved, so that this is no silence."""
    positions = [{"x": 5, "y": 5, "id": 5, "timeOffset": 0}]
    return {"type": 3, "timestamp": at_ms, "data": {"source": 1, "positions": positions}}


def counting(at_ms: float, seconds: int) -> list[Event]:
    """A page that shows how many seconds it is old."""
    events = opened(at_ms, element(6, "p", text(7, "second 0")))
    for second in range(1, seconds + 1):
        events += [moved(at_ms + second * 1000 - 500)]
        events += [wrote(at_ms + second * 1000, 7, f"second {second}")]
    return events
