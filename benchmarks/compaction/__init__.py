"""Time and memory of compaction beside its codec: `python -m benchmarks.compaction`."""
