"""Independent items of a job: one that fails is recorded, and the others go on.

A job that works through websites, days or documents must not end at the first that is damaged: the
others belong to somebody else. What failed is logged, named in the job's report, and tried again by
the next run.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from lake.errors import LakeError, StoreUnavailable

_UNAVAILABLE_MAX = 3  # in a row: then it is the store that is down, and not an item
_log = logging.getLogger(__name__)


class Failures:
    """The items that failed. `found` maps each to the reason."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._first: Exception | None = None
        self._unavailable_count = 0

    @contextmanager
    def of(self, item: str) -> Iterator[None]:
        """Work on one item in the block; an exception ends the block and is recorded.

        Raises:
            StoreUnavailable: Several items in a row failed because of the store.
        """
        try:
            yield
        except Exception as error:
            self.found[item] = reason_of(error)
            self._first = self._first or error
            _log.error("%s failed: %s", item, self.found[item], exc_info=_unknown(error))
            is_unavailable = isinstance(error, StoreUnavailable)
            self._unavailable_count = self._unavailable_count + 1 if is_unavailable else 0
            if self._unavailable_count == _UNAVAILABLE_MAX:
                raise
        else:
            self._unavailable_count = 0

    def raise_first(self) -> None:
        """Raise the first of the exceptions, so that a run with failures counts as failed."""
        if self._first is not None:
            raise self._first


def reason_of(error: Exception) -> str:
    """Return the reason as one text, never empty."""
    return str(error) if isinstance(error, LakeError) and str(error) else repr(error)


def _unknown(error: Exception) -> Exception | None:
    """Return the exception if its traceback is worth logging: errors of ours tell enough."""
    return None if isinstance(error, LakeError) else error
