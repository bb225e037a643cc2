"""Preflight passes on the stores that we support, and sees a promise that is broken."""

import math
import time

import pytest

from lake.operations.preflight import preflight
from lake.settings import Settings
from lake.storage.base import Store, open_store
from tests.s3.endpoint import Fault, S3Endpoint


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def broken(store: Store, settings: Settings) -> dict[str, str]:
    result = preflight(store, settings, now_ms=now_ms())
    assert len(result) == 10
    assert list(store.list("")) == []
    return {finding.name: finding.detail for finding in result if not finding.ok}


@pytest.mark.also_on_s3
def test_a_store_that_we_support_passes_and_is_left_empty(settings: Settings, store: Store) -> None:
    assert broken(store, settings) == {}


@pytest.mark.s3
def test_a_bucket_tells_how_it_encrypts(s3: S3Endpoint) -> None:
    settings = s3.settings()
    result = preflight(open_store(settings), settings, now_ms=now_ms())

    assert [f.detail for f in result if f.name == "encryption at rest"] == ["AES256"]


@pytest.mark.s3
def test_conditions_that_something_in_between_drops_are_seen(s3: S3Endpoint) -> None:
    settings = s3.settings()
    s3.faults.add(Fault(kind="ignore-condition", method="PUT", times=math.inf))
    result = broken(open_store(settings), settings)

    assert set(result) == {"create if absent", "compare and swap", "table commits"}
    assert all("If-None-Match" in detail for detail in result.values())


@pytest.mark.s3
@pytest.mark.fault(23)
def test_a_listing_from_a_cache_is_seen(s3: S3Endpoint) -> None:
    """Fault 23: a stale LIST."""
    settings = s3.settings()
    s3.faults.add(Fault(kind="stale-answer", method="GET", match="/list/&", times=math.inf))
    result = broken(open_store(settings), settings)

    assert set(result) == {"listing"}
    assert "strongly consistent" in result["listing"]


@pytest.mark.s3
def test_a_read_from_a_cache_is_seen(s3: S3Endpoint) -> None:
    settings = s3.settings()
    s3.faults.add(Fault(kind="stale-answer", method="GET", match="/read", skip=1, times=math.inf))
    result = broken(open_store(settings), settings)

    assert set(result) == {"read after write"}
    assert "strongly consistent" in result["read after write"]


@pytest.mark.s3
def test_a_key_that_may_not_upload_in_parts_is_seen(s3: S3Endpoint) -> None:
    settings = s3.settings()
    s3.faults.add(Fault(kind="forbidden", method="POST", match="?uploads", times=math.inf))
    result = broken(open_store(settings), settings)

    assert set(result) == {"large files"}
    assert "AccessDenied" in result["large files"]


@pytest.mark.fault(33)
def test_a_clock_that_is_off_is_told_with_its_error(store: Store, settings: Settings) -> None:
    """Fault 33."""
    result = preflight(store, settings, now_ms=now_ms() + 20 * 60_000)

    (wrong,) = (finding for finding in result if not finding.ok)
    assert wrong.name == "clock"
    assert "1200 s behind ours, limit is 360 s" in wrong.detail
    assert "NTP" in wrong.detail


@pytest.mark.s3
def test_a_store_that_cannot_be_reached_is_the_only_finding(s3: S3Endpoint) -> None:
    settings = s3.settings(aws_secret_access_key="wrong")
    (result,) = preflight(open_store(settings), settings, now_ms=now_ms())

    assert (result.name, result.ok) == ("reachable", False)
    assert "credentials" in result.detail
