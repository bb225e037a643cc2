"""Waiting times of the dashboard and its player, beside rrweb's own player."""
