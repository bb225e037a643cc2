"""What anybody may ask the ingest API."""

import pytest

from lake import websites
from lake.settings import Settings
from lake.store import Store
from tests.asgi import AppClient
from tests.ingest.recording import NOW_MS, Recorder, recording_website

DISABLED = {
    "enable_session_replay": False,
    "session_replay_trigger": "smart",
    "replay_sampling_rate": 0.02,
}


def test_a_recorder_learns_its_websites_settings_and_the_time(
    client: AppClient, store: Store
) -> None:
    website = recording_website(store)
    answer = client.get(
        f"/v1/config/{website.website_id}", headers={"origin": "https://anyone.example"}
    )

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "public, max-age=5"
    found = answer.json()
    assert found["now_ms"] == NOW_MS
    assert found["feature_flags"] == {
        "enable_session_replay": True,
        "session_replay_trigger": "all",
        "replay_sampling_rate": 0.02,
    }
    assert found["privacy"] == {
        "mask_emails": True,
        "require_consent": False,
        "mask_patterns": True,
    }
    assert found["smart"]["url_patterns"] == ["cart", "checkout", "pricing"]
    assert found["network_panel"] is False


@pytest.mark.parametrize("website_id", ["w_nobody", "..%2F..%2Fx", "%00", "x" * 300, "é"])
def test_an_unknown_website_looks_like_a_disabled_one(
    client: AppClient, store: Store, website_id: str
) -> None:
    known = websites.create(store, "Shop", now_ms=NOW_MS)
    answers = [
        client.get(f"/v1/config/{wanted}").json() for wanted in (known.website_id, website_id)
    ]

    if website_id.startswith(".."):
        assert answers[1]["kind"] == "not-found"  # a slash makes another path of it
    else:
        assert answers[0] == answers[1]
        assert answers[1]["feature_flags"] == DISABLED


def test_the_free_plan_and_the_network_panel_are_told(client: AppClient, store: Store) -> None:
    free, enterprise = recording_website(store), recording_website(store)
    websites.change(store, free.website_id, {"plan": "free"})
    websites.change(store, enterprise.website_id, {"plan": "enterprise"})

    found = client.get(f"/v1/config/{free.website_id}").json()
    assert not found["feature_flags"]["enable_session_replay"]
    assert client.get(f"/v1/config/{enterprise.website_id}").json()["network_panel"]


def test_health_readiness_and_metrics_answer(client: AppClient) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
    metrics = client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "replaylake_chunks_total" in metrics.text


def test_what_does_not_exist_is_a_problem_too(client: AppClient) -> None:
    answers = [client.get("/nope"), client.get("/v1/chunks"), client.get("/docs")]

    assert [answer.status_code for answer in answers] == [404, 405, 404]
    for answer in answers:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["kind"] in ("not-found", "method-not-allowed")


def test_the_upload_is_described(client: AppClient) -> None:
    schema = client.get("/openapi.json").json()
    upload = schema["paths"]["/v1/chunks"]["post"]

    assert [p["name"] for p in upload["parameters"]] == list(Recorder("w_x").params())
    assert set(upload["responses"]) >= {"202", "204", "400", "403", "404", "410", "413", "503"}
    assert "Problem" in schema["components"]["schemas"]
    assert {"/r.js", "/healthz", "/readyz", "/metrics"} <= set(schema["paths"])


def test_every_status_that_an_error_has_is_described(client: AppClient) -> None:
    from ingest_api.app import STATUSES

    schema = client.get("/openapi.json").json()
    described = set(schema["paths"]["/v1/chunks"]["post"]["responses"])

    assert {str(status) for _, status in STATUSES} <= described


@pytest.mark.folder
def test_a_store_that_cannot_be_read_is_not_ready(
    client: AppClient, settings: Settings, store: Store
) -> None:
    from pathlib import Path

    folder = Path(settings.lake) / "control"
    folder.symlink_to(folder)  # reading it is an error (ELOOP), as of a broken disk
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["kind"]) == (503, "store-unavailable")
    assert settings.lake not in answer.text
    assert client.get("/healthz").status_code == 200
