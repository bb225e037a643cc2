"""The endpoint that recorders post to: routes and group commit, no rules about data."""
