"""Share links: access to one session without a key, until the link expires or is revoked.

A link's token is shown once, as `rs_<share id>_<secret>`. The lake stores only the secret's hash,
one JSON object for each link. Each use checks whether the session still exists
(`lake.reading.session_lookup`): a link outlives neither erasure nor retention.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from lake.control import audit_entries
from lake.control.tokens import Tokens, is_id
from lake.control.website_index import WebsiteIndex
from lake.errors import BadInput, Missing, ObjectMissing
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.storage.json_documents import JsonDocuments
from lake.timestamps import iso

EXPIRES_IN_S = 7 * 86_400.0  # default
_TOKENS = Tokens("rs_")


class Share(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Record of a link, from which the link cannot be made."""

    share_id: str
    website_id: str
    session_id: str
    secret_sha256: str
    created_at: str
    created_by: str
    expires_at: str
    revoked_at: str | None = None

    def has_ended(self, now_ms: int) -> bool:
        """Whether it expired or was revoked."""
        return self.revoked_at is not None or iso(now_ms) >= self.expires_at


class ShareInvalid(BadInput):
    """A link's lifetime is not positive, or above the limit."""

    kind = "share-invalid"


class ShareMissing(Missing):
    """No link has this id."""

    kind = "share-missing"


_DOCUMENTS = JsonDocuments(Share, "share link", lambda record: [keys.share_key(record.share_id)])

_INDEX = WebsiteIndex(
    keys.SHARE_INDEX,
    _DOCUMENTS,
    keys.SHARES,
    lambda record: keys.share_index_key(record.website_id, record.session_id, record.share_id),
)
_TOO_MANY = "links: wait until some have ended, or raise REPLAY_WEBSITE_SHARES_MAX"


def create(
    store: Store,
    settings: Settings,
    website_id: str,
    session_id: str,
    *,
    by: str,
    expires_in_s: float = EXPIRES_IN_S,
    now_ms: int,
) -> tuple[Share, str]:
    """Create a link to a session that exists. Returns the record, and the token for the only time.

    Args:
        by: The actor for the audit log: a key's id, or `cli`.

    Raises:
        ShareInvalid: It would not last, or last longer than `share_days_max`.
        LimitReached: The website has too many links.
    """
    most_s = settings.share_days_max * 86_400
    if not 0 < expires_in_s <= most_s:
        raise ShareInvalid(
            f"a link for {expires_in_s:g} s: give more than 0 and at most {most_s} "
            f"({settings.share_days_max} days, REPLAY_SHARE_DAYS_MAX)"
        )
    shares_max = settings.website_shares_max
    _INDEX.check(store, website_id, limit=shares_max, what=_TOO_MANY)
    while True:
        token, share_id, secret_sha256 = _TOKENS.draw()
        share = Share(
            share_id=share_id,
            website_id=website_id,
            session_id=session_id,
            secret_sha256=secret_sha256,
            created_at=iso(now_ms),
            created_by=by,
            expires_at=iso(now_ms + int(expires_in_s * 1000)),
        )
        _record(store, share, "share-made", by, now_ms)
        _INDEX.add(store, share, website_id, limit=shares_max, what=_TOO_MANY)
        if _DOCUMENTS.create(store, _key(share_id), share):
            return share, token


def get(store: Store, share_id: str) -> Share:
    """Read a link's record.

    Raises:
        ShareMissing: There is none, or the id is malformed.
    """
    with _missing():
        return _DOCUMENTS.read(store, _key(share_id))


def of_website(store: Store, website_id: str, session_id: str | None = None) -> list[Share]:
    """Read the links of a website, or of one of its sessions, oldest first, ended ones too."""
    shares = _INDEX.read(store, keys.share_index_prefix(website_id, session_id))
    return sorted(shares, key=lambda share: (share.created_at, share.share_id))


def revoke(store: Store, share_id: str, *, now_ms: int, by: str) -> Share:
    """End a link for ever. Revoking it again changes nothing.

    Args:
        by: The actor for the audit log.

    Raises:
        ShareMissing: There is no such link.
    """

    def revoked(share: Share) -> Share:
        if share.revoked_at is not None:
            return share
        return msgspec.structs.replace(share, revoked_at=iso(now_ms))

    with _missing():
        return _DOCUMENTS.change(
            store,
            _key(share_id),
            revoked,
            first=lambda share: _record(store, share, "share-revoked", by, now_ms),
        )


def delete_ended(store: Store, settings: Settings, *, now_ms: int) -> int:
    """Delete the records of links that ended one maximum lifetime ago; return their number.

    Until then a user of the link is told that it has ended, later that it does not exist. Also
    writes index entries that are missing.
    """
    long_ago = iso(now_ms - settings.share_days_max * 86_400_000)
    documents = _INDEX.complete(store, now_ms=now_ms)
    ended = [share for share in documents if share.expires_at < long_ago]
    store.delete(_key(share.share_id) for share in ended)
    _INDEX.remove(store, ended)
    return len(ended)


def share_id_of(token: str) -> str | None:
    """Return the id in a token, or None if the text is malformed."""
    return _TOKENS.id_of(token)


def verify(share: Share | None, token: str) -> bool:
    """Whether `token` is this link's, ended or not; the time does not depend on the reason."""
    recorded = (share.share_id, share.secret_sha256) if share else (None, None)
    return _TOKENS.is_of(token, *recorded)


def _record(store: Store, share: Share, action: str, by: str, now_ms: int) -> None:
    details = {"session": share.session_id, "expires_at": share.expires_at}
    audit_entries.record(
        store, share.website_id, by, action, share.share_id, details, now_ms=now_ms
    )


def _key(share_id: str) -> str:
    if not is_id(share_id):
        raise ShareMissing("no share link has this id")
    return keys.share_key(share_id)


@contextmanager
def _missing() -> Iterator[None]:
    try:
        yield
    except ObjectMissing as error:
        raise ShareMissing("no share link has this id") from error
