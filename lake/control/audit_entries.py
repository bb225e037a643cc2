"""The audit log: who did what to a website, and who watched which session. Written, never changed.

Entries are written as small objects, each durable when `write` returns; `lake.tables.audit_log`
moves them into the table `audit`, and reads both as one. No entry holds a secret, an address or a
visitor's id. Whoever changes something writes its entry first: nothing changes that the log does
not tell, and a change that fails just then is told all the same.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import msgspec

from lake import ids
from lake.errors import BadInput, Damaged
from lake.storage import keys
from lake.storage.base import Store
from lake.timestamps import iso, utc_day

ALL_WEBSITES = "*"  # the website of what concerns all of them


class AuditLogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done.

    `actor` is a key's id, `share` and a link's id, `cli`, `maintenance`, or a name that somebody
    gave on the command line.
    """

    entry_id: str
    at: str
    website_id: str
    actor: str
    action: str
    target: str | None = None
    details: dict[str, Any] = {}


_DECODER = msgspec.json.Decoder(AuditLogEntry)


def entry(
    website_id: str,
    actor: str,
    action: str,
    target: str | None = None,
    details: Mapping[str, Any] | None = None,
    *,
    now_ms: int,
) -> AuditLogEntry:
    """Make an entry of what was done at `now_ms`. `details` are plain JSON values."""
    return AuditLogEntry(
        entry_id=ids.new_uuid7(now_ms),
        at=iso(now_ms),
        website_id=website_id,
        actor=actor,
        action=action,
        target=target,
        details=dict(details or {}),
    )


def record(
    store: Store,
    website_id: str,
    actor: str,
    action: str,
    target: str | None = None,
    details: Mapping[str, Any] | None = None,
    *,
    now_ms: int,
) -> None:
    """Write one entry of what is about to be done.

    Raises:
        StoreUnavailable: It must not be done.
    """
    write(store, [entry(website_id, actor, action, target, details, now_ms=now_ms)])


def write(store: Store, entries: Iterable[AuditLogEntry]) -> None:
    """Write entries, in one object a website and day. They are durable when it returns.

    Raises:
        StoreUnavailable.
    """
    groups: dict[tuple[str, date], list[AuditLogEntry]] = {}
    for one in entries:
        day = utc_day(ids.at_ms_of(one.entry_id))
        groups.setdefault((one.website_id, day), []).append(one)
    for place, mine in groups.items():
        body = b"".join(msgspec.json.encode(one) + b"\n" for one in mine)
        store.put_new(keys.audit_key(*place, mine[-1].entry_id), body, token=secrets.token_hex(16))


def read(store: Store, key: str) -> list[AuditLogEntry]:
    """Read the entries of one object.

    Raises:
        ObjectMissing, Damaged, StoreUnavailable.
    """
    body = store.get(key)
    try:
        entries = _DECODER.decode_lines(body)
        times = [iso(ids.at_ms_of(ids.check_uuid7(one.entry_id, "entry"))) for one in entries]
    except (BadInput, ValueError, OverflowError, OSError, RecursionError) as error:
        raise Damaged(f"{key} holds no audit entries: {error}") from error
    if times != [one.at for one in entries]:
        raise Damaged(f"{key} holds audit entries whose times are not those of their ids")
    return entries
