"""Attacks 32 to 43 of those at ingest that a request alone can make; others need a socket."""

import gzip
import json
import zlib

import pytest
import zstandard
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.types import Message, Scope

from ingest_api.app import create_app
from lake.control import api_keys
from lake.settings import Settings
from lake.storage.base import Store
from tests.ingest_api.conftest import Clock
from tests.ingest_api.recording import (
    NOW_MS,
    ORIGIN,
    Recorder,
    chunk,
    counted,
    headers,
    metric,
    plain,
    recording_website,
    stored,
    zipped,
)
from tests.support.asgi import AppClient


@pytest.mark.parametrize(
    "session", ["../../x", "%2e%2e", "\0", "x" * 300, "01a1ee56-5e00-4be4-972c-9816fcdafaf7"]
)
@pytest.mark.attack(32)
def test_a_session_id_that_is_a_path_or_too_long_is_refused(
    client: AppClient, store: Store, recorder: Recorder, session: str
) -> None:
    """Attack 32."""
    answer = client.post(
        "/v1/chunks", params=recorder.params(session=session), content=chunk(), headers=plain()
    )

    assert (answer.status_code, answer.json()["parameter"]) == (400, "session")
    assert stored(store) == []


@pytest.mark.attack(33)
@pytest.mark.fault(37)
@pytest.mark.slow
def test_a_gzip_bomb_is_told_the_limit(client: AppClient, store: Store, recorder: Recorder) -> None:
    """Attack 33, fault 37."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(1024)) + squeeze.flush()
    answer = client.post("/v1/chunks", params=recorder.params(), content=bomb, headers=headers())

    assert len(bomb) < 2_000_000
    assert answer.status_code == 413
    assert answer.json()["kind"] == "chunk-too-large"
    assert answer.json()["limit_bytes"] == 32 * 1024 * 1024
    assert stored(store) == []


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        pytest.param(zipped(zipped(chunk())), "gzip", 400, id="attack-34"),
        pytest.param(zipped(zipped(chunk())), None, 400, id="attack-34-beacon"),
        pytest.param(zipped(chunk()) + zipped(chunk()), "gzip", 400, id="attack-35"),
        pytest.param(zipped(chunk())[:-9], "gzip", 400, id="attack-36"),
        pytest.param(zipped(chunk())[:-1], "gzip", 400, id="attack-36-trailer"),
        pytest.param(chunk(), "gzip", 400, id="not-gzip"),
        pytest.param(zipped(zipped(chunk())), "gzip, gzip", 415, id="attack-37"),
        pytest.param(chunk(), "br", 415, id="brotli"),
        pytest.param(zlib.compress(chunk()), "deflate", 415, id="deflate"),
        pytest.param(zstandard.compress(bytes(1 << 20)), "zstd", 415, id="fault-37-zstd"),
        pytest.param(
            zstandard.ZstdCompressor(
                compression_params=zstandard.ZstdCompressionParameters(window_log=30)
            ).compress(chunk()),
            "zstd",
            415,
            id="fault-38",
        ),
    ],
)
@pytest.mark.attack(34, 35, 36, 37)
@pytest.mark.fault(37, 38)
def test_a_body_that_is_not_one_gzip_member_is_refused(
    client: AppClient,
    store: Store,
    recorder: Recorder,
    body: bytes,
    encoding: str | None,
    status: int,
) -> None:
    """Attacks 34 to 37; faults 37 and 38 by zstd, which is no encoding of ours."""
    answer = client.post(
        "/v1/chunks",
        params=recorder.params(),
        content=body,
        headers=headers(content_encoding=encoding),
    )

    kind = "chunk-malformed" if status == 400 else "encoding-unsupported"
    assert (answer.status_code, answer.json()["kind"]) == (status, kind)
    assert stored(store) == []


@pytest.mark.attack(37)
def test_two_content_encoding_headers_are_stacked_too(
    client: AppClient, store: Store, recorder: Recorder
) -> None:
    """Attack 37."""
    sent = [*plain().items(), ("content-encoding", "gzip"), ("content-encoding", "gzip")]
    answer = client.post(
        "/v1/chunks", params=recorder.params(), content=zipped(zipped(chunk())), headers=sent
    )

    assert answer.status_code == 415


@pytest.mark.parametrize(
    "origin",
    [None, "null", "", "https://evil.example", "http://shop.example", ORIGIN + ".evil.example"],
)
@pytest.mark.attack(40)
def test_a_page_of_another_origin_gets_403_and_cannot_read_it(
    client: AppClient, store: Store, recorder: Recorder, origin: str | None
) -> None:
    """Attack 40."""
    for method in ("POST", "OPTIONS"):
        answer = client.request(
            method,
            "/v1/chunks",
            params=recorder.params(),
            content=chunk(),
            headers=plain(origin=origin),
        )
        assert (answer.status_code, answer.json()["kind"]) == (403, "origin-forbidden")
        assert "access-control-allow-origin" not in answer.headers

    assert stored(store) == []


@pytest.mark.attack(40)
def test_two_origins_are_none(client: AppClient, store: Store, recorder: Recorder) -> None:
    """Attack 40."""
    sent = [("origin", ORIGIN), ("origin", "https://evil.example")]
    answer = client.post("/v1/chunks", params=recorder.params(), content=chunk(), headers=sent)

    assert answer.status_code == 403


@pytest.mark.parametrize("origin", [None, "null", "https://anyone.example"])
def test_a_website_may_let_any_page_in(client: AppClient, store: Store, origin: str | None) -> None:
    website = recording_website(store, origins=("*",))
    answer = client.post(
        "/v1/chunks",
        params=Recorder(website.website_id).params(),
        content=chunk(),
        headers=plain(origin=origin),
    )

    assert answer.status_code == 202
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.attack(41)
def test_nobody_appends_to_a_session_that_another_opened(
    client: AppClient, store: Store, recorder: Recorder
) -> None:
    """Attack 41: the id alone proves nothing."""
    for secret in ("0" * 32, recorder.secret[:-1] + ("0" if recorder.secret[-1] != "0" else "1")):
        answer = client.post(
            "/v1/chunks",
            params=recorder.params(secret=secret),
            content=chunk(),
            headers=plain(),
        )
        assert (answer.status_code, answer.json()["kind"]) == (403, "secret-mismatch")
        # The page may read it: its own origin is right.
        assert answer.headers["access-control-allow-origin"] == ORIGIN

    assert stored(store) == []


def test_the_published_example_of_a_session_id_is_accepted(
    client: AppClient, store: Store, recorder: Recorder
) -> None:
    example = Recorder(
        recorder.website_id, 1795000000000, secret="000102030405060708090a0b0c0d0e0f"
    )
    assert example.session_id == "01a1ee56-5e00-7be4-972c-9816fcdafaf7"
    answer = client.post("/v1/chunks", params=example.params(), content=chunk(), headers=plain())

    assert answer.status_code == 202


@pytest.mark.attack(42)
def test_a_secret_key_in_a_page_is_refused_with_what_to_do(
    client: AppClient, store: Store, recorder: Recorder
) -> None:
    """Attack 42."""
    token = api_keys.create(store, website_id=recorder.website_id, role="admin", now_ms=NOW_MS)
    answers = [
        client.post(
            "/v1/chunks",
            params=recorder.params(website=token),
            content=chunk(),
            headers=plain(),
        ),
        client.post(
            "/v1/chunks",
            params=recorder.params(),
            content=chunk(),
            headers=plain(authorization=f"Bearer {token}"),
        ),
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()["kind"]) == (403, "secret-key-exposed")
        assert "revoke" in answer.json()["detail"]
        assert token not in answer.text
    assert stored(store) == []


@pytest.mark.attack(43)
def test_claimed_website_country_and_visitor_are_only_counted(
    client: AppClient, store: Store, recorder: Recorder
) -> None:
    """Attack 43."""
    claims = {"x-country": "XX", "cf-ipcountry": "XX", "x-visitor-id": "me", "x-real-ip": "1.1.1.1"}
    answers = [
        client.post(
            "/v1/chunks",
            params=recorder.params(seq, **more),
            content=chunk(seq),
            headers=plain() | sent,
        )
        for seq, (more, sent) in enumerate(
            [({}, {}), ({"country": "XX", "visitor": "me", "website_id": "w_x"}, claims)]
        )
    ]

    assert [answer.status_code for answer in answers] == [202, 202]
    first, second = (received_chunk.client for received_chunk in stored(store))
    assert first == second
    assert metric(client.get("/metrics").text, "replaylake_ignored_fields_total") == 7


@pytest.mark.attack(43)
def test_a_forwarded_address_counts_only_from_a_trusted_proxy(
    settings: Settings, store: Store, clock: Clock, recorder: Recorder
) -> None:
    """Attack 43: the visitor id shows whose address was taken."""
    visitors = []
    for seq, (trusted, peer, forwarded) in enumerate(
        [
            ("", "203.0.113.9", None),
            ("", "192.0.2.1", "203.0.113.9"),
            ("192.0.2.0/24", "192.0.2.1", "203.0.113.9"),
            ("192.0.2.0/24", "192.0.2.1", "1.1.1.1, 203.0.113.9"),
        ]
    ):
        trusting = Settings(lake=settings.lake, trusted_proxies=trusted)
        with AppClient(create_app(trusting, store, clock=clock), address=peer) as client:
            answer = client.post(
                "/v1/chunks",
                params=recorder.params(seq),
                content=chunk(seq),
                headers=plain(x_forwarded_for=forwarded),
            )
            assert answer.status_code == 202
    by_seq = {a.facts.seq: a.client.visitor_id for a in stored(store)}
    visitors = [by_seq[seq] for seq in range(4)]

    assert visitors[0] != visitors[1]
    assert visitors[0] == visitors[2] == visitors[3]


REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "website": st.text(max_size=70),
        "session": st.text(max_size=40) | st.uuids().map(str),
        "page": st.text(max_size=40),
        "seq": st.text(max_size=20) | st.integers().map(str),
        "secret": st.text(max_size=40),
    },
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            *("origin", "content-encoding", "content-length", "transfer-encoding", "user-agent"),
            *("sec-gpc", "cookie", "sec-ch-ua-model", "x-forwarded-for", "authorization"),
        ]
    ),
    st.binary(max_size=40),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from("type"), inner),
)
EVENT_LIKE = st.lists(
    st.fixed_dictionaries({"type": JSON, "timestamp": JSON}, optional={"data": JSON})
)
BODIES = st.binary(max_size=500) | (JSON | EVENT_LIKE).map(lambda v: json.dumps(v).encode())


@given(
    changed=REQUESTS,
    names=st.sets(st.sampled_from(["website", "session", "page", "seq", "secret"])),
    sent=HEADERS,
    body=BODIES | BODIES.map(gzip.compress),
)
@hypothesis_settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nothing_that_anybody_sends_is_our_failure(
    client: AppClient,
    store: Store,
    recorder: Recorder,
    changed: dict[str, str],
    names: set[str],
    sent: dict[str, bytes],
    body: bytes,
) -> None:
    """Invariants I2 and I10: a reason below 500, and nothing stored that was not acknowledged."""
    before = len(stored(store))
    params = recorder.params() | {k: v for k, v in changed.items() if k in names}
    encoded = {k: str(v).encode("utf-8", "surrogatepass") for k, v in params.items()}
    all_headers = [(b"origin", ORIGIN.encode())] + [
        (name.encode(), value) for name, value in sent.items() if name != "origin" or names
    ]
    query = b"&".join(
        k.encode() + b"=" + b"".join(b"%%%02x" % byte for byte in v) for k, v in encoded.items()
    )
    status, _ = client.run(raw_post(client, query, all_headers, body))

    assert 200 <= status < 500
    after = len(stored(store))
    assert after == before or (status == 202 and after == before + 1)


async def raw_post(
    client: AppClient, query: bytes, sent: list[tuple[bytes, bytes]], body: bytes
) -> tuple[int, bytes]:
    """Hand a request to the app as a server would, whatever stands in its headers."""
    answers: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        answers.append(message)

    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/chunks",
        "raw_path": b"/v1/chunks",
        "root_path": "",
        "query_string": query,
        "headers": sent,
        "client": ("192.0.2.1", 1),
        "server": ("app.test", 80),
    }
    await client.app(scope, receive, send)
    status = answers[0]["status"]
    assert isinstance(status, int)
    return status, b"".join(answer.get("body", b"") for answer in answers[1:])


def test_ids_of_websites_that_nobody_made_leave_no_labels(
    client: AppClient, store: Store, recorder: Recorder
) -> None:
    for i in range(20):
        client.post(
            "/v1/chunks",
            params=recorder.params(website=f"w_{i:012}"),
            content=chunk(),
            headers=plain(),
        )
    text = client.get("/metrics").text

    assert "w_0000" not in text
    assert counted(text, "unknown") == {"received": 20, "rejected": 20}


def test_a_preflight_of_an_own_page_is_allowed(client: AppClient, recorder: Recorder) -> None:
    answer = client.request("OPTIONS", "/v1/chunks", params=recorder.params(), headers=plain())

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "content-encoding" in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert counted(client.get("/metrics").text, recorder.website_id) == {}
