"""Dagster assets and their checks: when the lake is compacted is theirs, how is the lake's."""
