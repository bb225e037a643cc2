"""Schemas of a website's JavaScript errors."""

from typing_extensions import TypedDict  # typing's own lacks what pydantic needs before 3.12


class ErrorEvent(TypedDict):
    """One JavaScript or console error.

    `stackOriginal` is `stack` resolved by the website's source maps, null where none applies.
    """

    atMs: int
    pageId: str
    fingerprint: str
    message: str
    stack: str | None
    stackOriginal: str | None
    source: str


class ErrorDay(TypedDict):
    """The errors of a group on one UTC day."""

    date: str
    count: int
    sessions: int


class ErrorGroup(TypedDict):
    """Errors with one fingerprint. `message` and `source` are those of the last.

    `byDay` has the newest 366 days with errors.
    """

    fingerprint: str
    message: str
    source: str
    count: int
    sessions: int
    visitors: int
    firstSeenAt: str
    lastSeenAt: str
    byDay: list[ErrorDay]


class ErrorGroups(TypedDict):
    """Groups, most recently seen first; `total` includes those beyond the limit."""

    errors: list[ErrorGroup]
    total: int


class Occurrence(ErrorEvent):
    """One error of a group; the session's replay shows it at `atMs`."""

    sessionId: str
    visitorId: str
    seenAt: str


class Occurrences(TypedDict):
    """Errors of one group, newest first; `byDay` counts all of them."""

    fingerprint: str
    occurrences: list[Occurrence]
    total: int
    byDay: list[ErrorDay]
