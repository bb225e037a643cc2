"""Schemas of websites, keys, share links, the audit log and erasures."""

from typing import Any

from typing_extensions import TypedDict  # typing's own lacks what pydantic needs before 3.12


class Website(TypedDict):
    """A website and its settings, named as in PATCH."""

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
    """A website's name and plan. `records`: whether its pages may record now."""

    website_id: str
    name: str
    plan: str
    records: bool


class WebsiteList(TypedDict):
    """Oldest first."""

    websites: list[WebsiteName]


class MyWebsite(WebsiteName):
    """A website with its retention and recording settings."""

    retention_days: int
    feature_flags: dict[str, Any]


class Me(TypedDict):
    """A key's role and the websites that it may read, oldest first.

    `ingestUrl`: address of the ingest API, null if `REPLAY_INGEST_URL` is not set.
    """

    keyId: str
    role: str
    ingestUrl: str | None
    websites: list[MyWebsite]


class Key(TypedDict):
    """An API key without its secret. `lastUsedAt` is to the hour."""

    keyId: str
    websiteId: str
    role: str
    createdAt: str
    lastUsedAt: str | None
    revokedAt: str | None


class NewKey(Key):
    """A new key with its secret, which cannot be shown later."""

    key: str


class KeyList(TypedDict):
    """Oldest first."""

    keys: list[Key]


class Share(TypedDict):
    """A share link without its secret."""

    shareId: str
    sessionId: str
    createdAt: str
    createdBy: str
    expiresAt: str
    revokedAt: str | None


class NewShare(Share):
    """A new share link with its secret, which cannot be shown later."""

    token: str
    url: str


class ShareList(TypedDict):
    """Oldest first."""

    shares: list[Share]


class AuditEntry(TypedDict):
    """One recorded action. `actor`: a key's id, `cli`, or `share` and a link's id."""

    entryId: str
    at: str
    actor: str
    action: str
    target: str | None
    details: dict[str, Any]


class AuditLog(TypedDict):
    """One page of the log, newest first."""

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
    """A cancelled request and its replacement, if there is one."""

    erasureId: str
    replacedBy: str | None


class Erasure(TypedDict):
    """An erasure: `hidden` until no byte is left, then `done`, and this is its receipt.

    `held`: sessions that wait for the release of legal holds. `failed`: the reason why the last
    run failed; the next run retries.
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
    """Newest first."""

    erasures: list[Erasure]
