"""Dagster definitions, the command line and the demo."""
