"""Prometheus metrics of the ingest API. One registry per app.

For each website, once all requests are answered: received = stored + duplicate + rejected +
limited + unwanted + quarantined + expired + erased. `limited` chunks got 429. `quarantined` ones
have the identity of an acknowledged chunk with other bytes; they are stored too, and compaction
moves them to quarantine.
"""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

OUTCOMES = (
    "stored",
    "duplicate",
    "rejected",
    "limited",
    "unwanted",
    "quarantined",
    "expired",
    "erased",
)
UNKNOWN = "unknown"
OTHER = "other"
_WEBSITES_MAX = 1000  # label values; every series costs memory in each scrape
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

disable_created_metrics()  # type: ignore[no-untyped-call]  # they would double the series


class WebsiteCounters:
    """The counters of one website."""

    def __init__(self, chunks: Counter, website: str) -> None:
        self.received = chunks.labels(website, "received")
        self.outcome = {name: chunks.labels(website, name) for name in OUTCOMES}


class IngestMetrics:
    """All metrics of one app. Labels are ids of existing websites, at most `_WEBSITES_MAX`."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._chunks = Counter(
            "replaylake_chunks_total", "Chunks by what became of them", ["website", "outcome"],
            registry=registry,
        )  # fmt: skip
        self.rejections = Counter(
            "replaylake_chunks_rejected_total", "Rejected chunks by error kind", ["kind"],
            registry=registry,
        )  # fmt: skip
        self.payload_bytes = Counter(
            "replaylake_chunk_bytes_total", "Bodies read, as sent", registry=registry
        )
        self.answer_s = Histogram(
            "replaylake_answer_seconds", "From a chunk's headers to its answer",
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self.waiting_bytes = Gauge(
            "replaylake_waiting_bytes", "Bodies held until their answer", registry=registry
        )
        self.late_s = Gauge(
            "replaylake_late_seconds", "How late the event loop was, lately", registry=registry
        )
        self.segments = Counter("replaylake_segments_total", "Segments written", registry=registry)
        self.segment_payload_bytes = Counter(
            "replaylake_segment_bytes_total", "Payloads in the segments written", registry=registry
        )
        self.commit_s = Histogram(
            "replaylake_commit_seconds", "One group commit's write",
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self.store_failures = Counter(
            "replaylake_store_failures_total", "Group commits that the store refused or lost",
            registry=registry,
        )  # fmt: skip
        self.ignored_fields = Counter(
            "replaylake_ignored_fields_total",
            "Parameters and headers by which a client tried to say what only the server knows",
            registry=registry,
        )
        self._counts: dict[str, WebsiteCounters] = {}
        self.unknown = self.of(UNKNOWN)

    def of(self, website_id: str) -> WebsiteCounters:
        """Return the counters of an existing website."""
        counts = self._counts.get(website_id)
        if counts is None:
            if len(self._counts) >= _WEBSITES_MAX and website_id != OTHER:
                return self.of(OTHER)
            counts = self._counts[website_id] = WebsiteCounters(self._chunks, website_id)
        return counts

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)
