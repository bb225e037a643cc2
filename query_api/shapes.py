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


class Recorded(TypedDict):
    """What was recorded, without who.

    `frustrationScore` is null and `signals` empty until the session was scored. `duration` is in
    ms, `bytes` are those of its events as JSON.
    """

    sessionId: str
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


class Session(Recorded):
    """One line of the list."""

    visitorId: str
    userId: str | None


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


class Contents(TypedDict):
    """What is in a session."""

    pageList: list[PageView]
    signalEvents: list[SignalEvent]
    errorEvents: list[ErrorEvent]
    gaps: list[Gap]
    frames: list[Frame]
    trigger: str | None


class SessionDetail(Session, Contents):
    """One session and what is in it."""


class SharedSession(Recorded, Contents):
    """A link's session and what is in it."""


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


class WebsiteName(TypedDict):
    """A website, to choose from. `records`: whether its pages may record now."""

    website_id: str
    name: str
    plan: str
    records: bool


class WebsiteList(TypedDict):
    """The oldest first."""

    websites: list[WebsiteName]


class MyWebsite(WebsiteName):
    """A website, and what decides about what is recorded and kept of it."""

    retention_days: int
    feature_flags: dict[str, Any]


class Me(TypedDict):
    """What a key may do, and the websites that it sees, the oldest first."""

    keyId: str
    role: str
    websites: list[MyWebsite]


class Key(TypedDict):
    """An API key, without what makes it one. `lastUsedAt` is to the hour."""

    keyId: str
    websiteId: str
    role: str
    createdAt: str
    lastUsedAt: str | None
    revokedAt: str | None


class NewKey(Key):
    """A key that was just made, and the key itself, once."""

    key: str


class KeyList(TypedDict):
    """The oldest first."""

    keys: list[Key]


class Share(TypedDict):
    """A link to a session, without what makes it one."""

    shareId: str
    sessionId: str
    createdAt: str
    createdBy: str
    expiresAt: str
    revokedAt: str | None


class NewShare(Share):
    """A link that was just made, and its secret, once."""

    token: str
    url: str


class ShareList(TypedDict):
    """The oldest first."""

    shares: list[Share]


class AuditEntry(TypedDict):
    """One thing that was done. `actor`: a key's id, `cli`, or `share` and a link's id."""

    entryId: str
    at: str
    actor: str
    action: str
    target: str | None
    details: dict[str, Any]


class AuditLog(TypedDict):
    """One page of the log, the newest first."""

    entries: list[AuditEntry]
    nextCursor: str | None


class Problem(TypedDict):
    """An error, RFC 9457. `kind` never changes."""

    type: str
    title: str
    status: int
    detail: str
    kind: str


class Erasure(TypedDict):
    """An erasure: `hidden` until no byte is left, then `done`, and this is its receipt."""

    erasureId: str
    status: str
    requestedAt: str
    requestedBy: str
    dueAt: str
    doneAt: str | None
    waitsFor: str | None
    sessions: int
    rows: int
    files: int
    bytes: int
    chunks: int
    tableFiles: int
    unreadableObjects: int


class ErasureList(TypedDict):
    """The newest first."""

    erasures: list[Erasure]
