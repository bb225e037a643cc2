"""The DOM of a recorded page, rebuilt from snapshots and mutations, and predicates on it."""
