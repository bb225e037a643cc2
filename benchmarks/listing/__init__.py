"""The session list, against others on the same files."""
