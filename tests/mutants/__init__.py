"""Do the tests notice? The code is broken on purpose: `python -m tests.mutants --help`."""
