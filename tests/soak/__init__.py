"""The lake under load while its processes are killed: `python -m tests.soak --help`."""
