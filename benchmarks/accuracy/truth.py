"""The actions of a visit and the streams of two recorders, saved as files without a browser.

    FOLDER/012-stepper.json.zst      a visit: its truths and both streams

Nothing here acts or judges: that is `visitor` and `matching`.
"""

from pathlib import Path

import msgspec
import zstandard

OURS = "replaylake"
FOREIGN = "plain rrweb"
RECORDERS = (OURS, FOREIGN)


class Truth(msgspec.Struct, frozen=True):
    """One thing that a visitor did, by the page's clock.

    A signal of this kind between `at_ms` and `until_ms` is right. `page` counts the documents of
    the visit from 0. Where it `is_optional`, a signal is right, and none is too: each of five angry
    clicks on plain text is dead as well. `needs` is what a stream must carry for it to be seen:
    `requests`, `errors`, or nothing beyond the page itself.
    """

    kind: str
    at_ms: float
    until_ms: float
    page: int
    what: str
    x: int | None = None
    y: int | None = None
    is_optional: bool = False
    needs: str = ""


class Visit(msgspec.Struct):
    """One visit. `streams` has for each recorder the events of each page, as (page, JSON texts).

    `flaws` are what the machine was too slow for: the truth of it was taken back.
    """

    name: str
    seed: int
    truths: list[Truth]
    streams: dict[str, list[tuple[int, list[str]]]]
    is_hard_negative: bool = False
    flaws: list[str] = msgspec.field(default_factory=list)


def save_visit(visit: Visit, folder: Path) -> None:
    """Write a visit."""
    body = zstandard.compress(msgspec.json.encode(visit))
    (folder / f"{visit.name}.json.zst").write_bytes(body)


def load_visits(folder: Path) -> list[Visit]:
    """Read all visits of a folder."""
    return [
        msgspec.json.decode(zstandard.decompress(path.read_bytes()), type=Visit)
        for path in sorted(folder.glob("*.json.zst"))
    ]
