"""One URL or text that is made to cost much costs its sender nothing but its bytes."""

import gzip
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

from lake.raw.chunk_codec import read_chunk, repair_surrogates
from lake.raw.masking.secrets import MASK
from lake.raw.redaction import URL_LENGTH_MAX, scrub_text, scrub_url
from lake.settings import Settings
from lake.storage.base import open_store
from tests.hostile import honest_visitor
from tests.hostile.costs import cpu_s, growth
from tests.ingest_api.recording import Recorder, recording_website
from tests.support.processes import serving

SIGNS = "https://a.example/?q=" + "%40" * 30_000 + "!"


def chunk_of(*hrefs: str) -> bytes:
    metas = [{"href": href, "width": 800, "height": 600} for href in hrefs]
    events = [{"type": 4, "timestamp": 1_795_000_000_000, "data": data} for data in metas]
    return json.dumps(events).encode()


@pytest.mark.parametrize(
    "url",
    [
        SIGNS,
        "https://a.example/?" + "a@" * 40_000,
        "https://a.example/" + "%40" * 30_000,
        "https://a.example/#" + "eyJ." * 30_000,
        "https://a.example/" + "1-" * 40_000,
        "https://a.example/" + "a/" * 40_000,
        "https://" + "%40" * 30_000 + "@a.example/",
        "https://[" + "%40" * 30_000,
        "%" * 80_000,
        "?" * 80_000,
    ],
    ids=lambda url: url[:24],
)
def test_long_url_costs_no_more_than_its_stored_part(url: str) -> None:
    usual = "https://a.example/" + "step/" * (URL_LENGTH_MAX // 5)

    assert cpu_s(lambda: scrub_url(url)) < 100 * max(cpu_s(lambda: scrub_url(usual)), 1e-4)
    assert len(scrub_url(url)) <= URL_LENGTH_MAX


def test_chunk_with_one_long_url_costs_by_its_length() -> None:
    def make(length: int) -> bytes:
        return chunk_of("https://a.example/?q=" + "%40" * (length // 3) + "!")

    def work(raw: bytes) -> None:
        for _ in range(30):  # once takes some µs
            read_chunk(raw, page_id="", seq=0)

    twice, four_times = growth(make, work, 30_000)

    assert twice < 3
    assert four_times < 6


@pytest.mark.parametrize("unit", [rb"\ud800", rb"\ud83d\ude00", rb"\\", rb"\"", rb"\udc00\ud800\\"])
def test_surrogate_repair_costs_about_as_much_as_decoding(unit: bytes) -> None:
    raw = b'["\\ud800' + unit * (200_000 // len(unit)) + b'"]'

    ratio = cpu_s(lambda: repair_surrogates(raw)) / cpu_s(lambda: json.loads(raw))

    assert ratio < 100  # quadratic: some thousands


def test_parameter_split_by_truncation_is_masked() -> None:
    filler = "".join(f"page{n}=2&" for n in range(1000))  # more than is read
    for length in range(3900, 4100, 11):
        url = "https://a.example/?" + filler[:length] + "&user=joe%40example.com"
        assert "joe" not in scrub_url(url)
    short = "https://a.example/?token=" + "a" * 3000 + "&page=2"  # masked, so that more fits
    for length in range(4000, 4100, 11):
        assert "joe" not in scrub_url(short + "&" * (length - len(short)) + "user=joe%40exam" * 9)
    assert scrub_url(SIGNS) == f"https://a.example/?q={MASK}"


@pytest.mark.parametrize(
    "secret",
    ["joe.miller@example.com", "4111 1111 1111 1111", "+1 (415) 555-2671", "078-05-1120"],
)
def test_secret_split_by_truncation_is_dropped(secret: str) -> None:
    """Masks shorten a text, so that its end is kept though it was far behind the limit."""
    long = ", ".join([f"{'a' * 40}@example.com"] * 100)
    for shift in range(60):
        scrubbed = scrub_text(f"{'.' * shift} {long[: 300 - shift]} {secret} " * 2, 100)
        assert not set(secret[3:].split()) & set(scrubbed.split())
        assert "mill" not in scrubbed
        assert "4111 1" not in scrubbed


@contextmanager
def uploading(port: int, website_id: str, body: bytes) -> Iterator[None]:
    """Send the same body as new sessions, one after the other."""
    over = Event()
    statuses: list[int] = []

    def upload() -> None:
        packed = gzip.compress(body)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            while not over.is_set():
                recorder = Recorder(website_id, time.time_ns() // 1_000_000, secrets.token_hex(16))
                answer = http.post(
                    "/v1/chunks",
                    params=recorder.params(),
                    content=packed,
                    headers={"origin": "https://shop.example", "content-encoding": "gzip"},
                )
                statuses.append(answer.status_code)

    thread = Thread(target=upload)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert set(statuses) <= {202, 429, 503}


@pytest.mark.long
def test_honest_visitor_is_not_delayed(tmp_path: Path) -> None:
    settings = Settings(lake=str(tmp_path / "lake"))
    store = open_store(settings)
    honest, hostile = recording_website(store), recording_website(store)
    with serving(settings, tmp_path / "log") as server:
        measured = honest_visitor.compare(
            partial(honest_visitor.upload, server.port, honest.website_id),
            lambda: uploading(server.port, hostile.website_id, chunk_of(SIGNS)),
        )

    assert measured.beside.lost == 0, measured
    assert measured.p99_ratio <= 1.5, measured
