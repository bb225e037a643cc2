"""An object store that fails while chunks come in: refused and sent again, or stored once."""

import math
import time
from collections.abc import Iterator

import httpx
import pytest

from ingest_api.app import create_app
from lake.errors import StoreUnavailable
from lake.storage.s3 import S3Store
from tests.ingest_api.recording import (
    Recorder,
    assert_all_accounted_for,
    chunk,
    counted,
    headers,
    metric,
    recording_website,
    stored,
    stored_once,
    zipped,
)
from tests.s3.endpoint import Fault, S3Endpoint
from tests.s3.proxy import Kind
from tests.support.asgi import AppClient

pytestmark = pytest.mark.s3


@pytest.fixture
def bucket(s3: S3Endpoint) -> S3Store:
    settings = s3.settings()
    return S3Store(settings.lake, settings, retry_s=2.5, timeout_s=1.0)


@pytest.fixture
def recorder(bucket: S3Store) -> Recorder:
    return Recorder(recording_website(bucket).website_id, int(time.time() * 1000))


@pytest.fixture
def client(s3: S3Endpoint, bucket: S3Store, recorder: Recorder) -> Iterator[AppClient]:
    with AppClient(create_app(s3.settings(), bucket)) as client:
        assert post(client, recorder, 99).status_code == 202  # the day's salt is made
        yield client
        assert_all_accounted_for(client.get("/metrics").text)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("lost-answer", id="fault-4"),
        pytest.param("late-answer", id="fault-5"),
        pytest.param("error-after", id="fault-6"),
        pytest.param("too-many-requests", id="fault-8"),
        pytest.param("conflict", id="fault-9"),
    ],
)
@pytest.mark.fault(4, 5, 6, 8, 9)
def test_write_that_seems_to_fail_is_acknowledged_and_kept_once(
    s3: S3Endpoint, bucket: S3Store, client: AppClient, recorder: Recorder, kind: Kind
) -> None:
    """Faults 4, 5, 6, 8 and 9."""
    fault = s3.faults.add(Fault(kind=kind, method="PUT", match="/raw/", delay_s=1.5))
    answer = post(client, recorder, 0)

    assert answer.json() == {"stored": True}
    assert fault.hits == 1
    assert [a.facts.seq for a in stored(bucket)].count(0) == 1


@pytest.mark.fault(7)
def test_a_storm_is_answered_with_retry_after_and_survived(
    s3: S3Endpoint, bucket: S3Store, client: AppClient, recorder: Recorder
) -> None:
    """Fault 7: 503 SlowDown for longer than the store's own retries, then nothing is lost."""
    s3.faults.add(Fault(kind="slow-down", times=math.inf))
    for seq in range(2):
        refused = post(client, recorder, seq)
        assert (refused.status_code, refused.json()["kind"]) == (503, "store-unavailable")
        assert int(refused.headers["retry-after"]) > 0
    assert client.get("/readyz").status_code == 503
    s3.faults.clear()

    assert [post(client, recorder, seq).status_code for seq in range(2)] == [202] * 2
    assert client.get("/readyz").status_code == 200
    assert set(stored_once(bucket)) == {recorder.identity(seq) for seq in (0, 1, 99)}
    text = client.get("/metrics").text
    assert metric(text, "replaylake_store_failures_total") == 2
    assert counted(text, recorder.website_id)["rejected"] == 2


def test_an_unknown_website_and_an_outage_are_told_apart(
    s3: S3Endpoint, bucket: S3Store, client: AppClient, recorder: Recorder
) -> None:
    s3.faults.add(Fault(kind="slow-down", match="/websites/", times=math.inf))
    other = Recorder("w_000000000000", recorder.began_ms)

    assert post(client, other, 0).status_code == 503
    with pytest.raises(StoreUnavailable):
        recording_website(bucket)
    # What is known is believed meanwhile.
    assert post(client, recorder, 0).status_code == 202
    assert client.get("/v1/config/w_000000000000").status_code == 503
    s3.faults.clear()
    assert post(client, other, 0).status_code == 404


def post(client: AppClient, recorder: Recorder, seq: int) -> httpx.Response:
    return client.post(
        "/v1/chunks", params=recorder.params(seq), content=zipped(chunk(seq)), headers=headers()
    )
