"""API keys of a website, or of all: `viewer` may read, `admin` may also change and erase.

A key is shown once, as `rl_<key id>_<secret>`. The lake stores only the secret's hash, one JSON
object for each key. Services read keys through `lake.control.cache`. Recorders have no keys: ingest
checks their origin and the session's secret.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import msgspec

from lake.control import audit_entries, websites
from lake.control.tokens import Tokens, is_id
from lake.control.website_index import WebsiteIndex
from lake.errors import Missing, ObjectMissing, SettingInvalid
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.storage.json_documents import JsonDocuments
from lake.timestamps import iso

Role = Literal["viewer", "admin"]
ALL_WEBSITES = "*"  # in a website id's place: the key is for every website there is or will be
USED_EVERY_MS = 3_600_000  # `last_used_at` is precise to this
_TOKENS = Tokens("rl_")


class ApiKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Record of a key, from which the key cannot be made.

    `website_id` is `ALL_WEBSITES` for a key of all websites. `last_used_at` is to the hour.
    """

    key_id: str
    website_id: str
    role: Role
    secret_sha256: str
    created_at: str
    revoked_at: str | None = None
    last_used_at: str | None = None

    @property
    def is_for_all(self) -> bool:
        """Whether it is for every website."""
        return self.website_id == ALL_WEBSITES


_DOCUMENTS = JsonDocuments(ApiKey, "API key", lambda record: [keys.api_key_key(record.key_id)])


_INDEX = WebsiteIndex(
    keys.KEY_INDEX,
    _DOCUMENTS,
    keys.KEYS,
    lambda record: keys.key_index_key(record.website_id, record.key_id),
)
_TOO_MANY = "keys: revoke some, and wait for 30 days, or raise REPLAY_WEBSITE_KEYS_MAX"
_REVOKED_KEEP_MS = 30 * 86_400_000  # from then on only the audit log has a revoked key


def create(
    store: Store,
    *,
    website_id: str,
    role: str,
    now_ms: int,
    by: str | None = None,
    keys_max: int = Settings().website_keys_max,
) -> str:
    """Create a key of a website, or of `ALL_WEBSITES`, and return it, the only time it is shown.

    Args:
        by: The actor for the audit log; None writes no entry.
        keys_max: Limit of keys of a website, including those revoked in the last 30 days.

    Raises:
        WebsiteMissing: There is no such website.
        LimitReached: It has too many keys.
        SettingInvalid: The role is neither viewer nor admin.
    """
    if role not in ("viewer", "admin"):
        raise SettingInvalid(f"role is {role!r}: give viewer or admin")
    if website_id != ALL_WEBSITES:
        websites.get(store, website_id)
    _INDEX.check(store, website_id, limit=keys_max, what=_TOO_MANY)
    while True:
        token, key_id, secret_sha256 = _TOKENS.draw()
        record = ApiKey(
            key_id=key_id,
            website_id=website_id,
            role="admin" if role == "admin" else "viewer",
            secret_sha256=secret_sha256,
            created_at=iso(now_ms),
        )
        if by is not None:
            audit_entries.record(
                store, website_id, by, "key-made", key_id, {"role": role}, now_ms=now_ms
            )
        _INDEX.add(store, record, website_id, limit=keys_max, what=_TOO_MANY)
        if _DOCUMENTS.create(store, keys.api_key_key(key_id), record):
            return token


def get(store: Store, key_id: str) -> ApiKey:
    """Read a key's record.

    Raises:
        Missing: There is none, or the id is malformed.
    """
    with _missing():
        return _DOCUMENTS.read(store, _key(key_id))


def list_all(store: Store) -> list[ApiKey]:
    """Read every key's record, oldest first, revoked ones too."""
    records = _DOCUMENTS.all(store, keys.KEYS)
    return sorted(records, key=lambda key: (key.created_at, key.key_id))


def of_website(store: Store, website_id: str) -> list[ApiKey]:
    """Read the keys of a website, or of `ALL_WEBSITES`, oldest first, revoked ones too."""
    records = _INDEX.read(store, keys.key_index_prefix(website_id))
    return sorted(records, key=lambda key: (key.created_at, key.key_id))


def delete_old_revoked(store: Store, *, now_ms: int) -> int:
    """Delete the records of keys that were revoked 30 days ago; return their number.

    Writes entries of the index that are missing.
    """
    long_ago = iso(now_ms - _REVOKED_KEEP_MS)
    revoked = [
        key
        for key in _INDEX.complete(store, now_ms=now_ms)
        if key.revoked_at is not None and key.revoked_at < long_ago
    ]
    store.delete(keys.api_key_key(key.key_id) for key in revoked)
    _INDEX.remove(store, revoked)
    return len(revoked)


def revoke(store: Store, key_id: str, *, now_ms: int, by: str | None = None) -> ApiKey:
    """End a key for ever. Revoking it again changes nothing.

    Args:
        by: The actor for the audit log; None writes no entry.

    Raises:
        Missing: There is no such key.
    """

    def revoked(record: ApiKey) -> ApiKey:
        if record.revoked_at is not None:
            return record
        return msgspec.structs.replace(record, revoked_at=iso(now_ms))

    def tell(record: ApiKey) -> None:
        if by is not None:
            audit_entries.record(store, record.website_id, by, "key-revoked", key_id, now_ms=now_ms)

    with _missing():
        return _DOCUMENTS.change(store, _key(key_id), revoked, first=tell)


def record_use(store: Store, key_id: str, *, now_ms: int) -> None:
    """Record that a key was used, at most once in `USED_EVERY_MS`; a revoked key is not changed.

    Raises:
        Missing: There is no such key.
    """

    def used(record: ApiKey) -> ApiKey:
        newest = iso(now_ms - USED_EVERY_MS)
        if record.revoked_at is not None or (record.last_used_at or "") > newest:
            return record
        return msgspec.structs.replace(record, last_used_at=iso(now_ms))

    with _missing():
        _DOCUMENTS.change(store, _key(key_id), used)


def key_id_of(token: str) -> str | None:
    """Return the id in a key, or None if the text is malformed."""
    return _TOKENS.id_of(token)


def verify(record: ApiKey | None, token: str) -> bool:
    """Whether `token` is this key and not revoked; the time taken does not depend on the reason."""
    recorded = (record.key_id, record.secret_sha256) if record else (None, None)
    return _TOKENS.is_of(token, *recorded) and record is not None and record.revoked_at is None


def _key(key_id: str) -> str:
    if not is_id(key_id):
        raise Missing("no key has this id")
    return keys.api_key_key(key_id)


@contextmanager
def _missing() -> Iterator[None]:
    try:
        yield
    except ObjectMissing as error:
        raise Missing("no key has this id") from error
