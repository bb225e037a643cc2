"""Frustration signals: one rule per file, each a pure function of a session's events."""
