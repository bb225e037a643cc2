"""What every store promises."""

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.errors import ObjectMissing, SettingInvalid
from lake.settings import Settings
from lake.store import Store, open_store
from lake.store.local import LocalStore

NAMES = st.text("ab-0.", min_size=1, max_size=3).filter(lambda name: name.strip("."))


def test_an_object_is_read_back_whole_in_part_and_from_its_end(store: Store) -> None:
    store.put("a/b", b"0123456789")

    assert store.get("a/b") == b"0123456789"
    assert store.get_range("a/b", 2, 5) == b"234"
    assert store.get_range("a/b", 8, 99) == b"89"
    assert store.get_range("a/b", 50, 99) == b""
    assert store.get_tail("a/b", 3) == b"789"
    assert store.get_tail("a/b", 99) == b"0123456789"


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


def test_what_is_not_there_is_missing(store: Store, tmp_path: Path) -> None:
    for read in (store.get, store.get_versioned):
        with pytest.raises(ObjectMissing):
            read("no/such")
    store.delete(["no/such"])
    assert list(store.list("no/")) == []


def test_a_file_of_any_size_becomes_an_object(store: Store, tmp_path: Path) -> None:
    body = os.urandom(1 << 20) * 20
    path = tmp_path / "file"
    path.write_bytes(body)

    store.put_file("a/big", path)
    assert store.get("a/big") == body


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


@given(keys=st.sets(st.lists(NAMES, min_size=1, max_size=3).map("/".join), max_size=8))
def test_key_order_is_string_order(
    keys: set[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    keys = {k for k in keys if not any(other.startswith(k + "/") for other in keys)}
    store = LocalStore(tmp_path_factory.mktemp("lake"))
    for key in keys:
        store.put(key, b"")

    assert [item.key for item in store.list("")] == sorted(keys)
    for key in keys:
        assert [i.key for i in store.list("", start_after=key)] == sorted(
            k for k in keys if k > key
        )


def test_no_key_leaves_the_lake(store: Store) -> None:
    for key in ("../x", "/x", "a//b", "a/./b", "a/\0"):
        with pytest.raises(AssertionError):
            store.put(key, b"")


def _race(url: str, number: int, wins: "multiprocessing.Queue[int]") -> None:
    store = open_store(Settings(lake=url))
    if store.put_new("race/one", str(number).encode(), token=str(number)):
        wins.put(number)
    for _ in range(10):
        while True:
            body, version = store.get_versioned("race/count")
            if store.swap("race/count", str(int(body) + 1).encode(), version=version):
                break


def test_writers_in_eight_processes_lose_nothing(settings: Settings, store: Store) -> None:
    store.put("race/count", b"0")
    context = multiprocessing.get_context("spawn")
    wins: multiprocessing.Queue[int] = context.Queue()
    writers = [context.Process(target=_race, args=(settings.lake, n, wins)) for n in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert store.get("race/count") == b"80"
    assert store.get("race/one") == str(wins.get()).encode()
    assert wins.empty()


def test_a_writer_killed_in_the_middle_leaves_no_object(settings: Settings, store: Store) -> None:
    """Fault 1, at the store: what is not linked was never there, and can be swept."""
    code = (
        "from lake.settings import Settings; from lake.store import open_store;"
        f"open_store(Settings(lake={settings.lake!r})).put_new('a/b', b'x', token='t')"
    )
    environ = os.environ | {"CRASH": "store-between-write-and-link"}
    done = subprocess.run([sys.executable, "-c", code], env=environ, check=False)

    assert done.returncode == -signal.SIGKILL
    assert [item.key for item in store.list("")] == []
    assert isinstance(store, LocalStore)
    store.sweep_tmp(-1)
    assert list((Path(settings.lake) / ".tmp").iterdir()) == []


def test_full_disk_is_said_plainly(tmp_path: Path) -> None:
    """Fault 42: disk full and inodes out, on a real file system of 64 kB and 12 inodes."""
    code = """
import sys
from lake.errors import StoreFull
from lake.settings import Settings
from lake.store import open_store
store = open_store(Settings(lake=sys.argv[1]))
store.put("kept", b"x")
for body in (bytes(1 << 20), b""):
    try:
        for i in range(20):
            store.put(f"n{i}", body)
    except StoreFull as error:
        print("full:", error)
assert store.get("kept") == b"x"
"""
    script = 'mount -t tmpfs -o size=64k,nr_inodes=12 none "$1" && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", str(tmp_path), sys.executable, code],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("full:") == 2


def test_an_unknown_kind_of_lake_is_refused_with_what_to_give() -> None:
    with pytest.raises(SettingInvalid, match="s3://bucket/prefix"):
        open_store(Settings(lake="ftp://x"))
