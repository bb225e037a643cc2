"""What compaction costs beside its codec, in time and memory: `python -m benchmarks.compaction`."""
