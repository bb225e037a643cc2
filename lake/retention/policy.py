"""What of a day is overdue: whose sessions its websites no longer keep, and which are held.

Reads only; what is overdue is removed by `lake.retention.removal`.

What cannot be read is taken for kept: a damaged website keeps all of its days, and where a list of
holds is damaged all of that website is held.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Literal

import polars as pl

from lake import ids
from lake.control import legal_holds as legal
from lake.control import websites
from lake.errors import Damaged, FormatUnknown, Missing, ObjectMissing
from lake.raw import segment_index
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import ObjectInfo, Store
from lake.tables.session_rows import on_day


@dataclass(frozen=True, kw_only=True)
class OverdueDay:
    """Of one day.

    `websites` no longer keep it, each with those of its sessions that are held; `held` neither,
    but are held as a whole. `is_over`: nobody keeps anything of the day.
    """

    day: date
    websites: Mapping[str, frozenset[str]]
    held: frozenset[str]
    is_over: bool

    def goes(self, website_id: str, session_id: str) -> bool:
        """Whether a session that began on the day is to be removed."""
        mine = self.websites.get(website_id)
        return mine is not None and session_id not in mine

    def is_held(self, website_id: str, session_id: str) -> bool:
        """Whether a session would go, but for a hold."""
        return website_id in self.held or session_id in self.websites.get(website_id, ())

    def with_newer_holds(self, found: Mapping[str, legal.Holds]) -> "OverdueDay":
        """Return the same with the holds of some websites as they are now."""
        websites, held = dict(self.websites), set(self.held)
        for website_id, mine in found.items():
            if website_id not in websites and website_id not in held:
                continue
            websites.pop(website_id, None)
            held.discard(website_id)
            if mine.website is not None:
                held.add(website_id)
            else:
                websites[website_id] = _of_day(mine, self.day)
        is_over = self.is_over and not (held or any(websites.values()))
        return replace(self, websites=websites, held=frozenset(held), is_over=is_over)

    def rows(self) -> pl.Expr:
        """Return the condition of the rows that go, in any table of sessions."""
        mine = pl.col("website_id").is_in(list(self.websites))
        return mine & on_day(self.day) & ~_held_rows(self.websites)


@dataclass(kw_only=True)
class RetentionPolicy:
    """Who keeps what, as of a moment: each website's first day kept, and its holds.

    `failed` names what could not be read, and why.
    """

    first_days: dict[str, date] = field(default_factory=dict)
    holds: dict[str, legal.Holds] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def first_day(self) -> date:
        """The first day that everybody keeps."""
        return max(self.first_days.values(), default=date.min)

    def of_day(self, day: date) -> OverdueDay:
        """Return what is overdue of a day."""
        late = [website_id for website_id, first in self.first_days.items() if day < first]
        held = frozenset(one for one in late if self._held(one).website is not None)
        sessions = {one: _of_day(self._held(one), day) for one in late if one not in held}
        return OverdueDay(
            day=day,
            websites=sessions,
            held=held,
            is_over=len(late) == len(self.first_days)
            and not (held or any(sessions.values()) or self.failed),
        )

    def rows(self) -> pl.Expr:
        """Return the condition of the rows that go, of whatever day, in any table of sessions."""
        by_day: dict[date, list[str]] = {}
        sessions: dict[str, frozenset[str]] = {}
        for website_id, first in self.first_days.items():
            if self._held(website_id).website is None and first > date.min:
                by_day.setdefault(first, []).append(website_id)
                sessions[website_id] = frozenset(self._held(website_id).sessions)
        late = [
            pl.col("website_id").is_in(mine)
            & (pl.col("started_at") < datetime.combine(first, time.min, UTC))
            for first, mine in by_day.items()
        ]
        return pl.any_horizontal(pl.lit(False), *late) & ~_held_rows(sessions)

    def _held(self, website_id: str) -> legal.Holds:
        return self.holds.get(website_id) or legal.Holds(website_id=website_id)


def read_policy(store: Store, settings: Settings, *, now_ms: int) -> RetentionPolicy:
    """Read who keeps what now.

    Raises:
        StoreUnavailable.
    """
    found = RetentionPolicy()
    for item in store.list(keys.WEBSITES):
        website_id = keys.document_name(keys.WEBSITES, item.key)
        try:
            website = websites.get(store, website_id)
        except Missing:
            continue  # deleted since the listing, or no website's name
        except Damaged as error:
            found.failed[website_id] = str(error)
            found.first_days[website_id] = date.min
        else:
            first = websites.first_retained_day(website, settings, now_ms=now_ms)
            found.first_days[website_id] = first
    found.holds = read_holds(store, found.failed)
    return found


def read_holds(store: Store, failed: dict[str, str]) -> dict[str, legal.Holds]:
    """Read all holds; of a damaged list, which `failed` gets, all of its website is held.

    Raises:
        StoreUnavailable.
    """
    found: dict[str, legal.Holds] = {}
    for website_id, one in legal.read_all(store).items():
        if isinstance(one, Damaged):
            failed[website_id] = str(one)
            found[website_id] = legal.assume_all_held(website_id, one)
        else:
            found[website_id] = one
    return found


def expired_share(
    store: Store, overdue: OverdueDay, item: ObjectInfo
) -> Literal["all", "some"] | Damaged | None:
    """Say how much of an object in quarantine goes; None: nothing.

    What cannot be read, which is returned as its error, goes once nobody keeps the day.
    """
    if file := keys.parse_quarantined_file_key(item.key):
        return "all" if overdue.goes(file.website_id, file.session_id) else None
    if not keys.parse_segment_key(item.key):
        return None
    try:
        received_chunks = segment_index.read_index(store, item.key, item.size_bytes)
    except ObjectMissing:
        return None
    except FormatUnknown as error:
        return error
    except Damaged as error:
        return "all" if overdue.is_over else error
    going = [
        overdue.goes(received_chunk.website_id, received_chunk.session_id)
        for received_chunk in received_chunks
    ]
    if all(going):
        return "all"
    return "some" if any(going) else None


def websites_of_day(store: Store, day: date) -> Iterator[str]:
    """Yield the websites that have session files of `day`. One request each, however many."""
    prefix, after = keys.session_prefix(day), ""
    while (item := next(store.list(prefix, start_after=after), None)) is not None:
        website_id = keys.folder_under(prefix, item.key)
        after = keys.after_folder(prefix, website_id)
        yield website_id


def _of_day(holds: legal.Holds, day: date) -> frozenset[str]:
    """Return the held sessions that began on `day`."""
    return frozenset(s for s in holds.sessions if ids.is_uuid7(s) and ids.day_of(s) == day)


def _held_rows(websites: Mapping[str, frozenset[str]]) -> pl.Expr:
    """Return the condition of the rows of held sessions. An id alone is no key."""
    held = [
        (pl.col("website_id") == website_id) & pl.col("session_id").is_in(sorted(sessions))
        for website_id, sessions in websites.items()
        if sessions
    ]
    return pl.any_horizontal(pl.lit(False), *held)
