"""Level 0 becomes level 1: waiting chunks become session files and rows, a day at a time."""

from lake.compaction.day import Compacted, compact_day, waiting_days
from lake.compaction.due import due_days

__all__ = ["Compacted", "compact_day", "due_days", "waiting_days"]
