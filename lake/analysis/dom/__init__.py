"""The DOM of a recorded page, rebuilt from snapshots and mutations, and questions about it."""
