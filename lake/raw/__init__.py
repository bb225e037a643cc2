"""Level 0: chunks as recorders send them, and the segments that hold them until compaction.

rrweb_events       event types, tags, and the fields of an event that the lake reads
chunk_codec        inflates, validates and splits one chunk
chunk_facts        the facts of a chunk that list rows need
fact_collector     collects views, users, triggers and errors from a chunk's events
console_errors     recognises errors that page and console both report
view_budget        bounds the page views recorded of one session
masking            the shapes of secrets and personal data, shared with the recorder
redaction          masks secrets in URLs and short texts that the server writes itself
segment_file       the Parquet file of one group commit
segment_writer     appends chunks: the only way into the lake
segment_rewriter   rewrites a segment without some of its chunks
pending_index      follows the chunks that wait for compaction
payload_spool      payloads on the compactor's disk
quarantine         stores chunks that cannot become part of a session, with the reason
"""
