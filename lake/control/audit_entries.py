"""Audit log entries: who changed a website, and who watched which session. Never changed.

Entries are written as small objects, each durable when `write` returns; `lake.tables.audit_log`
moves them into the table `audit`, and reads both as one. No entry contains a secret, an address or
a visitor's id. The entry is written before the change, so that no change is missing in the log; a
change that then fails has an entry too.
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

ALL_WEBSITES = "*"  # the website of entries that concern all of them


class AuditLogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One action.

    `actor` is a key's id, `share` and a link's id, `cli`, `maintenance`, or a name from the command
    line.
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
    """Return an entry of an action at `now_ms`. `details` are plain JSON values."""
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
    """Write the entry of an action that is about to be taken.

    Raises:
        StoreUnavailable: The action must not be taken.
    """
    write(store, [entry(website_id, actor, action, target, details, now_ms=now_ms)])


def write(store: Store, entries: Iterable[AuditLogEntry]) -> None:
    """Write entries, one object for each website and day. They are durable when it returns.

    Raises:
        StoreUnavailable.
    """
    groups: dict[tuple[str, date], list[AuditLogEntry]] = {}
    for new_entry in entries:
        day = utc_day(ids.at_ms_of(new_entry.entry_id))
        groups.setdefault((new_entry.website_id, day), []).append(new_entry)
    for place, group in groups.items():
        body = b"".join(msgspec.json.encode(new_entry) + b"\n" for new_entry in group)
        store.put_new(keys.audit_key(*place, group[-1].entry_id), body, token=secrets.token_hex(16))


def read(store: Store, key: str) -> list[AuditLogEntry]:
    """Read the entries of one object.

    Raises:
        ObjectMissing, Damaged, StoreUnavailable.
    """
    body = store.get(key)
    try:
        entries = _DECODER.decode_lines(body)
        times = [
            iso(ids.at_ms_of(ids.check_uuid7(audit_entry.entry_id, "entry")))
            for audit_entry in entries
        ]
    except (BadInput, ValueError, OverflowError, OSError, RecursionError) as error:
        raise Damaged(f"{key} holds no audit entries: {error}") from error
    if times != [audit_entry.at for audit_entry in entries]:
        raise Damaged(f"{key} holds audit entries whose times are not those of their ids")
    return entries
