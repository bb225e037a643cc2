"""Throughput, latency and memory of ingest on one core: `python -m benchmarks.ingest`."""
