"""List the days of which the lake stores objects, by its folders."""

from collections.abc import Iterator
from datetime import date

from lake.storage import keys
from lake.storage.base import Store


def days_under(store: Store, prefix: str) -> Iterator[date]:
    """Yield the days that have objects under `raw/`, `sessions/` or `quarantine/`, in order.

    One request a day, however many objects it has.

    Raises:
        StoreUnavailable: The store failed.
    """
    after = ""
    while True:
        item = next(store.list(prefix, start_after=after), None)
        if item is None:
            return
        folder = keys.folder_under(prefix, item.key)
        after = keys.after_folder(prefix, folder)
        try:
            yield date.fromisoformat(folder.removeprefix("date="))
        except ValueError:
            continue  # a foreign object
