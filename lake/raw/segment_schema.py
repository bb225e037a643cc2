"""Parquet columns of a segment, in every format that this version reads. See `lake/FORMAT.md`.

A reader keeps every format that was ever written. A newer format only adds fields, at the end of
the facts and of each view, so that the row of an older one is a prefix of a newer row.
"""

import pyarrow as pa

from lake.raw.chunk_facts import ChunkFacts, Client

FORMAT = "3"
FORMAT_KEY, CRC32_KEY, REASON_KEY = "replaylake.segment", "replaylake.crc32", "replaylake.reason"

VIEW = pa.struct(
    [
        ("at_ms", pa.int64()),
        ("url", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("title", pa.string()),
    ]
)
SCHEMA = pa.schema(
    [
        ("payload", pa.binary()),
        ("website_id", pa.string()),
        ("session_id", pa.string()),
        ("page_id", pa.string()),
        ("seq", pa.int64()),
        ("received_at", pa.timestamp("us", "UTC")),
        ("first_at_ms", pa.int64()),
        ("last_at_ms", pa.int64()),
        ("event_count", pa.int32()),
        ("click_count", pa.int32()),
        ("error_count", pa.int32()),
        ("snapshot_count", pa.int32()),
        ("raw_bytes", pa.int64()),
        ("payload_bytes", pa.int64()),
        ("crc32", pa.int64()),
        ("views", pa.list_(VIEW)),
        ("user_id", pa.string()),
        ("trigger", pa.string()),
        ("user_ids", pa.list_(pa.string())),
        ("acted_at_ms", pa.int64()),
        ("visitor_id", pa.string()),
        ("device_type", pa.string()),
        ("device_model", pa.string()),
        ("browser_name", pa.string()),
        ("browser_version", pa.string()),
        ("os_name", pa.string()),
        ("os_version", pa.string()),
        ("country", pa.string()),
        ("encoding", pa.string()),
    ],
)
VIEW_1 = pa.struct([field for field in VIEW if field.name != "title"])
ADDED_FACTS = {"2": ("trigger",), "3": ("user_ids", "acted_at_ms")}  # by the format that added
_SCHEMA_2 = pa.schema(field for field in SCHEMA if field.name not in ADDED_FACTS["3"])
SCHEMAS = {
    "1": pa.schema(
        pa.field("views", pa.list_(VIEW_1)) if field.name == "views" else field
        for field in _SCHEMA_2
        if field.name not in ADDED_FACTS["2"]
    ),
    "2": _SCHEMA_2,
    FORMAT: SCHEMA,
}
INDEX_COLUMNS = [name for name in SCHEMA.names if name != "payload"]
NULLABLE = {"user_id", "trigger", "acted_at_ms", *Client.__struct_fields__} - {
    "visitor_id",
    "device_type",
}
# `cut` belongs to sessions: the views of a segment are complete.
STORED_FACTS = [name for name in ChunkFacts.__struct_fields__ if name != "cut"]


def leaf_columns() -> list[str]:
    """Return the columns as Parquet names them: nested ones by their fields."""
    inner = {
        "views": [f"views.list.element.{field.name}" for field in VIEW],
        "user_ids": ["user_ids.list.element"],
    }
    return [leaf for name in SCHEMA.names for leaf in inner.get(name, [name])]
