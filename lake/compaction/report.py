"""Report of one day's compaction: counts, failures and the largest sessions."""

from dataclasses import dataclass, field
from datetime import date

_LARGEST_COUNT = 10


@dataclass(frozen=True)
class LargestSession:
    """One of the largest sessions that a compaction wrote."""

    file_bytes: int
    event_count: int
    website_id: str
    session_id: str


@dataclass(kw_only=True)
class CompactionReport:
    """Result of a compaction.

    `received_bytes` are payloads, `written_bytes` session files, `raw_bytes` the JSON in them.
    `quarantined_count` counts chunks that were moved to quarantine one by one. Segments that were
    moved as a whole are in `quarantined_segment_count`. `failed` maps such segments, and sessions
    that were left as they were, to the reason.
    """

    day: date
    session_count: int = 0
    chunk_count: int = 0
    quarantined_count: int = 0
    quarantined_segment_count: int = 0
    expired_count: int = 0
    erased_count: int = 0
    segment_count: int = 0
    conflict_count: int = 0
    received_bytes: int = 0
    written_bytes: int = 0
    raw_bytes: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    largest: list[LargestSession] = field(default_factory=list)

    def add_largest(self, session: LargestSession) -> None:
        """Record a written session if it is among the largest; a rewrite replaces its entry."""
        others = [other for other in self.largest if other.session_id != session.session_id]
        by_size = sorted([*others, session], key=lambda other: other.file_bytes)
        self.largest = by_size[-_LARGEST_COUNT:]
