"""What may be shown of a website's compacted sessions, as lazy rows of the tables. Reads only.

Sessions that the website no longer keeps, and those of which an erasure asks, are left out whether
their bytes are still there or not. What waits for compaction is not in the tables yet.
"""

from datetime import UTC, datetime, time

import polars as pl

from lake import websites
from lake.hiding import without_erased
from lake.tables.sessions import may_be_of
from lake.view import Lake
from lake.websites import Website


class Visible:
    """The visible sessions of a website that began in [from_at, to_at), at one moment.

    `sessions` are their rows of `sessions`, lazy.

    Raises:
        Damaged, StoreUnavailable.
    """

    def __init__(
        self,
        lake: Lake,
        website: Website,
        *,
        from_at: datetime | None = None,
        to_at: datetime | None = None,
    ) -> None:
        view = lake.view()
        first_day = websites.first_day_kept(website, lake.settings, now_ms=lake.now_ms())
        first_at = datetime.combine(first_day, time.min, UTC)
        self._tables = view.tables
        self._website_id = website.website_id
        self._from_at = max(from_at or first_at, first_at)
        self._to_at = to_at
        gone = lake.erased.of(website.website_id)  # after the view, to hide what that shows
        sessions = self._scan("sessions")
        self.sessions = without_erased(sessions, [gone], people_of=sessions)

    def rows(self, name: str, *columns: str) -> pl.LazyFrame:
        """Return the sessions' rows of another table, with `columns` of their own."""
        return self._scan(name).join(self.sessions.select("session_id", *columns), on="session_id")

    def _scan(self, name: str) -> pl.LazyFrame:
        snapshot, low, high = self._tables[name], self._from_at, self._to_at
        files = [
            file
            for file in snapshot.files
            if may_be_of(file, self._website_id)
            and file.may_hold("started_at", low, high or datetime.max.replace(tzinfo=UTC))
        ]
        rows = snapshot.scan(files).filter(
            pl.col("website_id") == self._website_id, pl.col("started_at") >= low
        )
        return rows.filter(pl.col("started_at") < high) if high else rows


def address(url: pl.Expr) -> pl.Expr:
    """Return an address without its query and fragment: what makes it one page of many views."""
    for sign in "?#":
        url = url.str.splitn(sign, 2).struct[0]
    return url
