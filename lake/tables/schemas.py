"""Columns of all tables: name, type and meaning. The only place that describes them.

`lake/FORMAT.md`, the asset checks and the tables themselves are made from this module. Equal
quantities have the same name everywhere; times are UTC, `at_ms` is the browser's clock.
"""

import pyarrow as pa

STATS_COLUMNS = ("website_id", "started_at", "session_id")  # nothing personal goes into the log

_TIME = pa.timestamp("us", "UTC")


def _column(name: str, kind: pa.DataType, doc: str, *, nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={"doc": doc})


_KEY = [
    _column("part", pa.string(), "where the row lies (hot hour or cold month.bucket); no meaning"),
    _column("website_id", pa.string(), "whose session it is"),
    _column("session_id", pa.string(), "UUIDv7; with website_id the key of a session"),
    _column("started_at", _TIME, "when the session began: the time in its id, the server's clock"),
]

SIGNAL_KINDS = (
    "rage_click",
    "dead_click",
    "form_frustration",
    "form_abandonment",
    "scroll_thrash",
    "error_click",
    "quick_back",
    "slow_response",
)

SCHEMAS: dict[str, pa.Schema] = {
    "sessions": pa.schema(
        [
            *_KEY,
            _column("first_at_ms", pa.int64(), "first event, ms, the browser's clock: offset 0"),
            _column("duration_ms", pa.int64(), "last event minus first event"),
            _column("visitor_id", pa.string(), "HMAC over a salt of one day; not linkable beyond"),
            _column(
                "visitor_ids",
                pa.list_(pa.string()),
                "all visitor ids of its chunks; null in old rows: visitor_id alone",
                nullable=True,
            ),
            _column(
                "user_id",
                pa.string(),
                "as the website identified the visitor, the last time",
                nullable=True,
            ),
            _column(
                "user_ids",
                pa.list_(pa.string()),
                "all users that it identified; null in old rows: user_id alone",
                nullable=True,
            ),
            _column("page_count", pa.int32(), "page views, those without a row in `pages` too"),
            _column("event_count", pa.int64(), "events in the session file"),
            _column("click_count", pa.int64(), "clicks"),
            _column("error_count", pa.int64(), "JavaScript and console errors"),
            *(
                _column(
                    f"{kind}_count", pa.int32(), f"signals {kind}; null: unscored", nullable=True
                )
                for kind in SIGNAL_KINDS
            ),
            _column("frustration_score", pa.int32(), "0 to 100; null: unscored", nullable=True),
            _column("scoring_version", pa.int32(), "of the score's formula", nullable=True),
            _column("active_ms", pa.int64(), "time in which the visitor acts", nullable=True),
            _column(
                "activity", pa.string(), "60 digits: deeds in equal slices of time", nullable=True
            ),
            _column("viewport_width", pa.int32(), "CSS px of the first view", nullable=True),
            _column("viewport_height", pa.int32(), "CSS px of the first view", nullable=True),
            _column("device_type", pa.string(), "desktop, mobile, tablet, bot or unknown"),
            _column("device_model", pa.string(), "as the browser told it", nullable=True),
            _column("browser_name", pa.string(), "family", nullable=True),
            _column("browser_version", pa.string(), "major or full version", nullable=True),
            _column("os_name", pa.string(), "family", nullable=True),
            _column("os_version", pa.string(), "version", nullable=True),
            _column("country", pa.string(), "ISO 3166-1 alpha-2 of the address", nullable=True),
            _column("initial_url", pa.string(), "entry page, scrubbed", nullable=True),
            _column(
                "exit_url",
                pa.string(),
                "page on which the visitor was last, scrubbed",
                nullable=True,
            ),
            _column(
                "urls", pa.string(), "distinct page URLs, a line each, scrubbed, at most 64 kB"
            ),
            _column("is_complete", pa.bool_(), "no chunk is missing and every page can be drawn"),
            _column("raw_bytes", pa.int64(), "events as JSON"),
            _column("file_bytes", pa.int64(), "length of the session file"),
            _column("file_sha256", pa.string(), "of the session file, hex; begins its generation"),
        ]
    ),
    "session_files": pa.schema(
        [
            *_KEY,
            _column("file_bytes", pa.int64(), "length of the session file"),
            _column("file_sha256", pa.string(), "of the session file, hex; begins its generation"),
            _column("frame_count", pa.int32(), "zstd frames"),
            _column(
                "chunks",
                pa.binary(),
                "JSON array of chunk facts, as in the file's header; not in cold parts",
                nullable=True,
            ),
        ]
    ),
    "pages": pa.schema(
        [
            *_KEY,
            _column("page_no", pa.int32(), "0, 1, … in the session"),
            _column("page_id", pa.string(), "UUIDv7 of the page load"),
            _column("url", pa.string(), "scrubbed", nullable=True),
            _column("title", pa.string(), "scrubbed", nullable=True),
            _column("at_ms", pa.int64(), "when the page was entered, ms, the browser's clock"),
            _column("duration_ms", pa.int64(), "until the next page or the last event"),
            _column("viewport_width", pa.int32(), "CSS px", nullable=True),
            _column("viewport_height", pa.int32(), "CSS px", nullable=True),
            _column("click_count", pa.int64(), "clicks on it", nullable=True),
            _column(
                "clicks",
                pa.string(),
                "JSON: [x, y] of its first 500 clicks, CSS px of the document",
                nullable=True,
            ),
            _column(
                "seen_px", pa.int32(), "how far down it was seen: scrolled and shown", nullable=True
            ),
        ]
    ),
    "errors": pa.schema(
        [
            *_KEY,
            _column("error_no", pa.int32(), "0, 1, … in the session"),
            _column("page_id", pa.string(), "UUIDv7 of the page load"),
            _column("at_ms", pa.int64(), "ms, the browser's clock"),
            _column("url", pa.string(), "of the page then, scrubbed", nullable=True),
            _column("visitor_id", pa.string(), "as in sessions"),
            _column("fingerprint", pa.string(), "the group: message and top frames, hashed"),
            _column("message", pa.string(), "scrubbed"),
            _column("stack", pa.string(), "scrubbed", nullable=True),
            _column("source", pa.string(), "error, rejection or console; page: not told which"),
        ]
    ),
    "signals": pa.schema(
        [
            *_KEY,
            _column("signal_no", pa.int32(), "0, 1, … in the session"),
            _column("kind", pa.string(), ", ".join(SIGNAL_KINDS)),
            _column("page_id", pa.string(), "UUIDv7 of the page load"),
            _column("at_ms", pa.int64(), "ms, the browser's clock"),
            _column("url", pa.string(), "of the page then, scrubbed", nullable=True),
            _column("target", pa.string(), "path of the element", nullable=True),
            _column("text", pa.string(), "the element's visible text, masked", nullable=True),
            _column("x", pa.int32(), "CSS px", nullable=True),
            _column("y", pa.int32(), "CSS px", nullable=True),
            _column("evidence", pa.string(), "JSON: what the rule saw", nullable=True),
        ]
    ),
    "daily_summary": pa.schema(
        [
            _column("part", pa.string(), "where the row lies; no meaning"),
            _column("website_id", pa.string(), "whose sessions they are"),
            _column("date", pa.date32(), "UTC day on which the sessions began"),
            _column("session_count", pa.int64(), "sessions"),
            _column("visitor_count", pa.int64(), "distinct visitors"),
            _column("page_count", pa.int64(), "page views"),
            _column("click_count", pa.int64(), "clicks"),
            _column("error_count", pa.int64(), "errors"),
            _column("error_session_count", pa.int64(), "sessions with an error"),
            _column("duration_ms", pa.int64(), "sum over the sessions"),
            _column("raw_bytes", pa.int64(), "sum over the sessions"),
            _column("frustrated_session_count", pa.int64(), "with a signal", nullable=True),
            _column("frustration_p50", pa.float64(), "of the scored sessions", nullable=True),
            _column("frustration_p90", pa.float64(), "of the scored sessions", nullable=True),
            _column("signals", pa.string(), "JSON object: signals by kind", nullable=True),
            _column(
                "top_pages",
                pa.string(),
                "JSON: the 10 most viewed pages: url, views, sessions",
                nullable=True,
            ),
            _column(
                "top_errors",
                pa.string(),
                "JSON: the 10 most frequent errors: fingerprint, count, sessions",
                nullable=True,
            ),
        ]
    ),
}

# Tables that cannot be rebuilt from anything else in the lake.
ORIGINAL: dict[str, pa.Schema] = {
    "audit": pa.schema(
        [
            _column("part", pa.string(), "day of `at`; no meaning"),
            _column("website_id", pa.string(), "whose website; *: of all"),
            _column("entry_id", pa.string(), "UUIDv7; the key of an entry, in order of time"),
            _column("at", _TIME, "when it was done, the server's clock"),
            _column(
                "actor",
                pa.string(),
                "who: a key's id, `share` and a link's, or a name: `cli`",
            ),
            _column("action", pa.string(), "what, such as settings-changed or replay-viewed"),
            _column("target", pa.string(), "to what: a session, key or link", nullable=True),
            _column("details", pa.string(), "JSON object; no secrets, nothing personal"),
        ]
    ),
}
ALL_SCHEMAS = SCHEMAS | ORIGINAL

# In order of commit after `sessions`. `session_files` is last: equal hashes in both mean that all
# tables in between are committed too.
DERIVED = ("pages", "errors", "signals", "session_files")
BY_SESSION = ("sessions", *DERIVED)

# Columns that analysis computes, and a new version of it changes.
SCORE_COLUMNS = (
    *(f"{kind}_count" for kind in SIGNAL_KINDS),
    "frustration_score",
    "scoring_version",
    "active_ms",
    "activity",
)
ANALYSED: dict[str, tuple[str, ...]] = {
    "sessions": (
        *SCORE_COLUMNS,
        *("first_at_ms", "duration_ms", "visitor_ids", "user_ids", "exit_url"),
    ),
    "pages": (
        *("at_ms", "duration_ms"),
        *("viewport_width", "viewport_height", "click_count", "clicks", "seen_px"),
    ),
    "errors": ("at_ms", "url", "fingerprint", "stack"),
    "signals": tuple(SCHEMAS["signals"].names),
}
