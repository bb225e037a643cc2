"""What a command works on: the lake of the environment, and the clock."""

import time

from lake.settings import Settings, from_environ
from lake.storage.base import Store, open_store


def open_lake() -> tuple[Store, Settings]:
    """Read the settings and open the lake that they name.

    Raises:
        LakeMissing: There is none; nothing was created.
        SettingInvalid, StoreUnavailable.
    """
    from lake.storage.presence import open_existing

    settings = from_environ()
    return open_existing(settings), settings


def open_any_lake(*, create: bool) -> tuple[Store, Settings]:
    """Open the lake that the settings name, whether there is one or not.

    Args:
        create: Make its folder now.

    Raises:
        SettingInvalid, StoreUnavailable.
    """
    settings = from_environ()
    return open_store(settings, create=create), settings


def now_ms() -> int:
    """Return the time, ms since the Unix epoch."""
    return time.time_ns() // 1_000_000
