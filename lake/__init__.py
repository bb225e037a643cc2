"""The lake: its format and everything that reads or writes it. See `lake/FORMAT.md`.

`lake.open("s3://bucket/prefix")` gives its tables as Polars frames.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lake.dataframes import OpenLake

__all__ = ["open"]


def open(url: str | None = None) -> "OpenLake":  # noqa: A001 - `lake.open(...)` reads as meant
    """Open a lake's tables: `lake.open().sessions()` is a Polars LazyFrame.

    Args:
        url: A folder or `s3://bucket/prefix`; default: `REPLAY_LAKE`.

    Raises:
        LakeMissing: There is no lake; nothing was created.
    """
    from lake.dataframes import OpenLake  # services that only write need no Polars

    return OpenLake(url)
