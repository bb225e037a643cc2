"""One session: its file, and the merge of its chunks into one ordered stream of events.

session_file         zstd frames of NDJSON behind a header; readable by any zstd decoder
session_file_writer  writes it
merge                unites chunks, of equal ones the first, and orders their events
summary              the totals of a session's chunks: its row
running_summary      the same totals, kept up to date chunk by chunk
"""
