"""The store against an endpoint that fails: what was said to be done is done, once."""

import math
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from lake.errors import ObjectMissing, StoreUnavailable
from lake.storage import s3_client
from lake.storage.s3 import S3Store
from tests.conftest import eventually
from tests.s3.endpoint import Fault, S3Endpoint
from tests.s3.proxy import FaultProxy, Kind

pytestmark = pytest.mark.s3

BIG = os.urandom(1 << 20) * 17  # two parts of a multipart upload

UNHEARD = pytest.mark.parametrize(
    "kind",
    [
        pytest.param("lost-answer", id="fault-4"),
        pytest.param("late-answer", id="fault-5"),
        pytest.param("error-after", id="fault-6"),
    ],
)
"""Faults 4, 5 and 6: the write is stored, and the answer is lost, late or says 503."""


@pytest.fixture
def store(s3: S3Endpoint) -> S3Store:
    return store_of(s3)


def store_of(s3: S3Endpoint, *, retry_s: float = 30.0, timeout_s: float = 2.5) -> S3Store:
    settings = s3.settings()
    return S3Store(settings.lake, settings, retry_s=retry_s, timeout_s=timeout_s)


def unheard(kind: Kind, method: str, match: str, times: int = 1) -> Fault:
    return Fault(kind=kind, method=method, match=match, times=times, delay_s=4.0)


@UNHEARD
@pytest.mark.fault(4, 5, 6)
def test_an_object_created_unheard_is_known_as_our_own(
    s3: S3Endpoint, store: S3Store, kind: Kind
) -> None:
    s3.faults.add(unheard(kind, "PUT", "a/b", times=2))

    assert store.put_new("a/b", b"ours", token="1")
    assert store.get("a/b") == b"ours"
    assert s3.operations["PUT"] == 3
    assert not store.put_new("a/b", b"theirs", token="2")


@UNHEARD
@pytest.mark.fault(4, 5, 6)
def test_an_object_of_another_writer_is_not_taken_for_our_own(
    s3: S3Endpoint, store: S3Store, kind: Kind
) -> None:
    store.put_new("a/b", b"theirs", token="2")
    s3.faults.add(unheard(kind, "PUT", "a/b"))

    assert not store.put_new("a/b", b"ours", token="1")
    assert store.get("a/b") == b"theirs"


@UNHEARD
@pytest.mark.fault(4, 5, 6)
def test_a_swap_that_landed_unheard_is_known_as_our_own(
    s3: S3Endpoint, store: S3Store, kind: Kind
) -> None:
    s3.faults.add(unheard(kind, "PUT", "control/"))
    assert store.swap("control/x", b"1", version=None)
    _, version = store.get_versioned("control/x")
    s3.faults.add(unheard(kind, "PUT", "control/"))

    assert store.swap("control/x", b"2", version=version)
    assert store.get("control/x") == b"2"
    assert not store.swap("control/x", b"3", version=version)


@UNHEARD
@pytest.mark.fault(4, 5, 6)
def test_a_put_and_a_delete_that_landed_unheard_are_sent_again(
    s3: S3Endpoint, store: S3Store, kind: Kind
) -> None:
    put = s3.faults.add(unheard(kind, "PUT", "a/b"))
    delete = s3.faults.add(unheard(kind, "POST", "?delete"))

    store.put("a/b", b"1")
    assert store.get("a/b") == b"1"
    store.delete(["a/b"])
    with pytest.raises(ObjectMissing):
        store.get("a/b")
    assert (put.hits, delete.hits) == (1, 1)


@pytest.mark.fault(4)
def test_what_landed_unheard_and_is_gone_since_was_not_swapped(
    s3: S3Endpoint, store: S3Store
) -> None:
    """Fault 4, and another writer in the pause before the write is repeated."""
    store.put("control/x", b"1")
    _, version = store.get_versioned("control/x")
    s3.faults.add(Fault(kind="lost-answer", method="PUT"))
    gate = s3.faults.add(Fault(kind="slow-down", method="PUT", times=math.inf))
    with ThreadPoolExecutor() as pool:
        swapped = pool.submit(store.swap, "control/x", b"2", version=version)
        eventually(lambda: gate.hits > 0)
        assert store.get("control/x") == b"2"
        store.delete(["control/x"])
        s3.faults.clear()

        assert swapped.result() is False


@pytest.mark.fault(2, 3)
def test_put_new_repeats_with_its_token_after_a_killed_writer(
    s3: S3Endpoint, store: S3Store
) -> None:
    """Faults 2 and 3, at the store: the object is there whole, and its writer can be repeated."""
    s3.faults.add(Fault(kind="late-answer", method="PUT", delay_s=60.0))
    code = (
        "from lake.settings import from_environ; from lake.storage.base import open_store;"
        "open_store(from_environ()).put_new('a/b', b'ours', token='1')"
    )
    settings = s3.settings()
    writer = subprocess.Popen([sys.executable, "-c", code], env=os.environ | s3.environ(settings))
    store = S3Store(settings.lake, settings)
    eventually(lambda: list(store.list("a/")) != [])
    writer.kill()

    assert writer.wait() == -signal.SIGKILL
    assert store.get("a/b") == b"ours"
    assert store.put_new("a/b", b"ours", token="1")


class Operation(NamedTuple):
    run: Callable[[S3Store], object]
    expected: object


OPERATIONS = {
    "put": Operation(lambda store: store.put("a/c", b"new"), None),
    "put_new": Operation(lambda store: store.put_new("a/c", b"new", token="1"), True),
    "swap": Operation(lambda store: store.swap("a/c", b"new", version=None), True),
    "empty_range": Operation(lambda store: store.get_range("a/b", 1, 1), b""),
    "delete": Operation(lambda store: store.delete(["a/b"]), None),
    "get": Operation(lambda store: store.get("a/b"), b"0123"),
    "get_range": Operation(lambda store: store.get_range("a/b", 1, 3), b"12"),
    "get_tail": Operation(lambda store: store.get_tail("a/b", 2), b"23"),
    "get_versioned": Operation(lambda store: store.get_versioned("a/b")[0], b"0123"),
    "list": Operation(lambda store: [item.key for item in store.list("a/")], ["a/b"]),
}
WITH_BODY = ["get", "get_range", "get_tail", "get_versioned", "list"]


@pytest.mark.parametrize("kind", ["slow-down", "too-many-requests", "reset", "conflict"])
@pytest.mark.fault(7, 8, 9)
def test_every_operation_outlasts_a_storm_that_ends(
    s3: S3Endpoint, store: S3Store, kind: Kind
) -> None:
    """Faults 7, 8 and 9: 503, 429, connections that break, 409."""
    for name, operation in OPERATIONS.items():
        store.put("a/b", b"0123")
        store.delete(["a/c"])
        storm = s3.faults.add(Fault(kind=kind, times=2))

        assert operation.run(store) == operation.expected, name
        assert storm.hits == 2, name


@pytest.mark.fault(7)
def test_a_storm_that_does_not_end_is_said_with_the_way_out(s3: S3Endpoint) -> None:
    """Fault 7. What follows the storm is I11."""
    store = store_of(s3, retry_s=0.1)
    for name, operation in OPERATIONS.items():
        store.put("a/b", b"0123")
        store.delete(["a/c"])
        s3.faults.add(Fault(kind="slow-down", times=math.inf))

        with pytest.raises(StoreUnavailable, match=r" of a/.*: 503.*0\.1 s.*replaylake preflight"):
            operation.run(store)
        s3.faults.clear()
        assert operation.run(store) == operation.expected, name


@pytest.mark.fault(7)
def test_an_endpoint_that_does_not_listen_yet_is_waited_for(
    s3: S3Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 7, at its worst."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
    port = reserved.getsockname()[1]
    settings = s3.settings(aws_endpoint_url=s3.url.replace(str(s3.proxy.port), str(port)))
    refused = threading.Event()
    pause = s3_client.pause

    def noted_pause(pause_s: float) -> float:
        refused.set()
        return pause(pause_s)

    monkeypatch.setattr(s3_client, "pause", noted_pause)
    store = S3Store(settings.lake, settings, retry_s=30.0)
    with reserved, ThreadPoolExecutor() as pool:
        put = pool.submit(store.put, "a/b", b"1")
        assert refused.wait(30)
        reserved.close()
        proxy = FaultProxy(s3.proxy.upstream_port, "", port=port)
        put.result()

    assert store.get("a/b") == b"1"
    proxy.stop()


def test_what_will_never_succeed_is_said_at_once(s3: S3Endpoint) -> None:
    settings = s3.settings(aws_secret_access_key="wrong")
    store = S3Store(settings.lake, settings, retry_s=math.inf)

    with pytest.raises(StoreUnavailable, match=r"SignatureDoesNotMatch.*credentials"):
        store.put("a/b", b"1")
    settings = s3.settings()
    with pytest.raises(StoreUnavailable, match=r"NoSuchBucket.*the bucket"):
        S3Store("s3://no-such-bucket/x", settings, retry_s=math.inf).get("a/b")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="slow-down", method="PUT", match="partNumber=2", times=math.inf),
        Fault(kind="slow-down", method="POST", match="uploadId=", times=math.inf),
    ],
    ids=["at-a-part", "at-completion"],
)
@pytest.mark.fault(10)
def test_a_torn_upload_leaves_what_was_there_and_no_parts(
    s3: S3Endpoint, tmp_path: Path, fault: Fault
) -> None:
    """Fault 10."""
    # Gives up soon after a 503, however busy the machine is; a slow answer is no failure to it.
    store = store_of(s3, retry_s=0.2, timeout_s=60.0)
    store.put("a/b", b"old")
    path = tmp_path / "file"
    path.write_bytes(BIG)
    s3.faults.add(fault)

    with pytest.raises(StoreUnavailable, match="503"):
        store.put_file("a/b", path)
    assert store.get("a/b") == b"old"
    assert [item.key for item in store.list("")] == ["a/b"]
    assert s3.operations["DELETE"] == 1  # the upload was aborted
    s3.faults.clear()
    store.put_file("a/b", path)
    assert store.get("a/b") == BIG


@pytest.mark.sample(4)
@pytest.mark.parametrize("kind", ["lost-answer", "reset"])
@pytest.mark.parametrize(
    ("method", "match"),
    [("POST", "uploads"), ("PUT", "partNumber=1"), ("PUT", "partNumber=2"), ("POST", "uploadId=")],
    ids=["create", "first-part", "last-part", "complete"],
)
@pytest.mark.fault(4, 10)
def test_an_upload_outlasts_a_request_that_fails_once(
    s3: S3Endpoint, store: S3Store, tmp_path: Path, kind: Kind, method: str, match: str
) -> None:
    """Faults 4 and 10."""
    path = tmp_path / "file"
    path.write_bytes(BIG)
    fault = s3.faults.add(Fault(kind=kind, method=method, match=match))

    store.put_file("a/big", path)
    assert store.get("a/big") == BIG
    assert fault.hits == 1


@pytest.mark.fault(10)
def test_an_upload_that_somebody_aborts_is_no_success(
    s3: S3Endpoint, store: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 10: a bucket's rule may abort old uploads; `missing` would be the wrong word."""
    path = tmp_path / "file"
    path.write_bytes(BIG)
    call = S3Store._call

    def call_and_abort(self: S3Store, operation: str, key: str, **arguments: object) -> object:
        if operation == "upload_part" and arguments["PartNumber"] == 2:
            call(self, "abort_multipart_upload", key, UploadId=arguments["UploadId"])
        return call(self, operation, key, **arguments)

    monkeypatch.setattr(S3Store, "_call", call_and_abort)

    with pytest.raises(StoreUnavailable, match="aborted"):
        store.put_file("a/b", path)
    with pytest.raises(ObjectMissing):
        store.get("a/b")


@pytest.mark.parametrize("name", WITH_BODY)
@pytest.mark.fault(11)
def test_a_body_that_was_cut_is_never_taken_for_the_whole(s3: S3Endpoint, name: str) -> None:
    """Fault 11."""
    store = store_of(s3, retry_s=0.5)
    store.put("a/b", b"0123")
    s3.faults.add(Fault(kind="cut-body", method="GET", times=2))

    assert OPERATIONS[name].run(store) == OPERATIONS[name].expected
    s3.faults.add(Fault(kind="cut-body", method="GET", times=math.inf))
    with pytest.raises(StoreUnavailable):
        OPERATIONS[name].run(store)


@pytest.mark.fault(24)
def test_list_needs_one_request_per_1000_keys_despite_faults(
    s3: S3Endpoint, store: S3Store
) -> None:
    """Fault 24: 1,000 and 1,001 keys."""
    names = [f"x/{i:05d}" for i in range(1000)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: store.put(name, b""), names))
    s3.reset()
    assert [item.key for item in store.list("x/")] == names
    assert s3.operations == {"LIST": 1}
    store.put("x/01000", b"")
    names.append("x/01000")
    s3.reset()
    for kind in ("slow-down", "cut-body"):
        s3.faults.add(Fault(kind=kind, method="GET", skip=1))

    assert [item.key for item in store.list("x/")] == names
    assert s3.operations == {"LIST": 4}
    s3.reset()
    store.delete(names)
    assert s3.operations == {"DELETE": 2}
    assert list(store.list("x/")) == []


def test_a_forked_child_has_a_connection_of_its_own(s3: S3Endpoint) -> None:
    code = """
import os, sys
from lake.settings import from_environ
from lake.storage.base import open_store

store = open_store(from_environ())
store.put("parent/before", b"")
children = []
for number in range(3):
    if (child := os.fork()) == 0:
        for i in range(5):
            store.put(f"child/{number}.{i}", b"")
        sys.exit(0)
    children.append(child)
    store.put(f"parent/{number}", b"")
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
assert len(list(store.list("child/"))) == 15
assert len(list(store.list("parent/"))) == 4
"""
    environ = os.environ | s3.environ(s3.settings())
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], env=environ, check=False)

    assert done.returncode == 0
