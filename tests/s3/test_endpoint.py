"""The endpoint and its proxy do what the tests on them believe."""

import math
import os
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from lake.errors import StoreUnavailable
from lake.storage.base import open_store
from lake.storage.s3 import S3Store
from tests.conftest import eventually
from tests.s3.endpoint import Fault, S3Endpoint
from tests.s3.proxy import operation_of

pytestmark = pytest.mark.s3


def test_every_lake_is_fresh_unless_it_is_named(s3: S3Endpoint) -> None:
    open_store(s3.settings()).put("a", b"1")
    open_store(s3.settings("named")).put("a", b"2")

    assert list(open_store(s3.settings()).list("")) == []
    assert open_store(s3.settings("named")).get("a") == b"2"


def test_another_process_opens_the_lake_from_its_environment(s3: S3Endpoint) -> None:
    settings = s3.settings()
    code = (
        "from lake.settings import from_environ; from lake.storage.base import open_store;"
        "open_store(from_environ()).put('a', b'1')"
    )
    subprocess.run([sys.executable, "-c", code], env=os.environ | s3.environ(settings), check=True)

    assert open_store(settings).get("a") == b"1"


def test_requests_are_counted_by_billed_operation(s3: S3Endpoint, tmp_path: Path) -> None:
    store = open_store(s3.settings())
    path = tmp_path / "file"
    path.write_bytes(bytes(17 << 20))
    store.put("a", b"1")
    store.put_file("big", path)
    store.get("a")
    store.get_range("a", 0, 0)
    list(store.list(""))
    store.delete(["a", "big"])

    assert s3.operations == {"PUT": 1, "UPLOAD": 4, "GET": 1, "HEAD": 1, "LIST": 1, "DELETE": 1}
    assert operation_of("DELETE", "/lake/x?uploadId=1") == "DELETE"
    assert operation_of("GET", "/lake?prefix=uploads%2F&list-type=2") == "LIST"
    s3.reset()
    assert not s3.operations


def test_fault_hits_only_matching_requests_up_to_its_count(s3: S3Endpoint) -> None:
    settings = s3.settings()
    store = S3Store(settings.lake, settings, retry_s=0.0)
    fault = s3.faults.add(
        Fault(kind="forbidden", method="PUT", match="date=2026-11-23/é", skip=1, times=1)
    )
    store.put("date=2026-11-23/other", b"")
    store.put("date=2026-11-23/é", b"")
    with pytest.raises(StoreUnavailable, match="AccessDenied"):
        store.put("date=2026-11-23/é", b"")
    store.put("date=2026-11-23/é", b"")

    assert fault.hits == 1


def test_stale_answer_repeats_the_first_answer(s3: S3Endpoint) -> None:
    """Fault 23, as a tool."""
    store = open_store(s3.settings())
    store.put("a", b"")
    s3.faults.add(Fault(kind="stale-answer", match="list-type=2", times=math.inf))
    assert [item.key for item in store.list("")] == ["a"]
    store.put("b", b"")
    store.delete(["a"])

    assert [item.key for item in store.list("")] == ["a"]
    s3.faults.clear()
    assert [item.key for item in store.list("")] == ["b"]


def test_client_expecting_100_continue_is_answered(s3: S3Endpoint) -> None:
    """The request is unsigned and refused, but at once; the endpoint alone would not respond."""
    request = urllib.request.Request(s3.url + "/lake/x", b"body", {"Expect": "100-continue"})

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    refused.value.close()
    assert refused.value.code in (400, 401, 403, 501)


def is_over(processes: set[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=0)
    return all(process.status() == psutil.STATUS_ZOMBIE for process in alive)


def test_an_endpoint_takes_its_processes_and_its_folder_with_it() -> None:
    before = set(psutil.Process().children(recursive=True))
    endpoint = S3Endpoint()
    with pytest.raises(RuntimeError, match="a test failed"), endpoint:
        raise RuntimeError("a test failed")

    assert is_over(set(psutil.Process().children(recursive=True)) - before)
    assert not endpoint.folder.exists()


def descendants(pid: int) -> set[psutil.Process]:
    """All processes under a running one; asked again where one of them ends meanwhile."""
    while True:
        with suppress(psutil.NoSuchProcess):
            return set(psutil.Process(pid).children(recursive=True))


def test_an_endpoint_ends_with_the_process_that_started_it() -> None:
    """Killed test runs leave no process behind."""
    code = """
from tests.s3.endpoint import S3Endpoint
with S3Endpoint() as endpoint:
    print(endpoint.folder, flush=True)
    input()
"""
    starter = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    folder = Path(starter.stdout.readline().strip())
    assert folder.is_dir()
    processes = descendants(starter.pid)
    starter.kill()
    starter.communicate()

    assert processes
    eventually(lambda: is_over(processes) and not folder.exists())
