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

from lake.erasure.execute import carry_out, carry_out_waiting
from lake.erasure.ledger import Receipt, receipt_of, receipts, unreadable, waiting
from lake.erasure.requests import Targets, cancel, request, started

__all__ = [
    "Receipt",
    "Targets",
    "cancel",
    "carry_out",
    "carry_out_waiting",
    "receipt_of",
    "receipts",
    "request",
    "started",
    "unreadable",
    "waiting",
]
