"""Cost of the recorder to a page, beside other recorders: `python -m benchmarks.recorder`."""
