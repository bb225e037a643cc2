"""Where every object lives. The only module that builds or parses an object key.

    raw/date=2026-11-23/<segment>.parquet                        chunks of one group commit
    sessions/date=2026-11-23/<website>/<session>.<n>.ndjson.zst  one compacted session
    quarantine/date=2026-11-23/<segment>.parquet                 chunks that were put aside, and why
    quarantine/<the rest of its key>                             any object put aside as it lay
    tables/<name>/                                               Delta tables
    control/websites/<website>.json  control/keys/<key>.json  control/salts/<date>.json
    control/erased/<website>.json                                what must never come back
    control/erasures/<website>/<erasure>.json                    asked for
    control/receipts/<website>/<erasure>.json                    and done
    control/holds/<website>.json                                 what must not be removed
    control/shares/<share>.json                                  links to single sessions
    control/key_index/<website>/<key>.json                       which keys a website has
    control/share_index/<website>/<session>/<share>.json         and which links
    control/source_maps/<website>/<file>.map.zst                 of its generated files
    audit/website=<website>/date=2026-11-23/<entry>.ndjson       not yet in the table `audit`
    control/lake.json                                            ingest was here: it is a lake
    control/preflight/<run>/                                     scratch, gone when the run is over

Strings only: no I/O (see `lake.storage.base`) and no clock (callers pass the date).
"""

import re
from datetime import date
from typing import NamedTuple

from lake.ids import is_uuid7

RAW = "raw/"
SESSIONS = "sessions/"
QUARANTINE = "quarantine/"
WEBSITES = "control/websites/"
KEYS = "control/keys/"
KEY_INDEX = "control/key_index/"
SALTS = "control/salts/"
TOMBSTONES = "control/erased/"
ERASURES = "control/erasures/"
RECEIPTS = "control/receipts/"
HOLDS = "control/holds/"
SHARES = "control/shares/"
SHARE_INDEX = "control/share_index/"
SOURCE_MAPS = "control/source_maps/"
AUDIT = "audit/"
AUDIT_WITHOUT_WEBSITE = "audit/date="  # of all websites, as older versions wrote them
PREFLIGHT = "control/preflight/"
LAKE_MARKER = "control/lake.json"

# Older versions wrote entries of all websites into a folder a day.
_AUDIT = re.compile(r"audit/(?:website=[^/]+/)?date=(\d{4}-\d\d-\d\d)/[0-9a-f-]{36}\.ndjson")
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


def quarantined_segment_key(day: date, segment_id: str) -> str:
    """Key of chunks put aside."""
    return f"{quarantine_prefix(day)}{segment_id}.parquet"


def parse_segment_key(key: str) -> tuple[date, str] | None:
    """Return (day, segment id), or None for a key that is no segment's."""
    match = _SEGMENT.fullmatch(key)
    day = _day_of(match)
    return (day, match[2]) if match and day else None


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
    day = _day_of(match)
    if match is None or day is None or not is_uuid7(match[3]):
        return None
    return SessionFileKey(day, match[2], match[3], match[4])


def quarantined_object_key(key: str) -> str:
    """Key under which an object of `raw/` or `sessions/` is put aside, its bytes as they lie."""
    return f"{QUARANTINE}{key.partition('/')[2]}"


def quarantine_reason_key(key: str) -> str:
    """Key of the text that says why the object put aside under `key` is there."""
    return f"{key}.reason.txt"


def is_quarantine_reason(key: str) -> bool:
    """Whether a key is of the text that says why another object is in quarantine."""
    return key.endswith(".reason.txt")


def parse_quarantined_file_key(key: str) -> SessionFileKey | None:
    """Return the parts of a session file's key that was put aside, or None."""
    if not key.startswith(QUARANTINE):
        return None
    return parse_session_file_key(f"{SESSIONS}{key.removeprefix(QUARANTINE)}")


def website_key(website_id: str) -> str:
    """Key of a website's settings."""
    return f"{WEBSITES}{website_id}.json"


def api_key_key(key_id: str) -> str:
    """Key of an API key's record (its hash, never the key itself)."""
    return f"{KEYS}{key_id}.json"


def key_index_prefix(website_id: str) -> str:
    """Folder of the entries of a website's API keys."""
    return f"{KEY_INDEX}{website_id}/"


def key_index_key(website_id: str, key_id: str) -> str:
    """Key of the entry of an API key among its website's."""
    return f"{key_index_prefix(website_id)}{key_id}.json"


def salt_key(day: date) -> str:
    """Key of the visitor salt of `day`."""
    return f"{SALTS}{day:%Y-%m-%d}.json"


def tombstones_key(website_id: str) -> str:
    """Key of what was erased of a website."""
    return f"{TOMBSTONES}{website_id}.json"


def parse_tombstones_key(key: str) -> str:
    """Return the website whose erased sessions lie under `key`."""
    return key.removeprefix(TOMBSTONES).removesuffix(".json")


def erasures_prefix(website_id: str) -> str:
    """Folder of a website's erasures that wait to be carried out, in key order by their time."""
    return f"{ERASURES}{website_id}/"


def erasure_key(website_id: str, erasure_id: str) -> str:
    """Key of an erasure that waits to be carried out."""
    return f"{erasures_prefix(website_id)}{erasure_id}.json"


def parse_erasure_key(key: str) -> tuple[str, str]:
    """Return the website and the erasure whose request lies under `key`."""
    website_id, _, name = key.removeprefix(ERASURES).partition("/")
    return website_id, name.removesuffix(".json")


def receipts_prefix(website_id: str) -> str:
    """Folder of the receipts of a website's erasures, in key order by the time of asking."""
    return f"{RECEIPTS}{website_id}/"


def receipt_key(website_id: str, erasure_id: str) -> str:
    """Key of the receipt of an erasure that was carried out."""
    return f"{receipts_prefix(website_id)}{erasure_id}.json"


def hold_key(website_id: str) -> str:
    """Key of the legal holds of a website."""
    return f"{HOLDS}{website_id}.json"


def share_key(share_id: str) -> str:
    """Key of a share link's record (its hash, never the link itself)."""
    return f"{SHARES}{share_id}.json"


def share_index_prefix(website_id: str, session_id: str | None = None) -> str:
    """Folder of the entries of a website's share links, or of one session's."""
    folder = f"{SHARE_INDEX}{website_id}/"
    return folder if session_id is None else f"{folder}{session_id}/"


def share_index_key(website_id: str, session_id: str, share_id: str) -> str:
    """Key of the entry of a share link among its session's."""
    return f"{share_index_prefix(website_id, session_id)}{share_id}.json"


def source_maps_prefix(website_id: str) -> str:
    """Folder of a website's source maps."""
    return f"{SOURCE_MAPS}{website_id}/"


def source_map_key(website_id: str, file_name: str) -> str:
    """Key of the source map of a generated file; `file_name` is made from its address."""
    return f"{source_maps_prefix(website_id)}{file_name}.map.zst"


def audit_prefix(website_id: str) -> str:
    """Folder of a website's audit entries that are not in the table yet."""
    return f"{AUDIT}website={website_id}/"


def audit_key(website_id: str, day: date, entry_id: str) -> str:
    """Key of a website's audit entries of `day` that are not in the table yet."""
    return f"{audit_prefix(website_id)}date={day:%Y-%m-%d}/{entry_id}.ndjson"


def parse_audit_key(key: str) -> date | None:
    """Return the day of audit entries, or None for a key that is none of theirs."""
    return _day_of(_AUDIT.fullmatch(key))


def preflight_prefix(run_id: str) -> str:
    """Folder in which one preflight tries the store."""
    return f"{PREFLIGHT}{run_id}/"


def _day_of(match: re.Match[str] | None) -> date | None:
    """Return the day in a key that has its form, None for one that no calendar has."""
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None
