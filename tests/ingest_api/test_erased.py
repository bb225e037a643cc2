"""Chunks of erased sessions are refused with 410 and not stored."""

from dataclasses import replace

import pytest

from ingest_api.app import create_app
from lake import erasure
from lake.erasure import ErasureTargets
from lake.reading.lake_snapshot import Lake
from lake.settings import Settings
from lake.storage.base import Store
from tests.ingest_api.conftest import Clock
from tests.ingest_api.recording import (
    Recorder,
    assert_all_accounted_for,
    chunk,
    counted,
    plain,
    stored,
)
from tests.support.asgi import AppClient

pytestmark = pytest.mark.also_on_s3


@pytest.mark.fault(30)
@pytest.mark.parametrize("by", ["session", "visitor"])
def test_erased_session_is_refused_after_a_cache_refresh(
    store: Store, settings: Settings, clock: Clock, recorder: Recorder, by: str
) -> None:
    settings = replace(settings, control_cache_s=1e-6)
    with AppClient(create_app(settings, store, clock=clock)) as client:
        refuse_what_is_erased(client, store, settings, clock, recorder, by)


def refuse_what_is_erased(
    client: AppClient, store: Store, settings: Settings, clock: Clock, recorder: Recorder, by: str
) -> None:
    def post(seq: int, sender: Recorder = recorder) -> tuple[int, str]:
        params = sender.params(seq=seq)
        answer = client.post("/v1/chunks", params=params, content=chunk(seq), headers=plain())
        return answer.status_code, answer.json().get("kind", "")

    assert post(0) == (202, "")
    (first,) = stored(store)
    session_id, visitor_id = first.session_id, first.client.visitor_id
    wanted = (
        ErasureTargets((session_id,)) if by == "session" else ErasureTargets(visitor_id=visitor_id)
    )
    erasure.request_erasure(Lake(store, settings, clock), recorder.website_id, wanted, by="test")

    assert post(1) == (410, "session-erased")
    assert post(0) == (410, "session-erased")
    assert len(stored(store)) == 1
    counts = counted(client.get("/metrics").text, recorder.website_id)
    assert counts["erased"] == 2
    assert_all_accounted_for(client.get("/metrics").text)
    # The visitor's next session is another one.
    assert post(0, Recorder(recorder.website_id, clock() + 1000)) == (202, "")
