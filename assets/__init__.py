"""Dagster assets and asset checks. They decide when work runs; `lake` does the work."""
