"""Retention: removes sessions that are older than their website's plan retains.

run      expired days, and the expiry of one of them
policy   which sessions of a day are past retention, minus legal holds
removal  removes rows, files and chunks, in that order
"""
