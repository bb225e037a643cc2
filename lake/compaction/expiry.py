"""Sessions of one day that are past their website's retention and under no legal hold.

Compaction drops their chunks. Rows and files that exist already are `lake.retention`'s.
"""

from collections.abc import Iterable
from datetime import date

from lake.control import legal_holds, websites
from lake.control.legal_holds import Holds
from lake.errors import Damaged, WebsiteMissing
from lake.settings import Settings
from lake.storage.base import Store
from lake.tables.session_rows import SessionKey


class DayExpiry:
    """Retention of one day, read once for each website.

    `failed` maps websites whose documents are damaged to the reason. Nothing of them expires.

    Args:
        now_ms: The server's clock, ms since the Unix epoch.
    """

    def __init__(self, store: Store, settings: Settings, day: date, *, now_ms: int) -> None:
        self._store = store
        self._settings = settings
        self._day = day
        self._now_ms = now_ms
        self._holds: dict[str, Holds | None] = {}  # None: the website still retains the day
        self.failed: dict[str, str] = {}

    def expired_among(self, sessions: Iterable[SessionKey]) -> set[SessionKey]:
        """Return those of these sessions of the day that are expired.

        Raises:
            StoreUnavailable.
        """
        wanted = list(sessions)
        for website_id in {website_id for website_id, _ in wanted} - self._holds.keys():
            self._holds[website_id] = self._holds_if_expired(website_id)
        return {
            (website_id, session_id)
            for website_id, session_id in wanted
            if (holds := self._holds[website_id]) is not None and not holds.holds(session_id)
        }

    def _holds_if_expired(self, website_id: str) -> Holds | None:
        """Return the website's legal holds if it no longer retains the day, else None."""
        try:
            website = websites.get(self._store, website_id)
            first_day = websites.first_retained_day(website, self._settings, now_ms=self._now_ms)
            if self._day < first_day:
                return legal_holds.read(self._store, website_id)
        except WebsiteMissing:
            pass
        except Damaged as error:
            self.failed[website_id] = str(error)
        return None
