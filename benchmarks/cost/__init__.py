"""What sessions cost at R2's list prices, and take in bytes: `python -m benchmarks.cost`."""
