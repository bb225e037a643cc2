"""Latency of one website while another attacks the same server: `python -m benchmarks.noisy`."""
