"""Questions that are asked again where a table's file went away meanwhile.

A view of the lake is up to some seconds old, and an erasure deletes what a table's former files
held at once. What is gone is then in newer files, and a newer view names them.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from lake.errors import StoreUnavailable
from lake.reading.lake_snapshot import Lake, LakeSnapshot

P = ParamSpec("P")
T = TypeVar("T")


def retry_on_newer_snapshot(
    question: Callable[Concatenate[Lake, P], T],
) -> Callable[Concatenate[Lake, P], T]:
    """Ask once more if a table is newer than the view that failed.

    Raises:
        StoreUnavailable: The store failed, and not for that reason. And what the question raises.
    """

    @wraps(question)
    def ask(lake: Lake, /, *args: P.args, **kwargs: P.kwargs) -> T:
        before = _versions(lake.view())
        try:
            return question(lake, *args, **kwargs)
        except StoreUnavailable:
            if _versions(lake.view(newer=True)) == before:
                raise
            return question(lake, *args, **kwargs)

    return ask


def _versions(view: LakeSnapshot) -> dict[str, int]:
    return {name: snapshot.version for name, snapshot in view.tables.items()}
