"""Queries of the list, in the proportions of a dashboard's use; the same for all engines."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from benchmarks.listing.generated import NOW, WEBSITES, shares
from lake.reading.session_filters import SessionQuery


class Question(NamedTuple):
    """One request. `pages` is how far one turns them; the answer is the last one's."""

    kind: str
    website: int
    query: SessionQuery
    pages: int


def questions(count: int, *, seed: int) -> Iterator[Question]:
    """Make questions; half of them of big websites, half of any."""
    chance = random.Random(seed)
    kinds = [kind for kind, weight in _KINDS.items() for _ in range(weight)]
    for _ in range(count):
        is_sized = chance.random() < 0.5
        website = (
            chance.choices(range(WEBSITES), list(shares()))[0]
            if is_sized
            else chance.randrange(WEBSITES)
        )
        kind = chance.choice(kinds)
        yield Question(kind, website, _query(kind, chance), 3 if kind == "third page" else 1)


_KINDS = {
    "recent": 6,
    "third page": 2,
    "device": 2,
    "country": 2,
    "errors": 2,
    "duration": 2,
    "url": 2,
    "days": 1,
    "several": 1,
    "by duration": 1,
    "by errors": 1,
    "by frustration": 1,
}


def _query(kind: str, chance: random.Random) -> SessionQuery:
    country = chance.choice(("DE", "US", "FR", "GB", "SE"))
    since = NOW - timedelta(days=chance.randint(3, 50))
    match kind:
        case "device":
            return SessionQuery(device=(chance.choice(("desktop", "mobile", "tablet")),))
        case "country":
            return SessionQuery(country=(country,))
        case "errors":
            return SessionQuery(has_errors=True)
        case "duration":
            return SessionQuery(min_duration_ms=chance.randrange(10_000, 600_000))
        case "url":
            return SessionQuery(url=f"/page-{chance.randrange(200)}")
        case "days":
            return SessionQuery(from_at=since, to_at=since + timedelta(days=chance.randint(1, 7)))
        case "several":
            return SessionQuery(country=(country,), has_errors=True, min_pages=2, from_at=since)
        case "by duration" | "by errors" | "by frustration":
            return SessionQuery(sort=kind.removeprefix("by "))
        case _:
            return SessionQuery()
