"""Replay views for the audit log, collected and written every few seconds.

The requests of one viewer for one session within an interval become one entry, since a player
sends many. All entries are written as one object. A process that is killed loses the last
interval; one that is stopped does not.
"""

import threading
from collections.abc import Callable

import structlog

from lake.control import audit_entries
from lake.errors import LakeError
from lake.storage.base import Store
from query_api.metrics import QueryMetrics

EVERY_S = 10.0
_VIEWS_MAX = 20_000  # buffered while the store fails; some MB
_log = structlog.get_logger(__name__)

_ViewKey = tuple[str, str, str]  # website id, actor, session id


class ViewAudit:
    """Buffer of replay views. Thread-safe. Writes from `start` to `close`."""

    def __init__(self, store: Store, now_ms: Callable[[], int], metrics: QueryMetrics) -> None:
        self._store = store
        self._now_ms = now_ms
        self._metrics = metrics
        self._pending: dict[_ViewKey, tuple[int, int]] = {}  # first ms, number of requests
        self._guard = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="views", daemon=True)

    def note(self, website_id: str, actor: str, session_id: str) -> None:
        """Record that an actor views a session now. Never waits for the store."""
        self._add((website_id, actor, session_id), self._now_ms(), 1)

    def start(self) -> None:
        """Start the background thread."""
        self._thread.start()

    def close(self) -> None:
        """Stop the background thread and write what is pending."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()
        self.flush()
        self._lose(len(self._pending))

    def flush(self) -> None:
        """Write all pending views; keep them if the store fails."""
        with self._guard:
            pending, self._pending = self._pending, {}
        try:
            audit_entries.write(
                self._store,
                [
                    audit_entries.entry(website_id, actor, "replay-viewed", session_id,
                                {"requests": count}, now_ms=at_ms)
                    for (website_id, actor, session_id), (at_ms, count) in pending.items()
                ],
            )  # fmt: skip
        except LakeError as error:
            _log.warning("replay views not written yet", count=len(pending), error=str(error))
            for viewed, (at_ms, count) in pending.items():
                self._add(viewed, at_ms, count)

    def _run(self) -> None:
        while not self._end.wait(EVERY_S):
            self.flush()

    def _add(self, viewed: _ViewKey, at_ms: int, count: int) -> None:
        with self._guard:
            first_ms, before = self._pending.get(viewed, (at_ms, 0))
            if before or len(self._pending) < _VIEWS_MAX:
                self._pending[viewed] = (min(first_ms, at_ms), before + count)
                return
        self._lose(1)

    def _lose(self, count: int) -> None:
        if count:
            self._metrics.lost_views.inc(count)
            _log.error("replay views lost", count=count)
