"""What a session's events mean: one rule per file, each a pure function of events."""
