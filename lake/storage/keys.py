"""Keys of every object. The only module that builds or parses them.

    raw/date=2026-11-23/<segment>.parquet                        chunks of one group commit
    sessions/date=2026-11-23/<website>/<session>.<n>.ndjson.zst  one compacted session
    quarantine/date=2026-11-23/<segment>.parquet                 chunks in quarantine, and why
    quarantine/<the rest of its key>                             any other object in quarantine
    tables/<name>/                                               Delta tables
    control/websites/<website>.json  control/keys/<key>.json  control/salts/<date>.json
    control/erased/<website>.json                                tombstones of a website
    control/erasures/<website>/<erasure>.json                    requests that wait
    control/receipts/<website>/<erasure>.json                    requests that were executed
    control/holds/<website>.json                                 legal holds
    control/shares/<share>.json                                  links to single sessions
    control/key_index/<website>/<key>.json                       the API keys of a website
    control/share_index/<website>/<session>/<share>.json         the share links of a session
    control/source_maps/<website>/<file>.map.zst                 source maps of its scripts
    audit/website=<website>/date=2026-11-23/<entry>.ndjson       not yet in the table `audit`
    control/lake.json                                            marks the folder or bucket a lake
    control/preflight/<run>/                                     scratch of one preflight

Strings only: no I/O (see `lake.storage.base`) and no clock (callers pass the date). A folder is a
key's beginning up to and with a '/'.
"""

import re
from datetime import date
from typing import NamedTuple

from lake.ids import is_uuid7

CONTROL = "control/"
TABLES = "tables/"
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
AUDIT_WITHOUT_WEBSITE = "audit/date="  # entries of all websites, by older versions
PREFLIGHT = "control/preflight/"
LAKE_MARKER = "control/lake.json"

# Older versions wrote the entries of all websites into one folder a day.
_AUDIT = re.compile(r"audit/(?:website=[^/]+/)?date=(\d{4}-\d\d-\d\d)/[0-9a-f-]{36}\.ndjson")
_SEGMENT = re.compile(r"(?:raw|quarantine)/date=(\d{4}-\d\d-\d\d)/([^/]+)\.parquet")
_SESSION_FILE = re.compile(
    r"sessions/date=(\d{4}-\d\d-\d\d)/([^/]+)/([0-9a-f-]{36})\.([0-9a-f]+)\.ndjson\.zst"
)
_SALT = re.compile(r"control/salts/(\d{4}-\d\d-\d\d)\.json")
_DOCUMENT_NAME = re.compile(r"(?:[A-Za-z0-9_-]+/)?[A-Za-z0-9_-]+\.json")
_INDEX_NAME = re.compile(r"(?:[A-Za-z0-9_-]+|\*)/(?:[0-9a-f-]{36}/)?[a-z0-9]{12}\.json")
_SOURCE_MAP_NAME = re.compile(r"[A-Za-z0-9_-]+/[0-9a-f]{32}\.map\.zst")
_LAST = "\U0010ffff"  # sorts after every name


class SessionFileKey(NamedTuple):
    """Parts of a session file's key. `generation` is the beginning of the hash of its bytes."""

    day: date
    website_id: str
    session_id: str
    generation: str


def folder_under(prefix: str, key: str) -> str:
    """Return the name of the folder directly under `prefix` in which an object is."""
    return key.removeprefix(prefix).partition("/")[0]


def after_folder(prefix: str, folder: str) -> str:
    """Return where to continue a listing of `prefix` to skip the rest of one folder in it."""
    return f"{prefix}{folder}/{_LAST}"


def subfolder(prefix: str, *folders: str) -> str:
    """Return the folder under `prefix` with these names."""
    return prefix + "".join(f"{folder}/" for folder in folders)


def raw_prefix(day: date) -> str:
    """Folder of the segments of sessions that began on `day` (UTC)."""
    return f"raw/date={day:%Y-%m-%d}/"


def segment_key(day: date, segment_id: str) -> str:
    """Key of one segment. Segment ids begin with their time, so key order is time order."""
    return f"{raw_prefix(day)}{segment_id}.parquet"


def quarantine_prefix(day: date) -> str:
    """Folder of what is in quarantine of sessions that began on `day` (UTC)."""
    return f"{QUARANTINE}date={day:%Y-%m-%d}/"


def quarantined_segment_key(day: date, segment_id: str) -> str:
    """Key of a segment of chunks in quarantine."""
    return f"{quarantine_prefix(day)}{segment_id}.parquet"


def parse_segment_key(key: str) -> tuple[date, str] | None:
    """Return (day, segment id), None for other keys."""
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


def session_generations_prefix(folder: str, session_id: str) -> str:
    """Beginning of the keys of all generations of a session's file in a folder of session files."""
    return f"{folder}{session_id}."


def session_under(folder: str, key: str) -> str:
    """Return the session whose file is at `key`, in a folder of session files."""
    return key.removeprefix(folder).partition(".")[0]


def parse_session_file_key(key: str) -> SessionFileKey | None:
    """Return the key's parts, None for other keys."""
    match = _SESSION_FILE.fullmatch(key)
    day = _day_of(match)
    if match is None or day is None or not is_uuid7(match[3]):
        return None
    return SessionFileKey(day, match[2], match[3], match[4])


def quarantined_object_key(key: str) -> str:
    """Key in quarantine of an object (or a folder) of `raw/` or `sessions/`."""
    return f"{QUARANTINE}{key.partition('/')[2]}"


def quarantine_reason_key(key: str) -> str:
    """Key of the text with the reason why the object at `key` is in quarantine."""
    return f"{key}.reason.txt"


def is_quarantine_reason(key: str) -> bool:
    """Whether the object at `key` is the reason why another one is in quarantine."""
    return key.endswith(".reason.txt")


def parse_quarantined_file_key(key: str) -> SessionFileKey | None:
    """Return the parts of the key of a session file in quarantine, None for other keys."""
    if not key.startswith(QUARANTINE):
        return None
    return parse_session_file_key(f"{SESSIONS}{key.removeprefix(QUARANTINE)}")


def table_prefix(name: str) -> str:
    """Folder of a Delta table."""
    return f"{TABLES}{name}/"


def table_file_key(name: str, path: str) -> str:
    """Key of a file of a Delta table; `path` is relative to the table, as in its log."""
    return f"{table_prefix(name)}{path}"


def table_part_prefix(name: str, part: str) -> str:
    """Folder of one partition of a Delta table."""
    return f"{table_prefix(name)}part={part}/"


def delta_log_key(name: str, file_name: str) -> str:
    """Key of a file of a Delta table's log."""
    return f"{table_prefix(name)}_delta_log/{file_name}"


def document_key(folder: str, name: str) -> str:
    """Key of a JSON document in one of the folders of `control/`."""
    return f"{folder}{name}.json"


def document_name(folder: str, key: str) -> str:
    """Return the name of a JSON document in one of the folders of `control/`."""
    return key.removeprefix(folder).removesuffix(".json")


def is_document_key(folder: str, key: str) -> bool:
    """Whether `key` has the form of a JSON document in a folder of `control/`."""
    return _DOCUMENT_NAME.fullmatch(key.removeprefix(folder)) is not None


def index_marker_key(folder: str) -> str:
    """Key of the mark that an index (`KEY_INDEX`, `SHARE_INDEX`) is complete."""
    return f"{folder.removesuffix('/')}.json"


def is_index_key(folder: str, key: str) -> bool:
    """Whether `key` has the form of an entry of the index in `folder`."""
    return _INDEX_NAME.fullmatch(key.removeprefix(folder)) is not None


def website_key(website_id: str) -> str:
    """Key of a website's settings."""
    return f"{WEBSITES}{website_id}.json"


def api_key_key(key_id: str) -> str:
    """Key of an API key's record (its hash, never the key itself)."""
    return f"{KEYS}{key_id}.json"


def key_index_prefix(website_id: str) -> str:
    """Folder of the index entries of a website's API keys."""
    return f"{KEY_INDEX}{website_id}/"


def key_index_key(website_id: str, key_id: str) -> str:
    """Key of the index entry of an API key."""
    return f"{key_index_prefix(website_id)}{key_id}.json"


def salt_key(day: date) -> str:
    """Key of the visitor salt of `day`."""
    return f"{SALTS}{day:%Y-%m-%d}.json"


def parse_salt_key(key: str) -> date | None:
    """Return the day of a visitor salt, None for other keys."""
    return _day_of(_SALT.fullmatch(key))


def tombstones_key(website_id: str) -> str:
    """Key of a website's tombstones."""
    return f"{TOMBSTONES}{website_id}.json"


def parse_tombstones_key(key: str) -> str:
    """Return the website whose tombstones are at `key`."""
    return document_name(TOMBSTONES, key)


def erasures_prefix(website_id: str) -> str:
    """Folder of a website's waiting erasure requests; their key order is that of their time."""
    return f"{ERASURES}{website_id}/"


def erasure_key(website_id: str, erasure_id: str) -> str:
    """Key of an erasure request that waits to be executed."""
    return f"{erasures_prefix(website_id)}{erasure_id}.json"


def parse_erasure_key(key: str) -> tuple[str, str]:
    """Return the website and the id of the erasure request at `key`."""
    website_id, _, erasure_id = document_name(ERASURES, key).partition("/")
    return website_id, erasure_id


def receipts_prefix(website_id: str) -> str:
    """Folder of a website's receipts; their key order is that of the requests' time."""
    return f"{RECEIPTS}{website_id}/"


def receipt_key(website_id: str, erasure_id: str) -> str:
    """Key of the receipt of an executed erasure."""
    return f"{receipts_prefix(website_id)}{erasure_id}.json"


def hold_key(website_id: str) -> str:
    """Key of the legal holds of a website."""
    return f"{HOLDS}{website_id}.json"


def share_key(share_id: str) -> str:
    """Key of a share link's record (its hash, never the link itself)."""
    return f"{SHARES}{share_id}.json"


def share_index_prefix(website_id: str, session_id: str | None = None) -> str:
    """Folder of the index entries of a website's share links, or of one session's."""
    folder = f"{SHARE_INDEX}{website_id}/"
    return folder if session_id is None else f"{folder}{session_id}/"


def share_index_key(website_id: str, session_id: str, share_id: str) -> str:
    """Key of the index entry of a share link."""
    return f"{share_index_prefix(website_id, session_id)}{share_id}.json"


def source_maps_prefix(website_id: str) -> str:
    """Folder of a website's source maps."""
    return f"{SOURCE_MAPS}{website_id}/"


def source_map_key(website_id: str, file_name: str) -> str:
    """Key of the source map of a generated file; `file_name` is made from its address."""
    return f"{source_maps_prefix(website_id)}{file_name}.map.zst"


def is_source_map_key(key: str) -> bool:
    """Whether `key` has the form of a source map's."""
    return _SOURCE_MAP_NAME.fullmatch(key.removeprefix(SOURCE_MAPS)) is not None


def audit_prefix(website_id: str) -> str:
    """Folder of a website's audit entries that are not in the table yet."""
    return f"{AUDIT}website={website_id}/"


def audit_key(website_id: str, day: date, entry_id: str) -> str:
    """Key of a website's audit entries of `day` that are not in the table yet."""
    return f"{audit_prefix(website_id)}date={day:%Y-%m-%d}/{entry_id}.ndjson"


def parse_audit_key(key: str) -> date | None:
    """Return the day of audit entries, None for other keys."""
    return _day_of(_AUDIT.fullmatch(key))


def preflight_prefix(run_id: str) -> str:
    """Folder for the objects of one preflight."""
    return f"{PREFLIGHT}{run_id}/"


def _day_of(match: re.Match[str] | None) -> date | None:
    """Return the date in a matched key, None for one that no calendar has."""
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None
