"""Reference of table columns, from `lake.tables.schemas`."""

from deploy.docs.markdown import code, table
from lake.tables.schemas import ALL_SCHEMAS

_INTRODUCTION = """\
# Tables

Delta tables under `tables/` of the lake; any Delta reader opens them. Join keys are `website_id`,
`session_id`, `visitor_id`, `user_id` and `started_at`. How they are partitioned and written is part
of [the format](../format.md).

"""


def page() -> str:
    """Return the page: one section per table, one row per column."""
    text = _INTRODUCTION
    for name, schema in ALL_SCHEMAS.items():
        rows = (
            (
                code(column.name),
                code(str(column.type)),
                "yes" if column.nullable else "no",
                column.metadata[b"doc"].decode(),
            )
            for column in schema
        )
        text += f"## {name}\n\n{table(('column', 'type', 'nullable', 'meaning'), rows)}\n"
    return text
