"""One broken promise: its kind, where it is, and what is wrong."""

from datetime import date
from typing import NamedTuple

from lake.tables.session_rows import SessionKey

# Of these nothing can be mended row by row: `replaylake rebuild` makes the tables anew.
NEEDS_REBUILD = ("table-unreadable", "table-log-damaged", "table-file-damaged")


class CheckFinding(NamedTuple):
    """What is broken. `where` is a key, or a table and what in it.

    `session` is (website, session) and `day` its day, where it is about one. `sessions` and
    `chunks` say how many are affected, where it is about several and somebody can tell.
    """

    kind: str
    where: str
    detail: str
    session: SessionKey | None = None
    day: date | None = None
    sessions: int | None = None
    chunks: int | None = None
