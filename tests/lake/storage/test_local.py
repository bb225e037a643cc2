"""What only a lake in a folder can meet: half-written files, full disks, deep new folders."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.settings import Settings
from lake.storage.base import Store
from lake.storage.local import LocalStore

NAMES = st.text("ab-0.", min_size=1, max_size=3).filter(lambda name: name.strip("."))


@settings(deadline=None)  # each example makes folders: a busy disk is slow
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


def test_a_writer_killed_in_the_middle_leaves_no_object(settings: Settings, store: Store) -> None:
    """Fault 1, at the store: what is not linked was never there, and can be swept."""
    code = (
        "from lake.settings import Settings; from lake.storage.base import open_store;"
        f"open_store(Settings(lake={settings.lake!r})).put_new('a/b', b'x', token='t')"
    )
    environ = os.environ | {"CRASH": "store-between-write-and-link"}
    done = subprocess.run([sys.executable, "-c", code], env=environ, check=False)

    assert done.returncode == -signal.SIGKILL
    assert [item.key for item in store.list("")] == []
    assert isinstance(store, LocalStore)
    store.sweep_tmp(-1)
    assert list((Path(settings.lake) / ".tmp").iterdir()) == []


@pytest.mark.fault(42)
def test_full_disk_is_said_plainly(tmp_path: Path) -> None:
    """Fault 42: disk full and inodes out, on a real file system of 64 kB and 12 inodes."""
    code = """
import sys
from lake.errors import StoreFull
from lake.settings import Settings
from lake.storage.base import open_store
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
