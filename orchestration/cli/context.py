"""The lake of the environment, the clock, and the options that several commands share."""

import time
from typing import Annotated

import typer

from lake.settings import Settings, from_environ
from lake.storage.base import Store, open_store

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
WebsiteId = Annotated[
    str, typer.Option("--website", metavar="ID", help="The website (`replaylake website list`).")
]
Host = Annotated[str, typer.Option(help="Address to listen on.")]


def open_lake() -> tuple[Store, Settings]:
    """Read the settings and open the lake that they name.

    Raises:
        LakeMissing: There is no lake; nothing was created.
        SettingInvalid, StoreUnavailable.
    """
    from lake.storage.presence import open_existing

    settings = from_environ()
    return open_existing(settings), settings


def open_any_lake(*, create: bool) -> tuple[Store, Settings]:
    """Open the lake that the settings name, even where it does not exist yet.

    Args:
        create: Create its folder now.

    Raises:
        SettingInvalid, StoreUnavailable.
    """
    settings = from_environ()
    return open_store(settings, create=create), settings


def now_ms() -> int:
    """Return the time, ms since the Unix epoch."""
    return time.time_ns() // 1_000_000
