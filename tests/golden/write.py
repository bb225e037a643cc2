"""Writer of the golden files of the current format; run once for each format.

python -m tests.golden.write
"""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

from lake.settings import Settings
from lake.source_maps.store import prepare
from lake.storage.base import open_store
from tests.support import lakes

HERE = Path(__file__).parent
FORMAT = 3
SOURCE_MAP = b"""{"version": 3, "sources": ["src/a.ts", "src/b.ts"], "names": ["pay"],
"mappings": "AAAA,UACEA,K;CCCF"}"""


def main() -> None:
    sent = [
        lakes.chunk(
            [lakes.meta(1), lakes.snapshot(1, "Größe \u2028 \U0001f600"), lakes.error(2.5)], seq=0
        ),
        lakes.chunk([lakes.click(3, x=1.5), lakes.click(2)], seq=2, encoding="", visitor="b"),
        lakes.chunk(
            [
                lakes.meta(9, "https://shop.example/cart"),
                lakes.note(9, "page", url="https://shop.example/cart", title="Cart – 1 Stück"),
                lakes.note(10, "trigger", kind="error", detail="x is not a function"),
                lakes.note(11, "identify", id="alice"),
                lakes.note(12, "identify", id="bob"),
            ],
            page=lakes.page_id(1),
        ),
    ]
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(Settings(lake=folder), frame_bytes_max=300)
        store = open_store(settings)
        (key,) = lakes.append(store, sent)
        (HERE / f"segment-{FORMAT}.parquet").write_bytes(store.get(key))
        lakes.compact(store, settings)
        (row,) = lakes.rows(store, "sessions")
        (HERE / f"session-{FORMAT}.ndjson.zst").write_bytes(store.get(lakes.file_key(row)))
    made = prepare("w_a", "https://shop.example/app.js", SOURCE_MAP, now_ms=lakes.NOW_MS)
    (HERE / "source-map-1.map.zst").write_bytes(made.body)
    events = [[(a.facts.page_id, a.facts.seq), lakes.json_of(a)] for a in sent]
    (HERE / f"chunks-{FORMAT}.json").write_text(json.dumps(events, indent=1) + "\n")


if __name__ == "__main__":
    main()
