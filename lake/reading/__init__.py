"""Reading: compacted and pending data as one, for lists, details, replays and insights.

lake_snapshot     the tables and the pending chunks at one moment
pending_sessions  a website's sessions with pending chunks
session_list, session_filters, match_cache  the list of sessions
session_lookup, session_detail  one session
replay, live_merge, anonymize   its events
error_groups, pending_errors    JavaScript errors
visible_sessions  the sessions that a website may still see
insights          what many sessions show together
retry_on_newer    retry of a read on a newer snapshot
"""
