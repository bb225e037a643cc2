"""Filter of frames: rows of sessions that are erased and not removed yet. Reads only.

The tombstones are in `lake.control.tombstones`, which ingest reads without importing Polars.
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
    rows: pl.LazyFrame, tombstones_of_websites: Iterable[Tombstones], *, people_of: pl.LazyFrame
) -> pl.LazyFrame:
    """Return `rows` without erased sessions.

    In:    website_id str | session_id str | …
    Out:   the same columns

    Args:
        people_of: The people of the sessions: website_id, session_id and `PEOPLE_COLUMNS`. It is
            collected at once if people were erased; `rows` stay lazy.

    Raises:
        Damaged, StoreUnavailable.
    """
    hidden = []
    for of_website in tombstones_of_websites:
        sessions = set(of_website.waiting | of_website.sessions)
        if of_website.people:
            sessions |= filter_sessions_of_people(
                people_of.filter(website_id=of_website.website_id), of_website.people
            )
        hidden += [(of_website.website_id, session_id) for session_id in sessions]
    return without_sessions(rows, hidden) if hidden else rows


def filter_sessions_of_people(rows: pl.LazyFrame, people: Mapping[str, int]) -> set[str]:
    """Return the sessions of people, by hash, that began until the given times, ms.

    In:    session_id str | `PEOPLE_COLUMNS`, of one website

    Raises:
        Damaged, StoreUnavailable.
    """
    session_ids: set[str] = set()
    for kind, column in _PEOPLE:
        with reading("sessions"):
            single = rows.select("session_id", name=column)  # an old row has no more
            named = pl.concat(
                [single, rows.select("session_id", name=f"{column}s").explode("name")]
            )
            names = named.select(pl.col("name").unique()).collect()["name"]
            wanted = [name for name in names if tombstones.person_hash(kind, name) in people]
            matching = named.filter(pl.col("name").is_in(wanted)).collect()
        session_ids |= {
            session_id
            for session_id, name in matching.iter_rows()
            if ids.at_ms_of(session_id) <= people[tombstones.person_hash(kind, name)]
        }
    return session_ids
