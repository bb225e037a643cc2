"""Reference of metrics, from the registries of both APIs."""

from prometheus_client.metrics import MetricWrapperBase

import ingest_api.metrics
import query_api.metrics
from deploy.docs.markdown import code, table

_INTRODUCTION = """\
# Metrics

`GET /metrics` of each API, in Prometheus' text format. Counters start with the process; a histogram
also has `_bucket`, `_sum` and `_count`. Do not expose the route: ingest's metrics name websites.

"""


def page() -> str:
    """Return the page: one section per API, one row per metric."""
    text = _INTRODUCTION
    for title, metrics in (
        ("Ingest API", ingest_api.metrics.IngestMetrics()),
        ("Query API", query_api.metrics.QueryMetrics()),
    ):
        wrappers = [item for item in vars(metrics).values() if isinstance(item, MetricWrapperBase)]
        rows = (row for wrapper in wrappers for row in _rows(wrapper))
        text += f"## {title}\n\n{table(('metric', 'type', 'labels', 'meaning'), rows)}\n"
    return text


def _rows(wrapper: MetricWrapperBase) -> list[tuple[str, str, str, str]]:
    labels = ", ".join(code(label) for label in wrapper._labelnames)  # there is no public name
    return [
        (
            code(metric.name + ("_total" if metric.type == "counter" else "")),
            metric.type,
            labels or "–",
            metric.documentation,
        )
        for metric in wrapper.describe()
    ]
