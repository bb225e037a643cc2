"""Compacted sessions that a website may still see, as lazy rows of the tables. Reads only.

Expired and erased sessions are left out, whether their bytes are deleted already or not. Pending
chunks are not in the tables yet.
"""

from datetime import UTC, datetime, time

import polars as pl

from lake.control import websites
from lake.control.tombstones import Tombstones
from lake.control.websites import Website
from lake.reading.lake_snapshot import Lake, LakeSnapshot
from lake.tables.erased_filter import without_erased
from lake.tables.session_rows import may_hold_website
from lake.timestamps import CLOCK_OFF_MS_MAX


class VisibleSessions:
    """The visible sessions of a website that began in [low, high), at one moment.

    `sessions` are their rows of `sessions`, lazy.

    Args:
        tombstones: Asked for after `view`, to hide what that shows.
    """

    def __init__(
        self,
        snapshot: LakeSnapshot,
        tombstones: Tombstones,
        website: Website,
        low: datetime,
        high: datetime,
    ) -> None:
        self._tables = snapshot.tables
        self._website_id = website.website_id
        self._low, self._high = low, high
        sessions = self.scan("sessions")
        self.sessions = without_erased(sessions, [tombstones], people_of=sessions)

    @classmethod
    def now(
        cls,
        lake: Lake,
        website: Website,
        *,
        from_at: datetime | None = None,
        to_at: datetime | None = None,
    ) -> "VisibleSessions":
        """Return the sessions that are visible now.

        Raises:
            Damaged, StoreUnavailable.
        """
        snapshot = lake.snapshot()
        low, high = visible_period(lake, website, from_at, to_at)
        return cls(snapshot, lake.tombstones.read(website.website_id), website, low, high)

    def rows(self, name: str, *columns: str) -> pl.LazyFrame:
        """Return the sessions' rows of another table, with `columns` of their own."""
        return self.scan(name).join(self.sessions.select("session_id", *columns), on="session_id")

    def scan(self, name: str) -> pl.LazyFrame:
        """Return all rows of a table in the period, including those of erased people."""
        snapshot, low, high = self._tables[name], self._low, self._high
        files = [
            file
            for file in snapshot.files
            if may_hold_website(file, self._website_id) and file.may_hold("started_at", low, high)
        ]
        at = pl.col("started_at")
        mine = pl.col("website_id") == self._website_id
        return snapshot.scan(files).filter(mine, at >= low, at < high)


def visible_period(
    lake: Lake, website: Website, from_at: datetime | None, to_at: datetime | None
) -> tuple[datetime, datetime]:
    """Return the part of [from_at, to_at) whose sessions are still retained."""
    first_day = websites.first_retained_day(website, lake.settings, now_ms=lake.now_ms())
    first_at = datetime.combine(first_day, time.min, UTC)
    return max(from_at or first_at, first_at), to_at or datetime.max.replace(tzinfo=UTC)


def offset_ms(at_ms: pl.Expr) -> pl.Expr:
    """Return the offset of a time in its session, ms; for rows with `started_at` and `first_at_ms`.

    Rows of an older version may have times that nobody believes (`lake.timestamps.plausible`).
    """
    began_ms = pl.col("started_at").dt.epoch("ms")
    low, high = began_ms - CLOCK_OFF_MS_MAX, began_ms + CLOCK_OFF_MS_MAX
    return at_ms.clip(low, high) - pl.col("first_at_ms").clip(low, high)


def page_address(url: pl.Expr) -> pl.Expr:
    """Return a URL without query and fragment, by which views of one page are grouped."""
    for sign in "?#":
        url = url.str.splitn(sign, 2).struct[0]
    return url
