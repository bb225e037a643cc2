"""Data that should be deleted by now: erased, or expired for longer than retention needs.

Sessions of a pending erasure that is not late are no finding: it will remove them.
"""

from collections.abc import Collection, Iterator
from datetime import date, timedelta

from lake import ids
from lake.control import legal_holds, tombstones, websites
from lake.control.tombstones import Tombstones
from lake.erasure import ledger
from lake.errors import Damaged, Missing
from lake.operations.check.finding import CheckFinding
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.timestamps import iso

_SWEPT_AGE = timedelta(days=2)  # retention runs every night

_SWEPT_FROM = date.min + _SWEPT_AGE


class DeletedData:
    """Erased and expired sessions. The documents of each website are read once.

    Args:
        now_ms: The server's clock, ms since the Unix epoch.
    """

    def __init__(self, store: Store, settings: Settings, *, now_ms: int) -> None:
        self._store = store
        self._settings = settings
        self._now_ms = now_ms
        self._erased: dict[str, Tombstones] = {}
        self._holds: dict[str, legal_holds.Holds] = {}
        self._first_days: dict[str, date] = {}
        self._waiting: dict[str, list[ledger.Receipt]] = {}
        for pending_erasure in ledger.pending_erasures(
            store
        ):  # `control` names those that cannot be read
            self._waiting.setdefault(pending_erasure.website_id, []).append(pending_erasure)

    def late(self) -> Iterator[CheckFinding]:
        """Yield the erasures that can never be executed, and those past their deadline.

        One that waits for the release of a legal hold is not late.
        """
        for waiting in self._waiting.values():
            for item in waiting:
                if item.defect:
                    key = keys.erasure_key(item.website_id, item.erasure_id)
                    yield CheckFinding("erasure-impossible", key, item.defect)
                elif item.due_at < iso(self._now_ms) and not self._waits_for_hold(item):
                    detail = (
                        f"was due at {item.due_at}: {item.waits_for or 'run `replaylake erase`'}"
                    )
                    key = keys.erasure_key(item.website_id, item.erasure_id)
                    yield CheckFinding("erasure-late", key, detail)

    def is_gone(
        self,
        website_id: str,
        session_id: str,
        *,
        visitors: Collection[str] = (),
        users: Collection[str] = (),
    ) -> bool:
        """Whether a session is erased or expired: it is neither served nor rebuilt."""
        if self._of(website_id).is_erased(session_id, visitors=visitors, users=users):
            return True
        is_expired = ids.day_of(session_id) < self._first_day(website_id)
        return is_expired and not self._is_held(website_id, session_id)

    def reason_deleted(
        self,
        website_id: str,
        session_id: str,
        *,
        visitors: Collection[str] = (),
        users: Collection[str] = (),
    ) -> tuple[str, str] | None:
        """Return the finding's kind and reason if a session should be deleted by now, else None."""
        is_erased = self._of(website_id).is_erased(session_id, visitors=visitors, users=users)
        if is_erased and not self._is_asked(website_id, session_id, visitors, users):
            return "erased-still-there", "it was erased"
        day, first_day = ids.day_of(session_id), self._first_day(website_id)
        if (
            first_day > _SWEPT_FROM
            and day < first_day - _SWEPT_AGE
            and not self._is_held(website_id, session_id)
        ):
            return "expired-still-there", f"kept from {first_day} on: run `replaylake retention`"
        return None

    def _waits_for_hold(self, erasure: ledger.Receipt) -> bool:
        return any(self._is_held(erasure.website_id, held.session_id) for held in erasure.held)

    def _of(self, website_id: str) -> Tombstones:
        if website_id not in self._erased:
            try:
                self._erased[website_id] = tombstones.read(self._store, website_id)
            except Damaged:
                self._erased[website_id] = Tombstones(website_id=website_id)
        return self._erased[website_id]

    def _is_asked(
        self,
        website_id: str,
        session_id: str,
        visitors: Collection[str],
        users: Collection[str],
    ) -> bool:
        return any(
            Tombstones(
                website_id=website_id, waiting=frozenset(item.sessions), people=item.people
            ).is_erased(session_id, visitors=visitors, users=users)
            for item in self._waiting.get(website_id, ())
        )

    def _first_day(self, website_id: str) -> date:
        if website_id not in self._first_days:
            try:
                website = websites.get(self._store, website_id)
                first_day = websites.first_retained_day(
                    website, self._settings, now_ms=self._now_ms
                )
            except (Damaged, Missing):
                first_day = date.min
            self._first_days[website_id] = first_day
        return self._first_days[website_id]

    def _is_held(self, website_id: str, session_id: str) -> bool:
        if website_id not in self._holds:
            self._holds[website_id] = legal_holds.read_or_hold_all(self._store, website_id)
        return self._holds[website_id].holds(session_id)
