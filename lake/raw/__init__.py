"""Level 0: chunks as recorders send them, and the segments that hold them until compaction.

chunk_codec        inflates, validates and splits one chunk
chunk_facts        the small facts of a chunk, and how they add up to a session
redaction          masks secrets in URLs and short texts that the server writes itself
segment_file       the Parquet file of one group commit
segment_writer     appends chunks: the only way into the lake
segment_rewriter   rewrites a segment without some of its chunks
pending_index      follows the chunks that wait for compaction
payload_spool      payloads on the compactor's disk
quarantine         keeps what cannot become part of a session, with the reason
view_budget        bounds the page views kept of one session
"""
