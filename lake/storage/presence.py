"""Check whether there is a lake at `REPLAY_LAKE`, before anything but a first write.

A lake is recognised by its objects: a website, a chunk, a session or a table, or the marker that
ingest writes when it starts. Lakes of older versions have no marker. The objects of a preflight
do not count.
"""

from pathlib import Path

from lake.errors import BucketMissing, LakeMissing, StoreUnavailable
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store, open_store

_MARKS = (
    keys.CONTROL,
    keys.RAW,
    keys.SESSIONS,
    keys.TABLES,
    keys.QUARANTINE,
    keys.AUDIT,
)


def open_existing(settings: Settings) -> Store:
    """Open the store of an existing lake.

    Raises:
        LakeMissing: There is none; nothing was created.
        SettingInvalid: `REPLAY_LAKE` is neither a folder nor `s3://bucket/prefix`.
        StoreUnavailable: The store failed.
    """
    store = open_store(settings, create=False)
    try:
        if _is_folder(settings) and is_lake(store):
            return store
    except BucketMissing as error:
        raise LakeMissing(f"no lake at {store.url}: there is no such bucket") from error
    raise LakeMissing(
        f"no lake at {store.url}: is REPLAY_LAKE as you mean it? "
        "`replaylake website create` makes a new one"
    )


def ensure_lake(store: Store) -> None:
    """Mark the store as a lake, unless it is one: `open_existing` accepts it from now on.

    Raises:
        StoreUnavailable.
    """
    if not is_lake(store):
        store.put(keys.LAKE_MARKER, b"{}")


def is_lake(store: Store) -> bool:
    """Whether a store holds any object of a lake.

    Raises:
        StoreUnavailable.
    """
    return any(
        not item.key.startswith(keys.PREFLIGHT) for mark in _MARKS for item in store.list(mark)
    )


def _is_folder(settings: Settings) -> bool:
    """Whether a lake's folder exists; True for a bucket, whose objects are listed instead."""
    if settings.lake.startswith("s3://"):
        return True
    folder = Path(settings.lake.removeprefix("file://")).expanduser()
    try:
        folder.stat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreUnavailable(f"{folder} cannot be opened: {error.strerror}") from error
    return True
