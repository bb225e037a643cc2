"""Where every object lives. The only module that builds or parses an object key.

    raw/date=2026-11-23/<segment>.parquet                        chunks of one group commit
    sessions/date=2026-11-23/<website>/<session>.<n>.ndjson.zst  one compacted session
    quarantine/date=2026-11-23/<segment>.parquet                 chunks that were put aside, and why
    tables/<name>/                                               Delta tables
    control/websites/<website>.json  control/keys/<key>.json  control/salts/<date>.json
    control/preflight/<run>/                                     scratch, gone when the run is over

Strings only: no I/O (see `lake.store`) and no clock (callers pass the date).
"""

import re
from datetime import date
from typing import NamedTuple

RAW = "raw/"
SESSIONS = "sessions/"
QUARANTINE = "quarantine/"
WEBSITES = "control/websites/"
KEYS = "control/keys/"
SALTS = "control/salts/"
PREFLIGHT = "control/preflight/"

_SEGMENT = re.compile(r"(?:raw|quarantine)/date=(\d{4}-\d\d-\d\d)/([^/]+)\.parquet")
_SESSION_FILE = re.compile(
    r"sessions/date=(\d{4}-\d\d-\d\d)/([^/]+)/([0-9a-f-]{36})\.([0-9a-f]+)\.ndjson\.zst"
)


class SessionFileKey(NamedTuple):
    """The parts of a session file's key. `generation` is named by the file's own bytes."""

    day: date
    website_id: str
    session_id: str
    generation: str


def raw_prefix(day: date) -> str:
    """Folder of the segments of sessions that began on `day` (UTC)."""
    return f"raw/date={day:%Y-%m-%d}/"


def segment_key(day: date, segment_id: str) -> str:
    """Key of one segment. Segment ids begin with their time, so key order is time order."""
    return f"{raw_prefix(day)}{segment_id}.parquet"


def quarantine_prefix(day: date) -> str:
    """Folder of what was put aside of sessions that began on `day` (UTC)."""
    return f"{QUARANTINE}date={day:%Y-%m-%d}/"


def quarantine_key(day: date, segment_id: str) -> str:
    """Key of chunks put aside."""
    return f"{quarantine_prefix(day)}{segment_id}.parquet"


def parse_segment_key(key: str) -> tuple[date, str] | None:
    """Return (day, segment id), or None for a key that is no segment's."""
    match = _SEGMENT.fullmatch(key)
    if match is None:
        return None
    try:
        return date.fromisoformat(match[1]), match[2]
    except ValueError:
        return None


def session_prefix(day: date, website_id: str = "") -> str:
    """Folder of the session files of `day`, of one website if given."""
    folder = f"sessions/date={day:%Y-%m-%d}/"
    return f"{folder}{website_id}/" if website_id else folder


def session_file_key(day: date, website_id: str, session_id: str, generation: str) -> str:
    """Key of one generation of a session's file."""
    return f"{session_prefix(day, website_id)}{session_id}.{generation}.ndjson.zst"


def parse_session_file_key(key: str) -> SessionFileKey | None:
    """Return the key's parts, or None for a key that is no session file's."""
    match = _SESSION_FILE.fullmatch(key)
    if match is None:
        return None
    try:
        return SessionFileKey(date.fromisoformat(match[1]), match[2], match[3], match[4])
    except ValueError:
        return None


def website_key(website_id: str) -> str:
    """Key of a website's settings."""
    return f"{WEBSITES}{website_id}.json"


def api_key_key(key_id: str) -> str:
    """Key of an API key's record (its hash, never the key itself)."""
    return f"{KEYS}{key_id}.json"


def salt_key(day: date) -> str:
    """Key of the visitor salt of `day`."""
    return f"{SALTS}{day:%Y-%m-%d}.json"


def preflight_prefix(run_id: str) -> str:
    """Folder in which one preflight tries the store."""
    return f"{PREFLIGHT}{run_id}/"
