"""The JSON of sessions: a line of the list, and one of them with what is in it."""

from typing import Any

from typing_extensions import TypedDict  # typing's own lacks what pydantic needs before 3.12

from query_api.schemas.errors import ErrorEvent


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

    `frustrationScore`, `activeMs` and `activity` are null and `signals` empty until the session
    was scored. `duration` and `activeMs`, in which the visitor acted, are in ms; `activity` are 60
    digits: how much was done in each of 60 equal slices. `bytes` are of its events as JSON.
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
    exitUrl: str | None
    activeMs: int | None
    activity: str | None
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
    """One page of a session. `clickCount` is null while chunks of the session wait."""

    pageId: str
    url: str | None
    title: str | None
    atMs: int
    duration: int
    clickCount: int | None


class SignalEvent(TypedDict):
    """One signal of frustration. `evidence` is what its rule saw."""

    kind: str
    atMs: int
    pageId: str
    url: str | None
    target: str | None
    text: str | None
    x: int | None
    y: int | None
    evidence: Any


class Gap(TypedDict):
    """`missing-chunks` that never came, or `no-snapshot` to draw a page from; `says` it plainly."""

    pageId: str
    kind: str
    firstSeq: int
    lastSeq: int
    says: str


class Frame(TypedDict):
    """A part of the stored replay, from which one with a snapshot can be played."""

    fromMs: float
    toMs: float
    eventCount: int
    bytes: int
    hasSnapshot: bool


class Contents(TypedDict):
    """What is in a session. Offsets count from `firstAtMs`: ms since 1970, the browser's clock.

    `cut` names the lists of which only the first part is here: those of very long sessions.
    `pageViews`, `errorCount` and `signals` count all.
    """

    firstAtMs: int
    pageList: list[PageView]
    signalEvents: list[SignalEvent]
    errorEvents: list[ErrorEvent]
    gaps: list[Gap]
    frames: list[Frame]
    trigger: str | None
    cut: list[str]


class SessionDetail(Session, Contents):
    """One session and what is in it.

    `visitorIds` and `userIds` are all that its chunks were sent by and identified; `visitorId` is
    the first, `userId` the last of them.
    """

    visitorIds: list[str]
    userIds: list[str]


class SharedSession(Recorded, Contents):
    """A link's session and what is in it."""
