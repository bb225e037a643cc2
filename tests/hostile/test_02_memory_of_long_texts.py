"""Memory of external texts: no cache of ours or a library's holds long ones."""

import gc
import gzip
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from lake.analysis.dom import css_cursors
from lake.analysis.dom.budget import Budget
from lake.analysis.inferred.network import _path_of
from lake.ingest import client_address, user_agents
from lake.raw.chunk_codec import read_chunk
from lake.raw.redaction import scrub_text, scrub_url
from lake.settings import Settings
from lake.storage.base import open_store
from tests.hostile.costs import peak_bytes
from tests.ingest_api.recording import Recorder, headers, recording_website
from tests.support.processes import serving

COUNT = 24
NOW_MS = 1_795_000_000_000


def url_chunk(seq: int, length: int) -> bytes:
    """A Meta event with a long address."""
    data = {"href": f"https://a.example/{seq}?" + "a=b&" * (length // 4), "width": 8, "height": 6}
    return json.dumps([{"type": 4, "timestamp": NOW_MS, "data": data}]).encode()


def text_chunk(seq: int, length: int) -> bytes:
    """As many bytes of a text that nobody reads."""
    data = {"source": 0, "texts": [{"id": seq, "value": "a=b&" * (length // 4)}]}
    return json.dumps([{"type": 3, "timestamp": NOW_MS, "data": data}]).encode()


def left_bytes(work: Callable[[int], object]) -> int:
    """Return what is still held when all of it is done, and then some of it again."""
    work(0)
    gc.collect()
    tracemalloc.start()
    try:
        for seq in range(COUNT):
            work(seq)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "work",
    [
        lambda seq: read_chunk(url_chunk(seq, 300_000), page_id="", seq=seq),
        lambda seq: scrub_url(f"https://a.example/{seq}?" + "a=b&" * 75_000),
        lambda seq: scrub_url(f"ftp://[::1]/{seq}?" + "a=b&" * 75_000),
        lambda seq: scrub_url(f"https://[{seq}" + "a=b&" * 75_000),
        lambda seq: scrub_text(f"{seq} " + "a=b&" * 75_000, 1000),
        lambda seq: _path_of(f"https://a.example/{seq}?" + "a=b&" * 75_000),
        lambda seq: user_agents.describe_client(
            f"{seq}" * 75_000,
            dict.fromkeys(user_agents.HINTS, f'"{seq}{"a" * 75000}"'),
            country=None,
            visitor_id="",
        ),
        lambda seq: client_address.visitor_address(
            "10.0.0.1",
            f"fe80::1%{seq}" + "a" * 60_000,
            client_address.parse_networks("10.0.0.0/8,fe80::/16"),
        ),
    ],
    ids=["chunk", "url", "other-url", "no-url", "text", "request", "user-agent", "address"],
)
def test_long_texts_are_released(work: Callable[[int], object]) -> None:
    assert left_bytes(work) < 600_000


def test_style_rule_cache_is_bounded_by_bytes() -> None:
    sheet = "".join(f".{'a' * 400}{n}{{cursor:pointer}}" for n in range(200))
    before = css_cursors._SHEET_CACHE._bytes

    held_bytes = peak_bytes(lambda: css_cursors.Cursors(Budget()).read(sheet))

    assert held_bytes < 3 * (css_cursors._SHEET_CACHE._bytes - before)
    assert css_cursors._SHEET_CACHE.bytes_max <= 16 << 20


@pytest.mark.parametrize("unit", ["[],", "{},", '{"a":1},', "1.5,", '"a",'])
@pytest.mark.parametrize("name", ["href", "tag", "payload", "source"])
def test_values_of_other_types_are_not_built(unit: str, name: str) -> None:
    """As objects they take thirty times their bytes."""
    values = f"[{unit * (300_000 // len(unit))}0]"
    given = f'{{"{name}":{values}}}'
    raw = "".join(f'{{"type":{kind},"timestamp":{NOW_MS},"data":{given}}},' for kind in (4, 5, 6))
    raw = f"[{raw[:-1]}]"

    assert peak_bytes(lambda: read_chunk(raw.encode(), page_id="", seq=0)) < 3 * len(raw)


def rss_after(tmp_path: Path, chunk: Callable[[int, int], bytes]) -> int:
    """Return an ingest process's RSS when it has taken `COUNT` chunks of 20 MB."""
    tmp_path.mkdir()
    settings = Settings(lake=str(tmp_path / "lake"))
    website = recording_website(open_store(settings))
    with serving(settings, tmp_path / "log") as server:
        recorder = Recorder(website.website_id, httpx_now_ms(server.url))
        with httpx.Client(base_url=server.url, timeout=60) as http:
            for seq in range(COUNT):
                answer = http.post(
                    "/v1/chunks",
                    params=recorder.params(seq),
                    content=gzip.compress(chunk(seq, 20_000_000), 1),
                    headers=headers(),
                )
                assert answer.status_code == 202, answer.text
        return int(psutil.Process(server.process.pid).memory_info().rss)


def httpx_now_ms(url: str) -> int:
    return int(httpx.get(f"{url}/v1/config/none").json()["now_ms"])


@pytest.mark.long
def test_long_urls_leave_no_more_memory_than_large_chunks(tmp_path: Path) -> None:
    usual = rss_after(tmp_path / "usual", text_chunk)
    hostile = rss_after(tmp_path / "hostile", url_chunk)

    assert hostile / usual < 1.3, (hostile, usual)
