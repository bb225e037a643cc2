"""Cost of sessions at R2's list prices, and their size in bytes: `python -m benchmarks.cost`."""
