"""Compaction: pending chunks become session files and rows, a day at a time.

day               one day from its segments to their deletion
due               the rule for when pending chunks are due
batches           a day's chunks in bounded portions
compactor         some sessions: files, rows, segments, in the order that survives a crash
session_writer    one session's file and rows
uploads           session files on their way to the store
table_commits     snapshots of the tables, and commits against them
erased_sessions, expiry  sessions that are dropped
report            what a compaction did
"""

from lake.compaction.day import compact_day, pending_days
from lake.compaction.due import due_days
from lake.compaction.report import CompactionReport

__all__ = ["CompactionReport", "compact_day", "due_days", "pending_days"]
