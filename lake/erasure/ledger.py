"""Documents of erasures: pending requests and receipts. Reads only.

A document that cannot be read is returned as a failed erasure, so that its website's list shows it.
"""

import re
from contextlib import suppress
from typing import Literal

import msgspec

from lake import ids
from lake.errors import BadInput, Damaged, Missing
from lake.storage import keys
from lake.storage.base import Store
from lake.storage.json_documents import JsonDocuments
from lake.timestamps import iso

DEADLINE_MS = 24 * 3600 * 1000


class HeldSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that a legal hold keeps: on itself, or on its whole `website`."""

    session_id: str
    hold: Literal["session", "website"]
    reason: str
    placed_at: str
    placed_by: str


class RemovalCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of what an erasure removed, in one run or in all of its runs.

    `chunk_count` counts chunks outside session files: pending, quarantined, or dropped by a
    compaction. `table_file_count` counts former files of tables. `unreadable_count` counts objects
    that nobody could read any more and that were deleted too.
    """

    row_count: int = 0
    file_count: int = 0
    file_bytes: int = 0
    chunk_count: int = 0
    table_file_count: int = 0
    unreadable_count: int = 0

    def plus(self, other: "RemovalCounts") -> "RemovalCounts":
        """Return the sums of both."""
        names = RemovalCounts.__struct_fields__
        sums = {name: getattr(self, name) + getattr(other, name) for name in names}
        return RemovalCounts(**sums)


class Receipt(RemovalCounts, frozen=True, kw_only=True):
    """One erasure. `done_at` is null until no byte is left.

    Counts cover all runs that it took; those of a run that was killed may be missing. Of erasures
    that one run executed together, the first has the counts of all. `waits_for` is what the last
    run had to leave, with the reason. `held` are sessions that it left because of a legal hold.
    `failed` is the reason why the last run could not execute it.
    """

    erasure_id: str
    website_id: str
    requested_at: str
    requested_by: str
    due_at: str
    sessions: tuple[str, ...] = ()
    people: dict[str, int] = {}
    done_at: str | None = None
    waits_for: str | None = None
    held: tuple[HeldSession, ...] = ()
    failed: str | None = None
    started_at: str | None = None
    session_count: int = 0

    @property
    def valid_sessions(self) -> set[str]:
        """The sessions that can be in a lake; older versions accepted ids that have no day."""
        return set(filter(ids.is_uuid7, self.sessions))

    @property
    def defect(self) -> str | None:
        """The reason why it can never be executed as it stands, None for a valid one."""
        wrong = sorted(set(self.sessions) - self.valid_sessions)
        if not wrong:
            return None
        return (
            f"{len(wrong)} of its ids name no session that can exist, such as {wrong[0][:64]!r}: "
            f"`replaylake erase --cancel {self.erasure_id} --website {self.website_id}` replaces "
            "it by one of the others"
        )


class ErasureMissing(Missing):
    """No erasure has this id."""

    kind = "erasure-missing"


DOCUMENTS = JsonDocuments(
    Receipt,
    "erasure",
    lambda record: [
        keys.erasure_key(record.website_id, record.erasure_id),
        keys.receipt_key(record.website_id, record.erasure_id),
    ],
)
ID_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,64}")


def pending_erasures(store: Store, website_id: str | None = None) -> list[Receipt]:
    """Return the erasures that wait to be carried out, a website's oldest first.

    Requests that cannot be read are left out: see `unreadable_erasures`.

    Args:
        website_id: Whose; None for everybody's.

    Raises:
        StoreUnavailable.
    """
    prefix = keys.ERASURES if website_id is None else keys.erasures_prefix(website_id)
    return DOCUMENTS.all(store, prefix)


def unreadable_erasures(store: Store) -> list[Receipt]:
    """Return a failed placeholder for each pending request that cannot be read.

    Raises:
        StoreUnavailable.
    """
    listed = [item.key for item in store.list(keys.ERASURES)]
    each = DOCUMENTS.read_each(store, listed)
    return [
        _placeholder(*keys.parse_erasure_key(key), entry)
        for key, entry in each.items()
        if isinstance(entry, Damaged)
    ]


def read_receipt(store: Store, website_id: str, erasure_id: str) -> Receipt:
    """Return an erasure of a website; a failed placeholder for one that cannot be read.

    Raises:
        ErasureMissing: The website has none with this id.
        StoreUnavailable.
    """
    missing = ErasureMissing("no such erasure")
    try:
        ids.check_uuid7(erasure_id, "erasure")
    except BadInput as error:
        raise missing from error
    # It moves from one place to the other, and stands in both for a moment.
    done = keys.receipt_key(website_id, erasure_id)
    pending = keys.erasure_key(website_id, erasure_id)
    for key in (done, pending, done):
        document = DOCUMENTS.read_each(store, [key]).get(key)
        if document is not None:
            return _as_shown(website_id, erasure_id, document)
    raise missing


def list_receipts(store: Store, website_id: str, *, limit: int = 100) -> list[Receipt]:
    """Return a website's erasures, newest first.

    Raises:
        StoreUnavailable.
    """
    prefixes = keys.erasures_prefix(website_id), keys.receipts_prefix(website_id)
    # Their ids begin with their time. A receipt counts more than the request that it came from.
    keys_by_id = {
        keys.document_name(prefix, item.key): item.key
        for prefix in prefixes
        for item in store.list(prefix)
    }
    newest = sorted(filter(ID_PATTERN.fullmatch, keys_by_id), reverse=True)[:limit]
    documents = DOCUMENTS.read_each(store, [keys_by_id[erasure_id] for erasure_id in newest])
    shown = []
    for erasure_id in newest:
        with suppress(ErasureMissing):  # cancelled since the listing
            document = documents.get(keys_by_id[erasure_id])
            if document is None:  # done since the listing
                shown.append(read_receipt(store, website_id, erasure_id))
            else:
                shown.append(_as_shown(website_id, erasure_id, document))
    return shown


def _as_shown(website_id: str, erasure_id: str, document: Receipt | Damaged) -> Receipt:
    """Return the receipt for readers: one with a defect has failed, whether it ran or not."""
    if isinstance(document, Damaged):
        return _placeholder(website_id, erasure_id, document)
    if document.done_at or document.failed or not document.defect:
        return document
    return msgspec.structs.replace(document, failed=document.defect)


def _placeholder(website_id: str, erasure_id: str, error: Damaged) -> Receipt:
    at_ms = ids.at_ms_of(erasure_id) if ids.is_uuid7(erasure_id) else 0
    return Receipt(
        erasure_id=erasure_id,
        website_id=website_id,
        requested_at=iso(at_ms),
        requested_by="",
        due_at=iso(at_ms + DEADLINE_MS),
        failed=f"{error}: `replaylake erase --cancel {erasure_id} --website {website_id}`",
    )
