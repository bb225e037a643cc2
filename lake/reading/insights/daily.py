"""Figures of a website's days, from the table `daily_summary`.

They are as old as the day's last summary, which follows each of its compactions. Only a day with
erased sessions is counted again for each request, without those sessions.
"""

from datetime import date, datetime
from typing import Any

import msgspec
import polars as pl

from lake import ids
from lake.control import websites
from lake.control.tombstones import Tombstones
from lake.control.websites import Website
from lake.reading.lake_snapshot import Lake, LakeSnapshot
from lake.reading.retry_on_newer import retry_on_newer_snapshot
from lake.reading.visible_sessions import VisibleSessions
from lake.tables.daily_summary import SUMMARY, summary_of
from lake.tables.delta_table import Table, reading
from lake.tables.erased_filter import filter_sessions_of_people
from lake.tables.row_builders import Row
from lake.tables.session_rows import may_hold_website, without_sessions

_JSON = ("signals", "top_pages", "top_errors")


@retry_on_newer_snapshot
def daily_summaries(
    lake: Lake,
    website: Website,
    *,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
) -> list[Row]:
    """Return the rows of `daily_summary` of days that touch [from_at, to_at), the first one first.

    `signals`, `top_pages` and `top_errors` are decoded, None where the summary is of a version
    without them. Errors have a `message`, None where no error of the group is stored any more. Days
    without a session have no row.

    Raises:
        Damaged, StoreUnavailable.
    """
    snapshot = lake.snapshot()
    tombstones = lake.tombstones.read(
        website.website_id
    )  # after the snapshot, to hide what that shows
    first_day = websites.first_retained_day(website, lake.settings, now_ms=lake.now_ms())
    wanted = pl.col("date") >= max(first_day, from_at.date() if from_at else first_day)
    if to_at is not None:
        wanted &= pl.col("date").cast(pl.Datetime("us", "UTC")) < to_at
    table = Table(lake.store, SUMMARY).snapshot()
    files = [file for file in table.files if file.may_hold("website_id", *[website.website_id] * 2)]
    with reading(SUMMARY):
        mine = table.scan(files).filter(wanted, website_id=website.website_id)
        stored = mine.sort("date").collect().to_dicts()
    anew = _recount_days(snapshot, tombstones, {row["date"] for row in stored})
    rows = [anew.get(row["date"], row) for row in stored]
    summaries = [_decoded(row) for row in rows if row is not None]
    _add_messages(lake, website, summaries)
    return summaries


def _recount_days(
    snapshot: LakeSnapshot, tombstones: Tombstones, wanted: set[date]
) -> dict[date, Row | None]:
    """Count the days with erased sessions again; None for a day that has no other session."""
    sessions = snapshot.tables["sessions"]
    mine = sessions.scan(
        [file for file in sessions.files if may_hold_website(file, tombstones.website_id)]
    ).filter(website_id=tombstones.website_id)
    hidden = tombstones.waiting | (
        filter_sessions_of_people(mine, tombstones.people) if tombstones.people else set()
    )
    keys = [(tombstones.website_id, session_id) for session_id in hidden]

    def counted(rows: pl.LazyFrame) -> pl.LazyFrame:
        return without_sessions(rows.filter(website_id=tombstones.website_id), keys)

    recounted = {}
    for day in {ids.day_of(session_id) for session_id in hidden} & wanted:
        with reading(SUMMARY):
            row = summary_of(snapshot.tables, day, counted=counted).drop("part").to_dicts()
        recounted[day] = row[0] if row else None
    return recounted


def _decoded(row: Row) -> Row:
    texts = {name: row[name] for name in _JSON}
    return row | {
        name: None if text is None else msgspec.json.decode(text) for name, text in texts.items()
    }


def _add_messages(lake: Lake, website: Website, rows: list[Row]) -> None:
    """Give each of the errors the newest message of its group."""
    errors: list[dict[str, Any]] = [item for row in rows for item in row["top_errors"] or ()]
    wanted = {error["fingerprint"] for error in errors}
    visible_errors = (
        VisibleSessions.now(lake, website)
        .rows("errors")
        .filter(pl.col("fingerprint").is_in(wanted))
    )
    newest = visible_errors.group_by("fingerprint").agg(
        pl.col("message").sort_by("started_at", "error_no").last()
    )
    with reading("errors"):
        messages = dict(newest.collect().iter_rows()) if wanted else {}
    for error in errors:
        error["message"] = messages.get(error["fingerprint"])
