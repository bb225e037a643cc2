"""Level 0 becomes level 1: waiting chunks become session files and rows, a day at a time."""

from lake.compaction.day import CompactionReport, compact_day, pending_days
from lake.compaction.due import due_days

__all__ = ["CompactionReport", "compact_day", "due_days", "pending_days"]
