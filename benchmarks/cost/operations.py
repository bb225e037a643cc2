"""Requests to the bucket, counted by what they are for and priced as R2's list has it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch
from urllib.parse import parse_qs, unquote

from tests.s3 import proxy
from tests.s3.endpoint import S3Endpoint

DOLLARS_PER_MILLION = {"A": 4.50, "B": 0.36, "free": 0.0}
# Source: developers.cloudflare.com/r2/pricing, standard storage.
CLASSES = {"PUT": "A", "LIST": "A", "UPLOAD": "A", "GET": "B", "HEAD": "B", "DELETE": "free"}

_operation_of = proxy.operation_of


def _with_kind(method: str, target: str) -> str:
    """Name an operation and the folder of the lake that it touches: `PUT raw`."""
    path, _, query = unquote(target).partition("?")
    steps = parse_qs(query).get("prefix", [path])[0].split("/")
    kinds = ("raw", "sessions", "tables", "control", "quarantine")
    # The table `sessions` lies below `tables`: the first that is found counts.
    kind = next((step for step in steps if step in kinds), "other")
    return f"{_operation_of(method, target)} {kind}"


@dataclass
class Operations:
    """Counts by (who, operation and kind), as `during` saw them."""

    endpoint: S3Endpoint
    counts: dict[str, Counter[str]] = field(default_factory=dict)

    @contextmanager
    def during(self, who: str) -> Iterator[None]:
        """Count all requests within the block for `who`."""
        before = self.endpoint.operations.copy()
        yield
        self.counts.setdefault(who, Counter()).update(self.endpoint.operations - before)

    def clear(self) -> None:
        """Count from here."""
        self.counts.clear()


@contextmanager
def counted() -> Iterator[Operations]:
    """Start an endpoint whose operations are counted by kind."""
    with patch.object(proxy, "operation_of", _with_kind), S3Endpoint() as endpoint:
        yield Operations(endpoint)


def dollars(counts: Counter[str]) -> float:
    """Price of these operations in dollars."""
    return sum(DOLLARS_PER_MILLION[class_of(name)] * n / 1e6 for name, n in counts.items())


def class_of(name: str) -> str:
    """R2's class of an operation with its kind."""
    return CLASSES[name.split()[0]]
