"""Erasure: what a person asks to be erased is hidden at once, then removed from every byte.

requests     creates and cancels requests
ledger       the documents: pending requests and receipts
lookup       finds the sessions of a person
removal      removes rows, session files, pending and quarantined chunks
table_purge  deletes former files of the tables
execute      runs all of it, in passes, until nothing is left
resurfaced   finds erased sessions that came back, every night

`lake.control.tombstones` keeps erased data from coming back: readers and writers ask it.
"""

from lake.erasure.execute import execute_pending_requests, execute_requests
from lake.erasure.ledger import (
    Receipt,
    list_receipts,
    pending_erasures,
    read_receipt,
    unreadable_erasures,
)
from lake.erasure.requests import ErasureTargets, cancel, request_erasure, started_erasures

__all__ = [
    "ErasureTargets",
    "Receipt",
    "cancel",
    "execute_pending_requests",
    "execute_requests",
    "list_receipts",
    "pending_erasures",
    "read_receipt",
    "request_erasure",
    "started_erasures",
    "unreadable_erasures",
]
