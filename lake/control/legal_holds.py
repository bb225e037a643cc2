"""Legal holds: sessions that retention and erasure must not remove, and why.

One document for each website. A held session past its retention is stored but not served; after the
release, the next retention removes it. A held session with an erasure request is hidden, and its
erasure continues after the release. A hold that is placed while a retention or an erasure runs
keeps what that run has not removed yet.
"""

from collections.abc import Callable

import msgspec

from lake import ids
from lake.control import audit_entries, tombstones, websites
from lake.errors import Damaged, SessionErased, SettingInvalid
from lake.storage import keys
from lake.storage.base import Store
from lake.storage.json_documents import JsonDocuments
from lake.timestamps import iso


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A hold: the reason, the time, and who placed it."""

    reason: str
    placed_at: str
    placed_by: str


class Holds(msgspec.Struct, frozen=True, kw_only=True):
    """The holds of one website: on all of it, and on sessions by their ids."""

    website_id: str
    website: Hold | None = None
    sessions: dict[str, Hold] = {}

    def holds(self, session_id: str) -> bool:
        """Whether a session must stay."""
        return self.website is not None or session_id in self.sessions


_DOCUMENTS = JsonDocuments(
    Holds, "list of holds", lambda record: [keys.hold_key(record.website_id)]
)


def read(store: Store, website_id: str) -> Holds:
    """Return a website's holds.

    Raises:
        Damaged, StoreUnavailable.
    """
    return _DOCUMENTS.read(store, keys.hold_key(website_id), default=Holds(website_id=website_id))


def assume_all_held(website_id: str, error: Damaged) -> Holds:
    """Return the substitute for a list that cannot be read: a hold on the whole website."""
    hold = Hold(reason=str(error), placed_at="", placed_by="")
    return Holds(website_id=website_id, website=hold)


def read_or_hold_all(store: Store, website_id: str) -> Holds:
    """Return a website's holds; if the list is damaged, all of the website is held.

    Raises:
        StoreUnavailable.
    """
    try:
        return read(store, website_id)
    except Damaged as error:
        return assume_all_held(website_id, error)


def read_all(store: Store) -> dict[str, Holds | Damaged]:
    """Return the holds of every website that ever had one; for a damaged list, the error.

    Raises:
        StoreUnavailable.
    """
    documents = _DOCUMENTS.read_each(store, (item.key for item in store.list(keys.HOLDS)))
    return {keys.document_name(keys.HOLDS, key): holds for key, holds in documents.items()}


def place(
    store: Store, website_id: str, session_id: str | None, *, reason: str, by: str, now_ms: int
) -> Holds:
    """Hold a session, or with None the whole website.

    Args:
        by: The actor, also for the audit log.

    Raises:
        WebsiteMissing: There is no such website.
        IdMalformed: The session's id is malformed.
        SettingInvalid: There is no reason.
        SessionErased: Nothing of the session is left that could be held.
        Damaged, StoreUnavailable.
    """
    if not reason.strip():
        raise SettingInvalid("a hold needs a reason, such as the number of the case")
    hold = Hold(reason=reason, placed_at=iso(now_ms), placed_by=by)
    if session_id is not None:
        ids.check_uuid7(session_id, "session")
        if session_id in tombstones.read(store, website_id).sessions:
            raise SessionErased("the session was erased: nothing of it is left to hold")

    def with_hold(before: Holds) -> Holds:
        if session_id is None:
            return msgspec.structs.replace(before, website=hold)
        return msgspec.structs.replace(before, sessions=before.sessions | {session_id: hold})

    def tell(_: Holds) -> None:
        audit_entries.record(
            store, website_id, by, "hold-placed", session_id, {"reason": reason}, now_ms=now_ms
        )

    return _change(store, website_id, with_hold, tell)


def release(
    store: Store, website_id: str, session_id: str | None, *, by: str, now_ms: int
) -> Holds:
    """End a hold; ending one that is not there changes nothing.

    Args:
        by: The actor for the audit log.

    Raises:
        WebsiteMissing, Damaged, StoreUnavailable.
    """

    def released(before: Holds) -> Holds:
        if session_id is None:
            return msgspec.structs.replace(before, website=None)
        left = {entry: hold for entry, hold in before.sessions.items() if entry != session_id}
        return msgspec.structs.replace(before, sessions=left)

    def tell(_: Holds) -> None:
        audit_entries.record(store, website_id, by, "hold-released", session_id, now_ms=now_ms)

    return _change(store, website_id, released, tell)


def _change(
    store: Store,
    website_id: str,
    changed: Callable[[Holds], Holds],
    tell: Callable[[Holds], None],
) -> Holds:
    def other(before: Holds) -> Holds:
        after = changed(before)
        return before if after == before else after

    websites.get(store, website_id)
    default = Holds(website_id=website_id)
    return _DOCUMENTS.change(store, keys.hold_key(website_id), other, default=default, first=tell)
