"""Reading: both levels of the lake as one, for lists, details, replays and insights.

lake_snapshot     the tables and the pending chunks at one moment
pending_sessions  a website's sessions with pending chunks
session_list, session_filters, match_cache  the list of sessions
session_lookup, session_detail  one session
replay, live_merge, anonymize   its events
error_groups, pending_errors    JavaScript errors
frustration, heatmap, clicked_pages, daily  what many sessions show together
visible_sessions  which sessions a website may still see
retry_on_newer    repeats a read on a newer snapshot when a file was deleted meanwhile
"""
