"""One broken invariant of a lake: its kind, its place and the details."""

from datetime import date
from typing import NamedTuple

from lake.tables.session_rows import SessionKey

# These cannot be repaired row by row: `replaylake rebuild` makes the tables again.
NEEDS_REBUILD = ("table-unreadable", "table-log-damaged", "table-file-damaged")


class CheckFinding(NamedTuple):
    """A broken invariant. `where` is an object's key, or a table and the row in it.

    `session` is (website, session) and `day` its day, if the finding concerns one session.
    `sessions` and `chunks` count what is affected, if it concerns several and the number is known.
    """

    kind: str
    where: str
    detail: str
    session: SessionKey | None = None
    day: date | None = None
    sessions: int | None = None
    chunks: int | None = None
