"""How many chunks one core takes in, how fast, in what memory: `python -m benchmarks.ingest`."""
