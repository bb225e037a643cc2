"""Object storage: one small interface over a folder or a bucket, and every object key.

base            the `Store` protocol and `open_store`
local, s3       its two implementations, held to the same contract tests
s3_client       requests to S3, their retries and failures
keys            builds and parses every object key
json_documents  small JSON objects changed by compare-and-swap
presence        whether there is a lake at a location
failures        isolates the failures of independent items in a job
stored_days     the days of which objects are stored
scratch         temporary folders for payloads that go with their process
"""
