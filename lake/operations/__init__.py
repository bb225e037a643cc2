"""Operations on a whole lake: maintenance, checks, repair and rebuild.

maintenance          nightly: cold layout, vacuum, unreferenced files, expired documents
preflight            tests the promises of an object store
probes               cheap health checks for each run of a job
check                verifies every invariant
repair, session_repair, segment_salvage, repair_report  repair of what the check finds
rebuild              all tables again from the session files
rescore              scores of another version again
file_generations     several files of one session, merged
quarantine_contents  objects in quarantine
"""
