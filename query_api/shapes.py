"""The JSON of every answer, field by field; made from rows of the lake in `query_api.rendering`.

Described once: the type checker holds the code to it, OpenAPI shows it. `atMs` counts from the
session's start, `…At` is ISO 8601 in UTC.
"""

from typing import Any

from typing_extensions import TypedDict  # typing's own lacks what pydantic needs before 3.12


class Viewport(TypedDict):
    """CSS px of the first view."""

    width: int | None
    height: int | None


class Device(TypedDict):
    """What it was recorded on."""

    type: str
    model: str | None


class Software(TypedDict):
    """A browser or an operating system."""

    name: str | None
    version: str | None


class Session(TypedDict):
    """One line of the list.

    `frustrationScore` is null and `signals` empty until the session was scored. `duration` is in
    ms, `bytes` are those of its events as JSON.
    """

    sessionId: str
    visitorId: str
    userId: str | None
    startedAt: str
    duration: int
    pageViews: int
    hasErrors: bool
    errorCount: int
    hasFrustration: bool
    frustrationScore: int | None
    signals: dict[str, int]
    viewport: Viewport
    device: Device
    browser: Software
    os: Software
    country: str | None
    initialUrl: str | None
    clickCount: int
    eventCount: int
    isLive: bool
    isComplete: bool
    bytes: int


class SessionList(TypedDict):
    """One page of the list; `total` counts all pages."""

    sessions: list[Session]
    nextCursor: str | None
    total: int


class PageView(TypedDict):
    """One page of a session."""

    pageId: str
    url: str | None
    title: str | None
    atMs: int
    duration: int


class SignalEvent(TypedDict):
    """One signal of frustration. `evidence` is what its rule saw."""

    kind: str
    atMs: int
    pageId: str
    target: str | None
    text: str | None
    x: int | None
    y: int | None
    evidence: Any


class ErrorEvent(TypedDict):
    """One JavaScript or console error."""

    atMs: int
    pageId: str
    fingerprint: str
    message: str
    stack: str | None
    source: str


class Gap(TypedDict):
    """`missing-chunks` that never came, or `no-snapshot` to draw a page from."""

    pageId: str
    kind: str
    firstSeq: int
    lastSeq: int


class Frame(TypedDict):
    """A part of the stored replay, from which one with a snapshot can be played."""

    fromMs: float
    toMs: float
    eventCount: int
    bytes: int
    hasSnapshot: bool


class SessionDetail(Session):
    """One session and what is in it."""

    pageList: list[PageView]
    signalEvents: list[SignalEvent]
    errorEvents: list[ErrorEvent]
    gaps: list[Gap]
    frames: list[Frame]
    trigger: str | None


class ErrorGroup(TypedDict):
    """Errors with one fingerprint."""

    fingerprint: str
    message: str
    count: int
    sessions: int
    visitors: int
    firstSeenAt: str
    lastSeenAt: str


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
    """Errors of one group, the newest first."""

    fingerprint: str
    occurrences: list[Occurrence]
    total: int


class Website(TypedDict):
    """A website and its settings, by the names that PATCH takes."""

    website_id: str
    name: str
    plan: str
    retention_days: int
    origins: list[str]
    feature_flags: dict[str, Any]
    privacy: dict[str, Any]
    smart: dict[str, Any]
    created_at: str


class Problem(TypedDict):
    """An error, RFC 9457. `kind` never changes."""

    type: str
    title: str
    status: int
    detail: str
    kind: str
