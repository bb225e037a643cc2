"""Rows of sessions that are erased and still there are left out of frames. Reads only.

What was erased is `lake.control.tombstones`'s, which services that only write read without Polars.
"""

from collections.abc import Iterable, Mapping

import polars as pl

from lake import ids
from lake.control import tombstones
from lake.control.tombstones import Tombstones
from lake.tables.delta_table import reading
from lake.tables.session_rows import without_sessions

_PEOPLE: tuple[tuple[tombstones.PersonKind, str], ...] = (
    ("visitor", "visitor_id"),
    ("user", "user_id"),
)
PEOPLE_COLUMNS = ("visitor_id", "visitor_ids", "user_id", "user_ids")


def without_erased(
    rows: pl.LazyFrame, gone: Iterable[Tombstones], *, people_of: pl.LazyFrame
) -> pl.LazyFrame:
    """Leave out what tombstones hide.

    In:    website_id str | session_id str | …
    Out:   the same columns

    Args:
        people_of: Whose sessions they are: website_id, session_id and `PEOPLE_COLUMNS`. It is
            read at once where people were erased; `rows` stay lazy.

    Raises:
        Damaged, StoreUnavailable.
    """
    hidden = []
    for one in gone:
        sessions = set(one.waiting | one.sessions)
        if one.people:
            sessions |= filter_sessions_of_people(
                people_of.filter(website_id=one.website_id), one.people
            )
        hidden += [(one.website_id, session_id) for session_id in sessions]
    return without_sessions(rows, hidden) if hidden else rows


def filter_sessions_of_people(rows: pl.LazyFrame, people: Mapping[str, int]) -> set[str]:
    """Return the sessions of people, by hash, that began until the given times, ms.

    In:    session_id str | `PEOPLE_COLUMNS`, of one website

    Raises:
        Damaged, StoreUnavailable.
    """
    found: set[str] = set()
    for kind, column in _PEOPLE:
        with reading("sessions"):
            one = rows.select("session_id", name=column)  # all that an old row tells
            named = pl.concat([one, rows.select("session_id", name=f"{column}s").explode("name")])
            names = named.select(pl.col("name").unique()).collect()["name"]
            wanted = [name for name in names if tombstones.person_hash(kind, name) in people]
            mine = named.filter(pl.col("name").is_in(wanted)).collect()
        found |= {
            session_id
            for session_id, name in mine.iter_rows()
            if ids.at_ms_of(session_id) <= people[tombstones.person_hash(kind, name)]
        }
    return found
