"""Stub."""

from collections.abc import Iterable

from lake.analysis.occurrences import Occurrence


class ForeignPage:
    """Stub."""

    def __init__(self, page_id: str) -> None:
        self._page_id = page_id

    def see(self, at_ms: float, kind: int, json: bytes) -> Iterable[Occurrence]:
        """Stub."""
        return ()

    def end(self) -> Iterable[Occurrence]:
        """Stub."""
        return ()
