"""Erasure: what somebody asked to be erased is hidden at once, then removed from every byte.

    requests  what was asked for, and cancelled
    ledger    the documents: requests that wait, and receipts
    targets   which sessions are meant
    removal   rows, session files, chunks that wait or were put aside
    purge     what the tables' former files still hold
    carrying  all of it in order, and again until nothing is left
    leftovers what came back by a way that nobody foresaw, looked for every night

That nothing comes back is `lake.control.tombstones`'s, with whoever reads and writes.
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
