"""Prometheus metrics of the query API. One registry per app; no label comes from a client."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class QueryMetrics:
    """All counters of one app."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.answer_s = Histogram(
            "replaylake_query_seconds", "From a request to the head of its answer",
            ["route", "status"], buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self.open_replays = Gauge(
            "replaylake_replays_open", "Replays that are being sent", registry=registry
        )
        self.replay_bytes = Counter(
            "replaylake_replay_bytes_total", "Bodies of replays, as sent", registry=registry
        )
        self.cut_replays = Counter(
            "replaylake_replays_cut_total", "Replays that stored data ended early",
            registry=registry,
        )  # fmt: skip
        self.refused = Counter(
            "replaylake_query_refused_total", "Requests told to wait (429), by what was too much",
            ["reason"], registry=registry,
        )  # fmt: skip
        self.lost_views = Counter(
            "replaylake_views_lost_total", "Replay views that the audit log does not have",
            registry=registry,
        )  # fmt: skip

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)
