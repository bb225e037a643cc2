"""Streams of other recorders, which leave no notes."""
