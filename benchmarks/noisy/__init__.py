"""What one website feels of another that attacks the same server: `python -m benchmarks.noisy`."""
