"""Receipts of erasures: the document of a request that waits, and of one that is done. Reads only.

A document that cannot be read is shown as failed: its website's list must say that it is there.
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
    """A session that waits for the release of a legal hold: on it, or on its whole `website`."""

    session_id: str
    hold: Literal["session", "website"]
    reason: str
    placed_at: str
    placed_by: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure. `done_at` is null until no byte is left.

    Counts are of what was removed, by all runs that it took; of a run that was killed they may
    miss some. Of erasures that one run carried out together, the first has them all.
    `chunk_count` are chunks outside session files: they waited, were put aside, or came later and
    were dropped by compaction.

    `unreadable_count` are objects of those days that nobody could read any more; they went too.
    `waits_for` is what the last run had to leave, and why; `held` are the sessions that it left
    because of a legal hold. `failed` is why the last run could not carry it out.
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
    row_count: int = 0
    file_count: int = 0
    file_bytes: int = 0
    chunk_count: int = 0
    table_file_count: int = 0
    unreadable_count: int = 0

    @property
    def possible(self) -> set[str]:
        """The sessions that can be in a lake. Older versions accepted ids that have no day."""
        return set(filter(ids.is_uuid7, self.sessions))

    @property
    def defect(self) -> str | None:
        """Why it can never be done as it stands, None for a sound one."""
        wrong = sorted(set(self.sessions) - self.possible)
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
    lambda one: [
        keys.erasure_key(one.website_id, one.erasure_id),
        keys.receipt_key(one.website_id, one.erasure_id),
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
    """Return a stand-in, `failed`, for each request that waits and cannot be read.

    Raises:
        StoreUnavailable.
    """
    listed = [item.key for item in store.list(keys.ERASURES)]
    found = DOCUMENTS.read_each(store, listed)
    return [
        _stand_in(*keys.parse_erasure_key(key), one)
        for key, one in found.items()
        if isinstance(one, Damaged)
    ]


def read_receipt(store: Store, website_id: str, erasure_id: str) -> Receipt:
    """Return an erasure of a website; a stand-in, `failed`, for one that cannot be read.

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
    done, waits = keys.receipt_key(website_id, erasure_id), keys.erasure_key(website_id, erasure_id)
    for key in (done, waits, done):
        found = DOCUMENTS.read_each(store, [key]).get(key)
        if found is not None:
            return _as_shown(website_id, erasure_id, found)
    raise missing


def list_receipts(store: Store, website_id: str, *, limit: int = 100) -> list[Receipt]:
    """Return a website's erasures, newest first.

    Raises:
        StoreUnavailable.
    """
    prefixes = keys.erasures_prefix(website_id), keys.receipts_prefix(website_id)
    # Their ids begin with their time. A receipt counts more than the request that it came from.
    places = {
        keys.document_name(prefix, item.key): item.key
        for prefix in prefixes
        for item in store.list(prefix)
    }
    newest = sorted(filter(ID_PATTERN.fullmatch, places), reverse=True)[:limit]
    found = DOCUMENTS.read_each(store, [places[one] for one in newest])
    shown = []
    for one in newest:
        with suppress(ErasureMissing):  # gone, by its cancellation
            document = found.get(places[one])
            if document is None:  # done since the listing
                shown.append(read_receipt(store, website_id, one))
            else:
                shown.append(_as_shown(website_id, one, document))
    return shown


def _as_shown(website_id: str, erasure_id: str, found: Receipt | Damaged) -> Receipt:
    """Return what a reader is shown: one with a defect has failed, whether it ran or not."""
    if isinstance(found, Damaged):
        return _stand_in(website_id, erasure_id, found)
    if found.done_at or found.failed or not found.defect:
        return found
    return msgspec.structs.replace(found, failed=found.defect)


def _stand_in(website_id: str, erasure_id: str, error: Damaged) -> Receipt:
    at_ms = ids.at_ms_of(erasure_id) if ids.is_uuid7(erasure_id) else 0
    return Receipt(
        erasure_id=erasure_id,
        website_id=website_id,
        requested_at=iso(at_ms),
        requested_by="",
        due_at=iso(at_ms + DEADLINE_MS),
        failed=f"{error}: `replaylake erase --cancel {erasure_id} --website {website_id}`",
    )
