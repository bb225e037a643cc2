"""Clients that want a server's memory, connections or files: an honest one is served meanwhile."""

import resource
import socket
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import httpx
import pytest

from lake.control.websites import Website
from lake.settings import Settings
from lake.storage.base import Store
from tests.conftest import eventually
from tests.ingest_api.recording import (
    Recorder,
    assert_all_accounted_for,
    chunk,
    headers,
    metric,
    stored,
    zipped,
)
from tests.ingest_api.test_overload import MEMORY_BYTES_MAX, head, post
from tests.support.processes import Server, serving

pytestmark = pytest.mark.folder

GB = 1_000_000_000


@pytest.fixture
def recorder(website: Website) -> Recorder:
    return Recorder(website.website_id, int(time.time() * 1000))


@pytest.fixture
def server(settings: Settings, website: Website, tmp_path: Path) -> Iterator[Server]:
    with serving(settings, tmp_path / "log") as server:
        yield server
        eventually(lambda: nothing_waits(server))
        assert peak_bytes(server) < MEMORY_BYTES_MAX


def nothing_waits(server: Server) -> bool:
    text = httpx.get(f"{server.url}/metrics").text
    if metric(text, "replaylake_waiting_bytes"):
        return False
    assert_all_accounted_for(text)
    return True


def peak_bytes(server: Server) -> int:
    """Of the server and of the processes that read large chunks for it."""
    tasks = Path(f"/proc/{server.process.pid}/task").iterdir()
    readers = [pid for task in tasks for pid in (task / "children").read_text().split()]
    return sum(peak_bytes_of(pid) for pid in (str(server.process.pid), *readers))


def peak_bytes_of(pid: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (peak,) = (int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    return peak


def connect(server: Server, stack: ExitStack) -> socket.socket:
    return stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))


@contextmanager
def many_files(count: int) -> Iterator[None]:
    """Allow this process `count` open files, or skip the test."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        pytest.skip(f"this system lets nobody open {count} files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.attack(39)
def test_ten_thousand_silent_connections_keep_nobody_out(
    server: Server, recorder: Recorder
) -> None:
    """Attack 39, invariant I10: the connections that are silent longest are closed."""
    with many_files(12_000), ExitStack() as stack:
        for number in range(10_000):
            connect(server, stack)
            if number % 1000 == 999:
                assert post(server.url, recorder, number).status_code == 202


@pytest.mark.attack(39)
def test_a_thousand_slow_lorises_keep_nobody_out(
    server: Server, store: Store, recorder: Recorder
) -> None:
    """Some send their heads a byte at a time, others their bodies."""
    with many_files(3000), ExitStack() as stack:
        lorises = [connect(server, stack) for _ in range(1000)]
        for seq, loris in enumerate(lorises):
            whole = head(recorder, 1_000_000, seq=seq)
            loris.sendall(whole + b"[" if seq % 2 else whole[:-2])
        for seq in range(2000, 2005):
            assert post(server.url, recorder, seq).status_code == 202
            for loris in lorises:
                try:
                    loris.sendall(b"x")
                except OSError:
                    continue  # it was sent away

    assert {a.facts.seq for a in stored(store)} == set(range(2000, 2005))


@cache
def bomb() -> bytes:
    """1 GiB of zeros in 1 MB of gzip."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(1024)) + squeeze.flush()


@pytest.mark.attack(33)
@pytest.mark.fault(37)
def test_many_gzip_bombs_at_once_are_refused_in_bounded_memory(
    server: Server, store: Store, recorder: Recorder
) -> None:
    def throw(seq: int) -> int:
        try:
            return httpx.post(
                f"{server.url}/v1/chunks",
                params=recorder.params(seq),
                content=bomb(),
                headers=headers(),
                timeout=60,
            ).status_code
        except httpx.TransportError:
            return 0

    bomb()
    with ThreadPoolExecutor(40) as pool:
        thrown = [pool.submit(throw, seq) for seq in range(80)]
        assert post_again(server, recorder, 100) == 202
        answers = {item.result() for item in thrown}

    assert 413 in answers
    assert answers <= {0, 413, 503}
    assert [a.facts.seq for a in stored(store)] == [100]


def post_again(server: Server, recorder: Recorder, seq: int) -> int:
    """Post as a recorder does, which repeats after 503."""
    for _ in range(50):
        status = httpx.post(
            f"{server.url}/v1/chunks",
            params=recorder.params(seq),
            content=zipped(chunk(seq)),
            headers=headers(),
            timeout=60,
        ).status_code
        if status != 503:
            break
    return status


@pytest.mark.attack(38)
@pytest.mark.parametrize("length", [GB, None], ids=["declared", "chunked"])
def test_a_body_of_a_gigabyte_is_refused_before_it_is_held(
    server: Server, store: Store, recorder: Recorder, length: int | None
) -> None:
    part = bytes(1 << 20)
    piece = part if length else b"%x\r\n" % len(part) + part + b"\r\n"
    with ExitStack() as stack:
        giants = [connect(server, stack) for _ in range(8)]
        for seq, giant in enumerate(giants):
            giant.sendall(head(recorder, length, seq=seq))
        sent = [send_until_refused(giant, piece) for giant in giants]
        assert post(server.url, recorder, 100).status_code == 202

    assert max(sent) < 64
    assert [a.facts.seq for a in stored(store)] == [100]


def send_until_refused(giant: socket.socket, piece: bytes) -> int:
    """Send up to a gigabyte; return how many pieces went."""
    for number in range(GB // (1 << 20)):
        try:
            giant.sendall(piece)
        except OSError:
            return number
    return GB // (1 << 20)


@pytest.mark.fault(43)
def test_a_server_with_few_files_keeps_serving_and_loses_nothing(
    settings: Settings, store: Store, website: Website, recorder: Recorder, tmp_path: Path
) -> None:
    """There are more clients than file descriptors; some of these are reserved for the lake."""
    few = ["prlimit", "--nofile=100:100"]
    acknowledged = set()
    with serving(settings, tmp_path / "log", prefix=few) as server:
        with ExitStack() as stack:
            for number in range(300):
                connect(server, stack)
                if number % 30 == 29:
                    answer = post(server.url, recorder, number)
                    assert answer.status_code == 202
                    acknowledged.add(recorder.identity(number))
        assert post(server.url, recorder, 1000).status_code == 202
        acknowledged.add(recorder.identity(1000))
        assert_all_accounted_for(httpx.get(f"{server.url}/metrics").text)

    assert {received_chunk.identity for received_chunk in stored(store)} == acknowledged
