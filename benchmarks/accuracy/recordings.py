"""The recordings beside the repository, as visits of a foreign recorder; none where there are none.

Their truth lists what was scripted, not all that can be found, so only its `KINDS` are judged.
"""

import json
from pathlib import Path

import zstandard

from benchmarks.accuracy.truth import FOREIGN, Truth, Visit

_FOLDER = Path(__file__).parents[3] / "shared" / "recordings"
_KINDS = {"rage_click": 800.0, "dead_click": 0.0, "scroll_thrash": 4_000.0}
_FAIL_MS = 1_500.0
# Scripted as dead clicks, and none: by recording and selector, what happened instead.
_NOT_DEAD = {
    ("agency_mobile_touch", ".team-member img"): "a tap while the page scrolled, never a click",
    ("kanban_js_errors", ".kanban-column-head .title"): "hit a dialog's backdrop and closed it",
    ("shop_browse_cart", "header h1"): "closed an open menu",
}
KINDS = (*_KINDS, "form_frustration")
_META = 4


def shared() -> list[Visit]:
    """Return all, each with its truth."""
    return [_visit(path) for path in sorted(_FOLDER.glob("*.json.zst"))]


def _visit(path: Path) -> Visit:
    name = path.name.removesuffix(".json.zst")
    raw = zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read()
    pages: list[tuple[int, list[str]]] = []
    begins: list[float] = []
    url = None
    for event in json.loads(raw):
        if event["type"] == _META and event["data"]["href"] != url:
            url = event["data"]["href"]
            pages.append((len(pages), []))
            begins.append(event["timestamp"])
        if pages:
            pages[-1][1].append(json.dumps(event))
    truth = json.loads(path.with_name(f"{name}.truth.json").read_text())
    return Visit(
        name=name, seed=0, truths=_truths(name, truth["actions"], begins), streams={FOREIGN: pages}
    )


def _truths(name: str, actions: list[dict[str, object]], begins: list[float]) -> list[Truth]:
    def page(at_ms: float) -> int:
        return max(sum(begin <= at_ms for begin in begins) - 1, 0)

    truths, failed = [], []
    for action in actions:
        at_ms, kind = float(str(action["t"])), str(action["kind"])
        what = str(action.get("sel", kind))
        if kind in _KINDS and (name, what) not in _NOT_DEAD:
            truths.append(Truth(kind, at_ms, at_ms + _KINDS[kind], page(at_ms), what))
        if kind == "rage_click":
            # Each of its clicks may be dead as well.
            truths += [
                Truth(
                    "dead_click",
                    at_ms + 150 * i,
                    at_ms + 150 * i,
                    page(at_ms),
                    what,
                    is_optional=True,
                )
                for i in range(int(str(action["n"])))
            ]
        if kind == "form_fail":
            failed.append(at_ms)
    if len(failed) > 1:
        truths.append(
            Truth("form_frustration", failed[1], failed[-1] + _FAIL_MS, page(failed[1]), "form")
        )
    return truths
