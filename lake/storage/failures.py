"""Record the failures of independent items of a job, so that the other items are processed.

A job over websites, days or documents must not end at the first damaged one. Failed items are
logged, listed in the job's report, and retried by the next run.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from lake.errors import LakeError, StoreUnavailable

_UNAVAILABLE_MAX = 3  # in a row: then the store is down, not an item damaged
_log = logging.getLogger(__name__)


class Failures:
    """The failed items of one run. `reasons` maps each to its reason."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}
        self._first_error: Exception | None = None
        self._unavailable_count = 0

    @contextmanager
    def of(self, item: str) -> Iterator[None]:
        """Process one item in the block; an exception ends the block and is recorded.

        Raises:
            StoreUnavailable: Several items in a row failed because of the store.
        """
        try:
            yield
        except Exception as error:
            self.reasons[item] = reason_of(error)
            self._first_error = self._first_error or error
            _log.error("%s failed: %s", item, self.reasons[item], exc_info=_with_traceback(error))
            is_unavailable = isinstance(error, StoreUnavailable)
            self._unavailable_count = self._unavailable_count + 1 if is_unavailable else 0
            if self._unavailable_count == _UNAVAILABLE_MAX:
                raise
        else:
            self._unavailable_count = 0

    def raise_first(self) -> None:
        """Raise the first recorded exception, if any, so that the run counts as failed."""
        if self._first_error is not None:
            raise self._first_error


def reason_of(error: Exception) -> str:
    """Return the reason of an error as text, never empty."""
    return str(error) if isinstance(error, LakeError) and str(error) else repr(error)


def _with_traceback(error: Exception) -> Exception | None:
    """Return the exception if its traceback is to be logged: not for errors of the lake."""
    return None if isinstance(error, LakeError) else error
