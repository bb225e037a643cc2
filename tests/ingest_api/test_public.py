"""Public routes of the ingest API."""

import gzip
import hashlib
import os
import time
from pathlib import Path

import httpx
import pytest

from ingest_api import recorder_assets
from lake.control import websites
from lake.settings import Settings
from lake.storage.base import Store
from tests.ingest_api.recording import NOW_MS, Recorder, recording_website
from tests.support.asgi import AppClient
from tests.support.processes import INGEST, serving

SCRIPT = b'"use strict";(()=>{})();' * 40
DISABLED = {
    "enable_session_replay": False,
    "session_replay_trigger": "smart",
    "replay_sampling_rate": 0.02,
}


@pytest.mark.also_on_s3
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
    body = answer.json()
    assert body["now_ms"] == NOW_MS
    assert body["feature_flags"] == {
        "enable_session_replay": True,
        "session_replay_trigger": "all",
        "replay_sampling_rate": 0.02,
    }
    assert body["privacy"] == {
        "mask_emails": True,
        "require_consent": False,
        "mask_patterns": True,
        "mask_text": "patterns",
    }
    assert body["smart"]["url_patterns"] == ["cart", "checkout", "pricing"]
    assert body["network_panel"] is False


@pytest.mark.parametrize("website_id", ["w_nobody", "..%2F..%2Fx", "%00", "x" * 300, "é"])
def test_an_unknown_website_looks_like_a_disabled_one(
    client: AppClient, store: Store, website_id: str
) -> None:
    disabled = websites.create(store, "Shop", now_ms=NOW_MS)
    answers = [
        client.get(f"/v1/config/{wanted}").json() for wanted in (disabled.website_id, website_id)
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

    body = client.get(f"/v1/config/{free.website_id}").json()
    assert not body["feature_flags"]["enable_session_replay"]
    assert client.get(f"/v1/config/{enterprise.website_id}").json()["network_panel"]


@pytest.mark.also_on_s3
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
    folder = Path(settings.lake) / "control"
    folder.symlink_to(folder)  # reading it is an error (ELOOP), as of a broken disk
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["kind"]) == (503, "store-unavailable")
    assert settings.lake not in answer.text
    assert client.get("/healthz").status_code == 200


@pytest.fixture
def dist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder as the recorder's build leaves it."""
    folder = tmp_path / "dist"
    folder.mkdir()
    built(folder, SCRIPT)
    monkeypatch.setattr(recorder_assets, "DIST", folder)
    return folder


def built(folder: Path, script: bytes) -> None:
    (folder / "r.js").write_bytes(script)
    (folder / "r.js.gz").write_bytes(gzip.compress(script))
    (folder / "r.js.br").write_bytes(b"brotli of " + script)


def fetched(client: AppClient, method: str = "GET", **headers: str) -> tuple[httpx.Response, bytes]:
    """The recorder's answer with the bytes as they were sent."""

    async def fetch() -> tuple[httpx.Response, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with client.http.stream(method, "/r.js", headers=named) as answer:
            return answer, b"".join([part async for part in answer.aiter_raw()])

    return client.run(fetch())


def test_a_page_of_any_origin_may_load_the_recorder(dist: Path, client: AppClient) -> None:
    answer, body = fetched(client, accept_encoding="identity", origin="https://anyone.example")

    assert (answer.status_code, body) == (200, SCRIPT)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "public, max-age=300, stale-while-revalidate=86400"
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.headers["etag"] == f'"{hashlib.sha256(SCRIPT).hexdigest()}"'


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("br;q=0.1, gzip;q=0.9", "gzip"),
        ("br;q=0, gzip;q=0", None),
        ("BR ; q=0, *", "gzip"),
        ("identity, gzip;q=0.5", None),
        ("br;q=hello", None),
        ("", None),
        ("*;q=0", None),
    ],
)
def test_recorder_is_served_in_the_browsers_preferred_coding(
    dist: Path, client: AppClient, accepted: str, coding: str | None
) -> None:
    answer, body = fetched(client, accept_encoding=accepted)
    suffix = {"br": ".br", "gzip": ".gz", None: ""}[coding]

    assert answer.headers.get("content-encoding") == coding
    assert body == (dist / f"r.js{suffix}").read_bytes()
    assert answer.headers["content-length"] == str(len(body))
    assert answer.headers["etag"] == f'"{hashlib.sha256(body).hexdigest()}"'


def test_a_browser_that_has_the_recorder_gets_no_second_one(dist: Path, client: AppClient) -> None:
    first, _ = fetched(client, accept_encoding="gzip")
    tag = first.headers["etag"]
    if_none_match = [tag, f"W/{tag}", f'"x", {tag}', "*"]
    again = [fetched(client, accept_encoding="gzip", if_none_match=tags) for tags in if_none_match]
    other, _ = fetched(client, accept_encoding="br", if_none_match=tag)

    assert [(answer.status_code, body) for answer, body in again] == [(304, b"")] * len(
        if_none_match
    )
    assert all(answer.headers["etag"] == tag for answer, _ in again)
    assert all("max-age" in answer.headers["cache-control"] for answer, _ in again)
    assert other.status_code == 200


def test_new_build_is_served_without_old_compressed_files(dist: Path, client: AppClient) -> None:
    old, _ = fetched(client, accept_encoding="br")
    later = time.time_ns() + 10**9
    (dist / "r.js").write_bytes(b"new")
    os.utime(dist / "r.js", ns=(later, later))
    half, script = fetched(client, accept_encoding="br")
    built(dist, b"newer")

    assert (half.headers.get("content-encoding"), script) == (None, b"new")
    assert fetched(client, accept_encoding="br")[1] == b"brotli of newer"
    assert old.headers["etag"] != fetched(client, accept_encoding="br")[0].headers["etag"]


def test_unbuilt_recorder_is_404_that_names_make_setup(dist: Path, client: AppClient) -> None:
    (dist / "r.js").unlink()
    answer = client.get("/r.js")

    assert (answer.status_code, answer.json()["kind"]) == (404, "recorder-missing")
    assert "make setup" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["recorder", "triggers", "network", "gzip"])
def test_known_version_is_immutable_and_an_unknown_the_newest(
    dist: Path, client: AppClient, name: str
) -> None:
    """A page's loader may be cached for five minutes and then request an older version."""
    (dist / "recorder.js").write_bytes(SCRIPT)
    (dist / f"{name}.js").write_bytes(SCRIPT + name.encode())
    version = hashlib.sha256(SCRIPT + name.encode()).hexdigest()[:16]
    it, lost = client.get(f"/r/{version}.js"), client.get("/r/0123456789abcdef.js")

    assert (it.status_code, it.content) == (200, SCRIPT + name.encode())
    assert it.headers["access-control-allow-origin"] == "*"
    assert it.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (lost.status_code, lost.content) == (200, (dist / "recorder.js").read_bytes())
    assert lost.headers["cache-control"] == "no-cache"
    assert client.get("/r.js").headers["cache-control"].startswith("public, max-age=300")


def test_the_recorder_has_a_head(settings: Settings, tmp_path: Path) -> None:
    """Through a socket, because the server removes the body, not the app."""
    with serving(settings, tmp_path / "log", command=INGEST) as server:
        got, head = (httpx.request(method, f"{server.url}/r.js") for method in ("GET", "HEAD"))

    assert got.status_code == 200
    assert (head.status_code, head.content) == (200, b"")
    same = ("etag", "content-length", "content-encoding", "content-type", "cache-control")
    assert [head.headers[name] for name in same] == [got.headers[name] for name in same]


def test_a_pages_question_for_its_settings_needs_no_preflight(
    client: AppClient, store: Store
) -> None:
    """A GET without custom headers is a simple request; any page may read the response."""
    website = recording_website(store)
    for origin in ("https://shop.example", "https://anyone.example", "null"):
        answer = client.get(f"/v1/config/{website.website_id}", headers={"origin": origin})

        assert answer.headers["access-control-allow-origin"] == "*"
        assert "vary" not in answer.headers  # one answer in a cache serves all
