"""What the recorder costs a page, beside others: `python -m benchmarks.recorder`."""
