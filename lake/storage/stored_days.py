"""The days of which the lake stores objects, by its folders."""

from collections.abc import Iterator
from datetime import date

from lake.storage.base import Store


def days_under(store: Store, prefix: str) -> Iterator[date]:
    """Yield the days that have objects under `raw/`, `sessions/` or `quarantine/`, in order.

    One request a day, however many objects it has.
    """
    after = ""
    while True:
        item = next(store.list(prefix, start_after=after), None)
        if item is None:
            return
        folder = item.key.split("/")[1]
        after = f"{prefix}{folder}/\U0010ffff"
        try:
            yield date.fromisoformat(folder.removeprefix("date="))
        except ValueError:
            continue  # not ours
