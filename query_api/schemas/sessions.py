"""Schemas of sessions: a row of the list, and one session with its contents."""

from typing import Any

from typing_extensions import TypedDict  # typing's own lacks what pydantic needs before 3.12

from query_api.schemas.errors import ErrorEvent


class Viewport(TypedDict):
    """Size of the first view, CSS px."""

    width: int | None
    height: int | None


class Device(TypedDict):
    """The device that recorded."""

    type: str
    model: str | None


class Software(TypedDict):
    """A browser or an operating system."""

    name: str | None
    version: str | None


class Recorded(TypedDict):
    """A session without its visitor and user.

    `frustrationScore`, `activeMs` and `activity` are null and `signals` empty until the session
    is scored. `duration` and `activeMs` (time with visitor activity) are in ms. `activity` has a
    digit for each of 60 equal slices. `bytes` is the size of the events as JSON.
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
    """One row of the list."""

    visitorId: str
    userId: str | None


class SessionList(TypedDict):
    """One page of the list; `total` counts all pages."""

    sessions: list[Session]
    nextCursor: str | None
    total: int


class PageView(TypedDict):
    """One page of a session. `clickCount` is null while the session has pending chunks."""

    pageId: str
    url: str | None
    title: str | None
    atMs: int
    duration: int
    clickCount: int | None


class SignalEvent(TypedDict):
    """One signal of frustration. `evidence` holds the figures of its rule."""

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
    """`missing-chunks`, or `no-snapshot` to draw a page from; `says` explains it in a sentence."""

    pageId: str
    kind: str
    firstSeq: int
    lastSeq: int
    says: str


class Frame(TypedDict):
    """A part of the stored replay; playback can begin at a part with a snapshot."""

    fromMs: float
    toMs: float
    eventCount: int
    bytes: int
    hasSnapshot: bool


class Contents(TypedDict):
    """The contents of a session. Offsets count from `firstAtMs`: ms since 1970, browser clock.

    `cut` names the lists that are truncated, in very long sessions. `pageViews`, `errorCount`
    and `signals` count all.
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
    """One session with its contents.

    `visitorIds` and `userIds` are all that its chunks name; `visitorId` is the first, `userId`
    the last of them.
    """

    visitorIds: list[str]
    userIds: list[str]


class SharedSession(Recorded, Contents):
    """A share link's session with its contents."""
