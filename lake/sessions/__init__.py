"""One session: its file, and the merge of its chunks into one ordered stream of events.

session_file     zstd frames of NDJSON behind a header; readable by any zstd decoder
merge            unites chunks, first one wins, and orders their events
running_summary  a session's totals, kept up to date chunk by chunk
"""
