"""A byte of a chunk costs no more than a constant, in time and in memory, whatever it says."""

import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lake.errors import BadInput
from lake.ingest import user_agents
from lake.raw.chunk_codec import read_chunk, split_events
from lake.raw.redaction import scrub_text, scrub_url
from lake.source_maps.decode import decode
from tests.hostile.costs import cpu_s, peak_bytes
from tests.hostile.streams import analyse

RECORDINGS = sorted((Path(__file__).parents[2] / "orchestration/recordings").glob("*.json.zst"))
_BYTES_MIN = 20_000  # of a shorter text the fixed costs count most
_S_PER_BYTE_MAX = 40e-6  # a hundred times what an honest byte takes, so that no busy machine fails
_MEMORY_PER_BYTE_MAX = 60
_UNITS = (
    *(
        "%40",
        "@",
        "%",
        "a@",
        "/",
        "//",
        "&",
        "=",
        "a=b&",
        "?",
        "#",
        ".",
        "-",
        " ",
        "(",
        "()",
        "[",
        ":",
    ),
    *("'\"", '"', "\\", "\\\\", "{", "}", "/*", "cursor:", "a{cursor:x}", "::a,", ":not(", "[a= "),
    *("1", "1-", "1 ", "+1 ", "(123) ", "aA1", "eyJ", "eyJa.", "bearer ", "\ud800", "\U0001f600"),
    *(" at a (b:1:2)\n", "a@http://b:1:2\n", " [as ", "Uncaught ", "Mozilla/5.0 (", ";;,", "AAAA,"),
)
texts = st.builds(
    lambda parts, times: "".join(parts) * (times // max(1, len("".join(parts)))),
    st.lists(st.sampled_from(_UNITS), min_size=1, max_size=4),
    st.integers(100, 60_000),
)


def _recorded() -> list[list[dict[str, Any]]]:
    chunks = []
    for path in RECORDINGS:
        raw = zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())
        events = json.loads(raw)
        chunks.append((events if isinstance(events, list) else events["events"])[:120])
    return chunks


CHUNKS = _recorded()


def mutated(value: Any, text: str, chance: random.Random) -> Any:
    """Put a text in the place of some of the strings, and repeat some of the lists."""
    if isinstance(value, dict):
        return {name: mutated(item, text, chance) for name, item in value.items()}
    if isinstance(value, list):
        items = [mutated(item, text, chance) for item in value]
        return items * 3 if chance.random() < 0.02 else items
    return text if isinstance(value, str) and chance.random() < 0.02 else value


def assert_cheap(size_bytes: int, work: Any) -> None:
    size_bytes = max(size_bytes, _BYTES_MIN)
    assert cpu_s(work, repeats=2) < _S_PER_BYTE_MAX * size_bytes
    assert peak_bytes(work) < _MEMORY_PER_BYTE_MAX * size_bytes


def spend(given_bytes: bytes) -> None:
    """Do all that ingest and compaction do with a chunk's bytes."""
    try:
        read_chunk(given_bytes, page_id="page", seq=0)
    except BadInput:
        return
    for event in split_events(given_bytes):
        json.loads(event.json)


def assert_texts_are_cheap(text: str) -> None:
    maps = json.dumps({"version": 3, "sources": [text], "names": [], "mappings": text})

    def source_map() -> None:
        with suppress(BadInput):
            decode(maps.encode())

    for work in (
        lambda: scrub_url(text),
        lambda: scrub_url(f"https://a.example/?q={text}#{text}"),
        lambda: scrub_text(text, 8000),
        lambda: user_agents.describe_client(text, {}, country=None, visitor_id=""),
        source_map,
    ):
        assert_cheap(len(text), work)


def assert_chunks_are_cheap(chunk: list[dict[str, Any]], text: str, seed: int) -> None:
    events = mutated(chunk, text[:3000], random.Random(seed))
    for event in events:
        event["timestamp"], event["type"] = 1_795_000_000_000, int(event.get("type") or 0)
    raw = json.dumps(events).encode()

    assert_cheap(len(raw), lambda: spend(raw))
    assert_cheap(len(raw), lambda: analyse(events))


_few = settings(
    max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
_many = settings(_few, max_examples=300, derandomize=False)
_given_chunks = given(chunk=st.sampled_from(CHUNKS), text=texts, seed=st.integers(0, 999))
test_texts_cost_their_length = _few(given(text=texts)(assert_texts_are_cheap))
test_chunks_cost_their_bytes = _few(_given_chunks(assert_chunks_are_cheap))
test_many_texts_cost_their_length = pytest.mark.long(
    _many(given(text=texts)(assert_texts_are_cheap))
)
test_many_chunks_cost_their_bytes = pytest.mark.long(_many(_given_chunks(assert_chunks_are_cheap)))
