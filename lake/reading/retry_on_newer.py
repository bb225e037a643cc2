"""Retry a read once on a newer snapshot when a file of the old one was deleted.

A snapshot of the lake is up to some seconds old, and an erasure deletes a table's former files at
once. Their remaining rows are then in newer files, which a newer snapshot lists.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from lake.errors import StoreUnavailable
from lake.reading.lake_snapshot import Lake, LakeSnapshot

P = ParamSpec("P")
T = TypeVar("T")


def retry_on_newer_snapshot(
    read: Callable[Concatenate[Lake, P], T],
) -> Callable[Concatenate[Lake, P], T]:
    """Decorate `read` so that it runs once more if a table changed since its snapshot.

    Raises:
        StoreUnavailable: The store failed, and no table is newer. Also whatever `read` raises.
    """

    @wraps(read)
    def retried(lake: Lake, /, *args: P.args, **kwargs: P.kwargs) -> T:
        before = _versions(lake.snapshot())
        try:
            return read(lake, *args, **kwargs)
        except StoreUnavailable:
            if _versions(lake.snapshot(newer=True)) == before:
                raise
            return read(lake, *args, **kwargs)

    return retried


def _versions(snapshot: LakeSnapshot) -> dict[str, int]:
    return {name: table.version for name, table in snapshot.tables.items()}
