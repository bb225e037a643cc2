"""The lake for data teams: its tables as Polars frames, without what is not compacted yet.

And without what is erased, although its rows may be there until their removal is done; only
`daily_summary` counts it until then.
"""

from dataclasses import replace

import polars as pl

from lake.control import tombstones
from lake.errors import Damaged
from lake.settings import from_environ
from lake.storage.presence import open_existing
from lake.tables.delta_table import Table
from lake.tables.erased_filter import without_erased


class OpenLake:
    """The tables of a lake, each call as it is then; columns as in `lake/FORMAT.md`.

    Args:
        url: A folder or `s3://bucket/prefix`; default: `REPLAY_LAKE`.

    Raises:
        LakeMissing: There is no lake.
        SettingInvalid, and Damaged and StoreUnavailable (every method).
    """

    def __init__(self, url: str | None = None) -> None:
        settings = from_environ()
        self._store = open_existing(settings if url is None else replace(settings, lake=url))

    def sessions(self) -> pl.LazyFrame:
        """One row per session."""
        return self._shown("sessions")

    def pages(self) -> pl.LazyFrame:
        """One row per page view."""
        return self._shown("pages")

    def errors(self) -> pl.LazyFrame:
        """One row per JavaScript or console error."""
        return self._shown("errors")

    def signals(self) -> pl.LazyFrame:
        """One row per frustration signal."""
        return self._shown("signals")

    def daily_summary(self) -> pl.LazyFrame:
        """One row per website and day."""
        return self._frame("daily_summary")

    def _frame(self, name: str) -> pl.LazyFrame:
        return Table(self._store, name).snapshot().scan()

    def _shown(self, name: str) -> pl.LazyFrame:
        rows, sessions = self._frame(name), self._frame("sessions")
        # Asked for after the data: what is in there is hidden by whatever hides it now.
        result = tombstones.read_all(self._store)
        unknown = [name for name, item in result.items() if isinstance(item, Damaged)]
        erased = [item for item in result.values() if not isinstance(item, Damaged)]
        if unknown:  # which of their sessions are erased nobody can tell
            rows = rows.filter(~pl.col("website_id").is_in(unknown))
        return without_erased(rows, erased, people_of=sessions)
