"""Chunks as a recorder sends them, and readers of stored chunks and of metrics."""

import gzip
import json
import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from lake import ids
from lake.control import websites
from lake.control.websites import Website
from lake.raw import chunk_codec, segment_file
from lake.raw.segment_file import ReceivedChunk
from lake.storage import keys
from lake.storage.base import Store

NOW_MS = 1_795_000_000_000  # 2026-11-18T11:06:40Z: the clock of these tests
ORIGIN = "https://shop.example"
Identity = tuple[str, str, str, int]


@dataclass
class Recorder:
    """One page of one session. `began_ms` is the session's start."""

    website_id: str
    began_ms: int = NOW_MS
    secret: str = field(default_factory=lambda: secrets.token_hex(16))

    def __post_init__(self) -> None:
        self.session_id = ids.session_id_of(self.secret, self.began_ms)
        self.page_id = ids.new_uuid7(self.began_ms)

    def params(self, seq: object = 0, **others: object) -> dict[str, Any]:
        """The parameters of one chunk; `others` replace some."""
        return {
            "website": self.website_id,
            "session": self.session_id,
            "page": self.page_id,
            "seq": seq,
            "secret": self.secret,
        } | others

    def identity(self, seq: int) -> Identity:
        """Identity of a chunk in the lake."""
        return self.website_id, self.session_id, self.page_id, seq


def chunk(seq: int = 0, *, text: str = "") -> bytes:
    """One chunk of two events, as JSON."""
    href = {"href": f"https://shop.example/{seq}?token=abc", "width": 800, "height": 600}
    click = {"source": 2, "type": 2, "id": seq, "text": text}
    events = [
        {"type": 4, "timestamp": NOW_MS + seq, "data": href},
        {"type": 3, "timestamp": NOW_MS + seq + 0.5, "data": click},
    ]
    return json.dumps(events).encode()


def headers(**others: str | None) -> dict[str, str]:
    """A browser's headers with gzip announced; `others` replace some, None leaves one out."""
    optional: dict[str, str | None] = {
        "origin": ORIGIN,
        "content-encoding": "gzip",
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    }
    optional |= {name.replace("_", "-"): value for name, value in others.items()}
    return {name: value for name, value in optional.items() if value is not None}


def plain(**others: str | None) -> dict[str, str]:
    """A browser's headers for a body that is not compressed."""
    return headers(content_encoding=None, **others)


def zipped(raw: bytes) -> bytes:
    """gzip, the same bytes every time."""
    return gzip.compress(raw, mtime=0)


def recording_website(store: Store, *, origins: tuple[str, ...] = (ORIGIN,)) -> Website:
    """Make a website that records everything."""
    made = websites.create(store, "Shop", origins=origins, now_ms=NOW_MS)
    changes = {"enable_session_replay": True, "session_replay_trigger": "all"}
    return websites.change(store, made.website_id, changes)


def stored(store: Store) -> list[ReceivedChunk]:
    """Every chunk in a segment, including repetitions."""
    return [
        received_chunk
        for item in store.list(keys.RAW)
        for received_chunk in segment_file.decode(store.get(item.key))
    ]


def stored_once(store: Store) -> dict[Identity, bytes]:
    """The chunks by identity, as JSON. Fails if one identity has two contents."""
    bodies: dict[Identity, bytes] = {}
    for received_chunk in stored(store):
        raw = chunk_codec.inflate(
            received_chunk.payload, received_chunk.encoding, raw_bytes_max=1 << 30
        )
        assert bodies.setdefault(received_chunk.identity, raw) == raw
    return bodies


def counted(metrics_text: str, website_id: str) -> Counter[str]:
    """Counts of a website's chunks by outcome, without zeros."""
    samples = _samples(metrics_text, "replaylake_chunks_total")
    return Counter(
        {
            labels["outcome"]: int(value)
            for labels, value in samples
            if labels["website"] == website_id and value
        }
    )


def assert_all_accounted_for(metrics_text: str) -> None:
    """Assert invariant I12: each website's received chunks are the sum of all outcomes."""
    sums: Counter[str] = Counter()
    for labels, value in _samples(metrics_text, "replaylake_chunks_total"):
        sign = 1 if labels["outcome"] == "received" else -1
        sums[labels["website"]] += sign * int(value)
    assert not any(sums.values()), sums


def metric(metrics_text: str, name: str, **labels: str) -> float:
    """One sample's value, 0 if there is none."""
    return next(
        (v for sample_labels, v in _samples(metrics_text, name) if sample_labels == labels), 0.0
    )


def _samples(text: str, name: str) -> list[tuple[Mapping[str, str], float]]:
    return [
        (sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    ]
