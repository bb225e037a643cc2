"""The Delta tables: columns, partitions, and reading and replacing rows.

schemas             all columns, with type and meaning
partitions          the partition of a session's rows
delta_table         one table: snapshots, and the replacement of whole parts
session_rows        rows by session: read, replaced, removed
row_builders        a session's rows from its facts and its analysis
page_view_lookup    the page view at a moment
compacted_sessions  sessions as the tables have them
erased_filter       frames without erased sessions
daily_summary       the table of figures by day
cold_layout         finished days, moved from hours to months
audit_log           the audit log as a table, and its reader
"""
