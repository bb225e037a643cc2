"""Analysis of a session's events: frustration signals, errors, activity and page views. Pure."""
