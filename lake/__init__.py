"""The lake: its format and everything that reads or writes it. See `lake/FORMAT.md`."""
