"""Partition of a session's rows: an hour while its day is hot, a month and bucket once it is cold.

These are the values of the column `part`. An hour's rows are few, so that a compaction rewrites
little; a cold part holds a month of some of the websites, so that a list reads few files.
"""

import re
import zlib
from datetime import UTC, date, datetime

from lake import ids

BUCKETS = 64
_HOT = re.compile(r"(\d{4}-\d\d-\d\d)T\d\d")


def hot_part(session_id: str) -> str:
    """Part of a session on a day that still changes: the UTC hour of its start."""
    started_at = datetime.fromtimestamp(ids.at_ms_of(session_id) / 1000, UTC)
    return f"{started_at:%Y-%m-%dT%H}"


def cold_part(day: date, website_id: str) -> str:
    """Part of a session of `website_id` that began on a finished day."""
    return f"{day:%Y-%m}.{_bucket(website_id)}"


def may_hold(part: str, website_id: str) -> bool:
    """Whether a part may contain sessions of `website_id`: any hour, and its bucket's months."""
    return hot_day(part) is not None or part.endswith(f".{_bucket(website_id)}")


def hot_day(part: str) -> date | None:
    """Return the day of a hot part, None for a cold one."""
    match = _HOT.fullmatch(part)
    return date.fromisoformat(match[1]) if match else None


def _bucket(website_id: str) -> str:
    return f"{zlib.crc32(website_id.encode()) % BUCKETS:02d}"
