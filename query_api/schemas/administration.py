"""The JSON of what websites are kept with: settings, keys, links, the audit log and erasures."""

from typing import Any

from typing_extensions import TypedDict  # typing's own lacks what pydantic needs before 3.12


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
    """What a key may do, and the websites that it sees, the oldest first.

    `ingestUrl`: where browsers find the ingest API, null where nobody told (`REPLAY_INGEST_URL`).
    """

    keyId: str
    role: str
    ingestUrl: str | None
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


class HeldSession(TypedDict):
    """A session whose erasure waits for the release of a hold on it, or on all of its `website`."""

    sessionId: str
    hold: str
    reason: str
    placedAt: str
    placedBy: str


class Cancelled(TypedDict):
    """A request that is removed, and the one that took its place, if any."""

    erasureId: str
    replacedBy: str | None


class Erasure(TypedDict):
    """An erasure: `hidden` until no byte is left, then `done`, and this is its receipt.

    `held`: what is left of it waits for the release of legal holds. `failed`: the last run could
    not carry it out, and why; it is tried again.
    """

    erasureId: str
    status: str
    requestedAt: str
    requestedBy: str
    dueAt: str
    doneAt: str | None
    waitsFor: str | None
    failed: str | None
    held: list[HeldSession]
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
