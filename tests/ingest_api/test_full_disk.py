"""A local lake whose disk is full: nothing is acknowledged, and it goes on when there is room."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from lake.settings import Settings
from lake.storage.base import Store
from tests.ingest_api.recording import (
    Recorder,
    assert_all_accounted_for,
    chunk,
    counted,
    headers,
    metric,
    recording_website,
    zipped,
)
from tests.support.processes import Server, serving

pytestmark = pytest.mark.folder

FULL_DISK = 'mount -t tmpfs -o size=3m,nr_inodes=400 none "$1" && cp -a "$2/." "$1" && shift 2 '
FULL_DISK += '&& exec "$@"'


@pytest.fixture
def recorder(store: Store) -> Recorder:
    """Made before the small disk, which starts as a copy of the folder."""
    website = recording_website(store)
    return Recorder(website.website_id, int(time.time() * 1000))


@pytest.fixture
def on_a_small_disk(
    recorder: Recorder, settings: Settings, tmp_path: Path
) -> Iterator[Callable[[], tuple[Server, Path]]]:
    """A server whose lake is a file system of 3 MB, and the path by which we see it too."""
    template = Path(settings.lake)
    disk = tmp_path / "disk"
    disk.mkdir()
    with serving(
        replace(settings, lake=str(disk)),
        tmp_path / "log",
        prefix=["unshare", "-rm", "sh", "-c", FULL_DISK, "sh", str(disk), str(template)],
    ) as server:
        yield lambda: (server, Path(f"/proc/{server.process.pid}/root{disk}"))


@pytest.mark.fault(42)
def test_a_full_disk_is_503_until_there_is_room_again(
    recorder: Recorder,
    on_a_small_disk: Callable[[], tuple[Server, Path]],
) -> None:
    """Fault 42: disk full on a local lake. Nothing is acknowledged that is not there."""
    server, disk = on_a_small_disk()
    assert post(server, recorder, 1).json() == {"stored": True}
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(65536)) == 65536:
                pass
        except OSError:
            pass
    refused = post(server, recorder, 0)
    assert (refused.status_code, refused.json()["kind"]) == (503, "store-full")
    assert int(refused.headers["retry-after"]) > 0
    assert str(disk) not in refused.text
    filler.unlink()

    assert post(server, recorder, 0).json() == {"stored": True}
    assert post(server, recorder, 0).json() == {"stored": False}
    text = httpx.get(f"{server.url}/metrics").text
    assert_all_accounted_for(text)
    assert counted(text, recorder.website_id) == {
        "received": 4,
        "stored": 2,
        "rejected": 1,
        "duplicate": 1,
    }
    assert metric(text, "replaylake_store_failures_total") == 1
    assert len(list((disk / "raw").rglob("*.parquet"))) == 2


@pytest.mark.fault(42)
def test_no_inodes_are_a_full_disk_too(
    recorder: Recorder,
    on_a_small_disk: Callable[[], tuple[Server, Path]],
) -> None:
    """Fault 42: inodes out."""
    server, disk = on_a_small_disk()
    names = []
    try:
        for i in range(1000):
            (disk / f"n{i}").touch()
            names.append(disk / f"n{i}")
    except OSError:
        pass
    refused = post(server, recorder, 0)
    assert (refused.status_code, refused.json()["kind"]) == (503, "store-full")
    for name in names:
        name.unlink()

    assert post(server, recorder, 0).json() == {"stored": True}


def post(server: Server, recorder: Recorder, seq: int) -> httpx.Response:
    return httpx.post(
        f"{server.url}/v1/chunks",
        params=recorder.params(seq),
        content=zipped(chunk(seq)),
        headers=headers(),
    )
