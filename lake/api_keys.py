"""API keys: who may read (`viewer`) or change and erase (`admin`) one website's sessions.

A key is shown once, as `rl_<key id>_<secret>`; the lake keeps only the secret's hash, one JSON
object per key. Services do not read keys from here for every request: see `lake.control`.
Pages have no keys: what lets a recorder in is its origin and its session's secret.
"""

import hashlib
import hmac
import re
import secrets
import string
from typing import Literal

import msgspec

from lake import keys, websites
from lake.errors import Damaged, Missing, ObjectMissing, SettingInvalid
from lake.store import Store
from lake.times import iso

Role = Literal["viewer", "admin"]
PREFIX = "rl_"
_KEY_ID_LETTERS = string.ascii_lowercase + string.digits
_KEY_ID = re.compile(r"[a-z0-9]{12}")
_TOKEN = re.compile(r"rl_([a-z0-9]{12})_([0-9a-f]{48})")
_NOBODY = "0" * 64


class ApiKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One key as the lake keeps it; nobody can make the key from this."""

    key_id: str
    website_id: str
    role: Role
    secret_sha256: str
    created_at: str
    revoked_at: str | None = None


def create(store: Store, *, website_id: str, role: str, now_ms: int) -> str:
    """Make a key of a website and return it, for the only time.

    Raises:
        WebsiteMissing: There is no such website.
        SettingInvalid: The role is neither viewer nor admin.
    """
    if role not in ("viewer", "admin"):
        raise SettingInvalid(f"role is {role!r}: give viewer or admin")
    websites.get(store, website_id)
    while True:
        key_id = "".join(secrets.choice(_KEY_ID_LETTERS) for _ in range(12))
        secret = secrets.token_hex(24)
        record = ApiKey(
            key_id=key_id,
            website_id=website_id,
            role="admin" if role == "admin" else "viewer",
            secret_sha256=_hash(secret),
            created_at=iso(now_ms),
        )
        key = keys.api_key_key(key_id)
        if store.put_new(key, msgspec.json.encode(record), token=secrets.token_hex(16)):
            return f"{PREFIX}{key_id}_{secret}"


def get(store: Store, key_id: str) -> ApiKey:
    """Read a key's record.

    Raises:
        Missing: There is none, or the id has not the form of one.
    """
    return _read(store, key_id)[0]


def list_all(store: Store) -> list[ApiKey]:
    """Read every key's record, oldest first, revoked ones too."""
    found = []
    for item in store.list(keys.KEYS):
        try:
            found.append(_decode(store.get(item.key), item.key))
        except ObjectMissing:
            continue  # deleted since the listing
    return sorted(found, key=lambda key: (key.created_at, key.key_id))


def revoke(store: Store, key_id: str, *, now_ms: int) -> ApiKey:
    """End a key for ever. Revoking it again changes nothing.

    Raises:
        Missing: There is no such key.
    """
    while True:
        record, version = _read(store, key_id)
        if record.revoked_at is not None:
            return record
        revoked = msgspec.structs.replace(record, revoked_at=iso(now_ms))
        if store.swap(keys.api_key_key(key_id), msgspec.json.encode(revoked), version=version):
            return revoked


def key_id_of(token: str) -> str | None:
    """Return the id in a key, or None for a text that has not the form of a key."""
    match = _TOKEN.fullmatch(token)
    return match[1] if match else None


def verify(record: ApiKey | None, token: str) -> bool:
    """Tell whether `token` is this key and not revoked, in a time that does not tell why not."""
    match = _TOKEN.fullmatch(token)
    found = _hash(match[2] if match else "")
    is_equal = hmac.compare_digest(found, record.secret_sha256 if record else _NOBODY)
    return (
        is_equal
        and match is not None
        and record is not None
        and record.key_id == match[1]
        and record.revoked_at is None
    )


def _hash(secret: str) -> str:
    # A plain hash is enough: the secret is 192 random bits, which nobody can guess.
    return hashlib.sha256(secret.encode()).hexdigest()


def _read(store: Store, key_id: str) -> tuple[ApiKey, str]:
    if not _KEY_ID.fullmatch(key_id):
        raise Missing("no key has this id")
    key = keys.api_key_key(key_id)
    try:
        body, version = store.get_versioned(key)
    except ObjectMissing as error:
        raise Missing("no key has this id") from error
    return _decode(body, key), version


def _decode(body: bytes, key: str) -> ApiKey:
    try:
        return msgspec.json.decode(body, type=ApiKey)
    except msgspec.DecodeError as error:
        raise Damaged(f"{key} is no API key: {error}") from error
