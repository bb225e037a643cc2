"""Contract of every store. Each test runs on a folder and on S3."""

import multiprocessing
import os
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from lake.errors import ObjectMissing, SettingInvalid
from lake.settings import Settings
from lake.storage.base import Store, open_store

pytestmark = pytest.mark.also_on_s3


def test_an_object_is_read_back_whole_in_part_and_from_its_end(store: Store) -> None:
    store.put("a/b", b"0123456789")

    assert store.get("a/b") == b"0123456789"
    assert store.get_range("a/b", 2, 5) == b"234"
    assert store.get_range("a/b", 8, 99) == b"89"
    assert store.get_range("a/b", 50, 99) == b""
    assert store.get_range("a/b", 5, 5) == b""
    assert store.get_tail("a/b", 3) == b"789"
    assert store.get_tail("a/b", 99) == b"0123456789"
    assert store.get_tail("a/b", 0) == b""


def test_an_empty_object_is_an_object(store: Store) -> None:
    store.put("a/b", b"")

    assert store.get("a/b") == b""
    assert store.get_range("a/b", 0, 5) == b""
    assert store.get_tail("a/b", 5) == b""
    assert [item.size_bytes for item in store.list("a/")] == [0]


def test_only_the_first_of_two_writers_creates_an_object(store: Store) -> None:
    """Fault 9."""
    assert store.put_new("a/b", b"one", token="1")
    assert not store.put_new("a/b", b"two", token="2")
    assert store.put_new("a/b", b"one", token="1")

    assert store.get("a/b") == b"one"


def test_a_swap_needs_the_version_that_was_read(store: Store) -> None:
    assert store.swap("a", b"1", version=None)
    assert not store.swap("a", b"2", version=None)
    _, version = store.get_versioned("a")
    assert store.swap("a", b"2", version=version)
    assert not store.swap("a", b"3", version=version)

    assert store.get("a") == b"2"
    store.delete(["a"])
    assert not store.swap("a", b"4", version=version)
    assert list(store.list("")) == []


def test_what_is_not_there_is_missing(store: Store) -> None:
    for read in (store.get, store.get_versioned):
        with pytest.raises(ObjectMissing):
            read("no/such")
    for size_bytes in (0, 5):
        with pytest.raises(ObjectMissing):
            store.get_tail("no/such", size_bytes)
        with pytest.raises(ObjectMissing):
            store.get_range("no/such", 1, 1 + size_bytes)
    store.delete(["no/such"])
    assert list(store.list("no/")) == []


def test_a_file_of_any_size_becomes_an_object(store: Store, tmp_path: Path) -> None:
    body = os.urandom(1 << 20) * 20
    path = tmp_path / "file"
    for size_bytes in (0, 1, len(body)):
        path.write_bytes(body[:size_bytes])
        store.put_file("a/big", path)

        assert store.get("a/big") == body[:size_bytes]


def test_a_listing_tells_size_and_time_in_utc(store: Store) -> None:
    store.put("a/b", b"12345")
    (item,) = store.list("a/")

    assert (item.key, item.size_bytes) == ("a/b", 5)
    assert item.modified_at.tzinfo is UTC
    store.put("a/c", b"")
    later = [other.modified_at for other in store.list("a/", start_after="a/b")]
    assert timedelta(0) <= later[0] - item.modified_at < timedelta(minutes=10)


@pytest.mark.fault(24)
def test_a_listing_holds_every_key_in_order_past_a_page_of_1000(store: Store) -> None:
    """Fault 24: 1,000 and 1,001 keys."""
    names = [f"x/{i:05d}" for i in range(1000)]
    for name in names:
        store.put(name, b"")
    assert [item.key for item in store.list("x/")] == names
    store.put("x/01000", b"")

    assert [item.key for item in store.list("x/")] == [*names, "x/01000"]
    assert [item.key for item in store.list("x/", start_after="x/00998")] == [
        *names[999:],
        "x/01000",
    ]
    store.delete(item.key for item in store.list("x/"))
    assert list(store.list("x/")) == []


def test_key_order_is_string_order_whatever_the_folders(store: Store) -> None:
    keys = ["a", "a-/x", "a0", "b/-", "b/a/x", "b/a0", "date=2026-11-23/é ü+%&.json", "ü"]
    for key in keys:
        store.put(key, b"")

    assert [item.key for item in store.list("")] == keys
    assert [item.key for item in store.list("b")] == keys[3:6]
    assert [item.key for item in store.list("b/a")] == keys[4:6]
    for number, key in enumerate(keys):
        assert store.get(key) == b""
        assert [i.key for i in store.list("", start_after=key)] == keys[number + 1 :]


def test_no_key_leaves_the_lake(store: Store) -> None:
    for key in ("../x", "/x", "a//b", "a/./b", "a/\0"):
        with pytest.raises(AssertionError):
            store.put(key, b"")


def _race(settings: Settings, number: int, wins: "multiprocessing.Queue[int]") -> None:
    store = open_store(settings)
    if store.put_new("race/one", str(number).encode(), token=str(number)):
        wins.put(number)
    for _ in range(10):
        while True:
            body, version = store.get_versioned("race/count")
            if store.swap("race/count", str(int(body) + 1).encode(), version=version):
                break


def test_writers_in_eight_processes_lose_nothing(settings: Settings, store: Store) -> None:
    """Fault 9, by its cause."""
    store.put("race/count", b"0")
    # Each process is forked from one that has imported this module and nothing else.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "lake.storage.s3"])
    wins: multiprocessing.Queue[int] = context.Queue()
    writers = [context.Process(target=_race, args=(settings, n, wins)) for n in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert [writer.exitcode for writer in writers] == [0] * 8
    assert store.get("race/count") == b"80"
    assert store.get("race/one") == str(wins.get()).encode()
    assert wins.empty()


def test_an_unknown_kind_of_lake_is_refused_with_what_to_give() -> None:
    for url in ("ftp://x", "s3://", "s3:///x"):
        with pytest.raises(SettingInvalid, match="s3://bucket/prefix"):
            open_store(Settings(lake=url))
