"""Visitor ids: equal for one visitor of one website on one UTC day, and anonymous.

An id is an HMAC of website, address and user agent under that day's salt. Neither address nor user
agent is stored, and the salt is deleted after 48 hours. Then no id can be recomputed.
"""

import hashlib
import hmac
import logging
import secrets
import threading
from datetime import UTC, date, datetime, timedelta

import msgspec

from lake.storage import keys
from lake.storage.base import Store
from lake.timestamps import utc_day

_KEEP_FOR = timedelta(hours=48)
_log = logging.getLogger(__name__)
_CACHED_DAYS_MAX = 3  # days; at midnight two are in use


class _Salt(msgspec.Struct):
    salt: str


class Salts:
    """Salts of days, created by the first process that needs one. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._salts: dict[date, bytes] = {}
        self._guard = threading.Lock()

    def is_ready(self, *, now_ms: int) -> bool:
        """Whether `visitor_id` returns without reading the store."""
        return utc_day(now_ms) in self._salts

    def visitor_id(self, website_id: str, ip: str, user_agent: str, *, now_ms: int) -> str:
        """Return 32 hex digits. The first call of a day reads or makes the salt.

        Raises:
            StoreUnavailable.
        """
        salt = self._salts.get(utc_day(now_ms)) or self._fetch(utc_day(now_ms))
        message = "\0".join((website_id, ip, user_agent)).encode("utf-8", "surrogatepass")
        return hmac.new(salt, message, hashlib.sha256).hexdigest()[:32]

    def _fetch(self, day: date) -> bytes:
        key = keys.salt_key(day)
        new = msgspec.json.encode(_Salt(secrets.token_hex(32)))
        body = new
        if not self._store.put_new(key, new, token=secrets.token_hex(16)):
            body, version = self._store.get_versioned(key)
            while _salt_in(body) is None:
                # With a new salt today's visitors get new ids; with none, nobody is recorded.
                _log.error("%s is no salt, and is replaced", key)
                if self._store.swap(key, new, version=version):
                    body = new
                else:
                    body, version = self._store.get_versioned(key)
        salt = _salt_in(body)
        assert salt is not None
        with self._guard:
            self._salts[day] = salt
            for old in sorted(self._salts)[:-_CACHED_DAYS_MAX]:
                del self._salts[old]
        return salt


def _salt_in(body: bytes) -> bytes | None:
    """Return the salt of a document, None if it has none."""
    try:
        return bytes.fromhex(msgspec.json.decode(body, type=_Salt).salt) or None
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def destroy_old(store: Store, *, now_ms: int) -> int:
    """Delete the salts of days that began 48 hours ago or earlier; return their number."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    old = []
    for item in store.list(keys.SALTS):
        day = keys.parse_salt_key(item.key)
        if day is None:
            continue  # not ours
        began = datetime.combine(day, datetime.min.time(), UTC)
        if began + _KEEP_FOR <= now:
            old.append(item.key)
    store.delete(old)
    return len(old)
