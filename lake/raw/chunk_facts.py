"""The facts of one chunk: what list rows need of it, without its payload.

A `ChunkFacts` is read from a chunk once, at ingest (see `lake.raw.chunk_codec`), and stored for
good: in the segment's index columns, then in the session file's header. How facts add up to a
session is `lake.sessions.summary`.
"""

import msgspec


class ViewCut(msgspec.Struct, array_like=True, frozen=True):
    """Size of a chunk's views before `lake.raw.view_budget` cut them to the first and the last.

    `length` is that of its views, `page_count` the number of page views between the two left.
    """

    length: int
    page_count: int


class RecordedView(msgspec.Struct, array_like=True, frozen=True):
    """A page's address as one rrweb Meta or `replaylake.page` event gave it.

    `url` is redacted, at most 2,048 long; so is `title`, at most 300, empty if there was none.
    `width` and `height` are the window's, CSS px.
    """

    at_ms: int
    url: str
    width: int
    height: int
    title: str = ""


class ChunkFacts(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """Facts of one chunk, which (page_id, seq) identifies in its session.

    `crc32` and `raw_bytes` are of the inflated JSON, so that the same chunk has the same facts
    whether it is sent plain or gzipped. `first_at_ms`, `last_at_ms` and `acted_at_ms` are the
    browser's clock; at the last of them the visitor last acted on the page or came to it.
    `user_id` is the last user of a `replaylake.identify` event, `user_ids` are all of them, each
    once, in the order of the chunk. `trigger` is the kind of the earliest `replaylake.trigger`
    event: the reason why the recorder uploaded the session. `cut` is None where `views` are
    complete, as they are in a segment (see `lake.raw.view_budget`).
    """

    page_id: str
    seq: int
    crc32: int
    raw_bytes: int
    event_count: int
    click_count: int
    error_count: int
    snapshot_count: int
    first_at_ms: int
    last_at_ms: int
    views: tuple[RecordedView, ...]
    user_id: str | None
    trigger: str | None = None
    user_ids: tuple[str, ...] = ()
    acted_at_ms: int | None = None
    cut: ViewCut | None = None

    @property
    def users(self) -> tuple[str, ...]:
        """All users that the chunk identifies; facts of an older version have the last one only."""
        return self.user_ids or ((self.user_id,) if self.user_id else ())

    @property
    def place(self) -> tuple[str, int]:
        """(page_id, seq): identifies the chunk in its session, and sorts it."""
        return self.page_id, self.seq

    @property
    def content_key(self) -> tuple[str, int, int, int]:
        """Its place, checksum and length: differs between chunks of one place with other bytes."""
        return self.page_id, self.seq, self.crc32, self.raw_bytes


class Client(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """Visitor and browser, as the server saw them when it received the chunk. No address."""

    visitor_id: str = ""
    device_type: str = "unknown"
    device_model: str | None = None
    browser_name: str | None = None
    browser_version: str | None = None
    os_name: str | None = None
    os_version: str | None = None
    country: str | None = None
