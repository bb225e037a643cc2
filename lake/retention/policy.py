"""Expired sessions of a day: past their website's retention, minus legal holds.

Reads only; `lake.retention.removal` removes them. What cannot be read does not expire: a website
with a damaged document retains all its days, and a damaged list of holds holds the whole website.
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
    """The expired sessions of one day.

    `websites` are those that no longer retain the day, each with its held sessions. `held` are
    websites that no longer retain it and are held as a whole. `is_over`: no website retains or
    holds anything of the day.
    """

    day: date
    websites: Mapping[str, frozenset[str]]
    held: frozenset[str]
    is_over: bool

    def is_expired(self, website_id: str, session_id: str) -> bool:
        """Whether a session that began on the day must be removed."""
        mine = self.websites.get(website_id)
        return mine is not None and session_id not in mine

    def is_held(self, website_id: str, session_id: str) -> bool:
        """Whether a session would be removed, were it not for a hold."""
        return website_id in self.held or session_id in self.websites.get(website_id, ())

    def with_newer_holds(self, newer: Mapping[str, legal.Holds]) -> "OverdueDay":
        """Return a copy with newer holds of some websites."""
        websites, held = dict(self.websites), set(self.held)
        for website_id, of_website in newer.items():
            if website_id not in websites and website_id not in held:
                continue
            websites.pop(website_id, None)
            held.discard(website_id)
            if of_website.website is not None:
                held.add(website_id)
            else:
                websites[website_id] = _of_day(of_website, self.day)
        is_over = self.is_over and not (held or any(websites.values()))
        return replace(self, websites=websites, held=frozenset(held), is_over=is_over)

    def rows(self) -> pl.Expr:
        """Return the filter of the expired rows, in any table by session."""
        mine = pl.col("website_id").is_in(list(self.websites))
        return mine & on_day(self.day) & ~_held_rows(self.websites)


@dataclass(kw_only=True)
class RetentionPolicy:
    """Retention of all websites at a moment: first retained days, and legal holds.

    `failed` maps documents that could not be read to the reason.
    """

    first_days: dict[str, date] = field(default_factory=dict)
    holds: dict[str, legal.Holds] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def first_day(self) -> date:
        """The first day that all websites retain."""
        return max(self.first_days.values(), default=date.min)

    def of_day(self, day: date) -> OverdueDay:
        """Return the expired sessions of a day."""
        overdue = [website_id for website_id, first in self.first_days.items() if day < first]
        held = frozenset(item for item in overdue if self._held(item).website is not None)
        sessions = {item: _of_day(self._held(item), day) for item in overdue if item not in held}
        return OverdueDay(
            day=day,
            websites=sessions,
            held=held,
            is_over=len(overdue) == len(self.first_days)
            and not (held or any(sessions.values()) or self.failed),
        )

    def rows(self) -> pl.Expr:
        """Return the filter of the expired rows of any day, in any table by session."""
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
    """Read the retention and the holds of all websites.

    Raises:
        StoreUnavailable.
    """
    policy = RetentionPolicy()
    for item in store.list(keys.WEBSITES):
        website_id = keys.document_name(keys.WEBSITES, item.key)
        try:
            website = websites.get(store, website_id)
        except Missing:
            continue  # deleted since the listing, or no website's name
        except Damaged as error:
            policy.failed[website_id] = str(error)
            policy.first_days[website_id] = date.min
        else:
            first = websites.first_retained_day(website, settings, now_ms=now_ms)
            policy.first_days[website_id] = first
    policy.holds = read_holds(store, policy.failed)
    return policy


def read_holds(store: Store, failed: dict[str, str]) -> dict[str, legal.Holds]:
    """Read all holds; a damaged list, which `failed` gets, holds its whole website.

    Raises:
        StoreUnavailable.
    """
    holds: dict[str, legal.Holds] = {}
    for website_id, of_website in legal.read_all(store).items():
        if isinstance(of_website, Damaged):
            failed[website_id] = str(of_website)
            holds[website_id] = legal.assume_all_held(website_id, of_website)
        else:
            holds[website_id] = of_website
    return holds


def expired_share(
    store: Store, overdue: OverdueDay, item: ObjectInfo
) -> Literal["all", "some"] | Damaged | None:
    """Return how much of an object in quarantine is expired; None: nothing.

    An object that cannot be read is returned as its error, and expires once the day is over.
    """
    if file := keys.parse_quarantined_file_key(item.key):
        return "all" if overdue.is_expired(file.website_id, file.session_id) else None
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
    expired = [
        overdue.is_expired(received_chunk.website_id, received_chunk.session_id)
        for received_chunk in received_chunks
    ]
    if all(expired):
        return "all"
    return "some" if any(expired) else None


def websites_of_day(store: Store, day: date) -> Iterator[str]:
    """Yield the websites that have session files of `day`, with one request for each."""
    prefix, after = keys.session_prefix(day), ""
    while (item := next(store.list(prefix, start_after=after), None)) is not None:
        website_id = keys.folder_under(prefix, item.key)
        after = keys.after_folder(prefix, website_id)
        yield website_id


def _of_day(holds: legal.Holds, day: date) -> frozenset[str]:
    """Return the held sessions that began on `day`."""
    return frozenset(s for s in holds.sessions if ids.is_uuid7(s) and ids.day_of(s) == day)


def _held_rows(websites: Mapping[str, frozenset[str]]) -> pl.Expr:
    """Return the filter of the rows of held sessions; two websites may have the same id."""
    held = [
        (pl.col("website_id") == website_id) & pl.col("session_id").is_in(sorted(sessions))
        for website_id, sessions in websites.items()
        if sessions
    ]
    return pl.any_horizontal(pl.lit(False), *held)
