"""The JSON of a website's JavaScript errors."""

from typing_extensions import TypedDict  # typing's own lacks what pydantic needs before 3.12


class ErrorEvent(TypedDict):
    """One JavaScript or console error.

    `stackOriginal` is `stack` by the website's source maps, null where none tells of it.
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
    """Errors with one fingerprint. `message` and `source` are the last one's.

    `byDay` leaves out days without, and those before the newest 366 that have any.
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
    """Groups, the one that was seen last first; `total` counts those beyond the limit too."""

    errors: list[ErrorGroup]
    total: int


class Occurrence(ErrorEvent):
    """One error of a group; its session's replay shows it at `atMs`."""

    sessionId: str
    visitorId: str
    seenAt: str


class Occurrences(TypedDict):
    """Errors of one group, the newest first; `byDay` as in the group, of all of them."""

    fingerprint: str
    occurrences: list[Occurrence]
    total: int
    byDay: list[ErrorDay]
