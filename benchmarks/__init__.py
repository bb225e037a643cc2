"""Benchmarks of time, memory and money; see `README.md`. Each prints a table."""
