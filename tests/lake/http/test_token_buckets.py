"""Token buckets: bursts, rates, debts and bounded memory."""

import pytest

from lake.http.token_buckets import TokenBuckets


def test_burst_is_admitted_then_the_rate() -> None:
    buckets = TokenBuckets(per_s=10, burst=50)
    burst = [buckets.take("a", 0.0) for _ in range(51)]

    assert burst[:-1] == [0.0] * 50
    assert burst[-1] == pytest.approx(0.1)
    assert buckets.take("b", 0.0) == 0.0
    assert buckets.take("a", 0.05) > 0
    assert [buckets.take("a", 0.1) > 0 for _ in range(2)] == [False, True]
    assert sum(buckets.take("a", 1000.0) == 0 for _ in range(100)) == 50


def test_slow_rate_still_admits_one_at_once() -> None:
    buckets = TokenBuckets(per_s=0.1, burst=0.5)

    assert buckets.take("a", 0.0) == 0.0
    assert buckets.take("a", 0.0) == pytest.approx(10)


def test_any_number_of_names_takes_bounded_memory() -> None:
    buckets = TokenBuckets(per_s=1, burst=5)
    for number in range(20_000):
        buckets.take(str(number), 0.0)

    assert len(buckets) == 10_000


def test_debt_is_at_most_one_burst() -> None:
    """Concurrent requests are charged when they are answered; their debt grows meanwhile."""
    buckets = TokenBuckets(per_s=10, burst=100)
    for _ in range(150):
        buckets.owe("a", 0.0)

    assert buckets.wait_s("a", 0.0) == pytest.approx(5.1)
    for _ in range(100_000):
        buckets.owe("a", 0.0)
    assert buckets.wait_s("a", 0.0) == pytest.approx(10.1)
