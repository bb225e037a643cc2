"""Symbolication of error stacks by source maps, when errors are read.

A map that is uploaded after the error therefore applies too. The list of a website's maps is cached
for some seconds, decoded maps within a limit of bytes.
"""

import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple

from cachetools import FIFOCache

from lake.analysis.js_errors.stacks import StackFrame, parse
from lake.bounded_cache import BoundedCache
from lake.errors import Damaged, ObjectMissing
from lake.source_maps.decode import DecodedSourceMap, OriginalPosition
from lake.source_maps.store import file_url, key_of, read
from lake.storage import keys
from lake.storage.base import Store
from lake.tables.row_builders import Row

_CACHE_BYTES_MAX = 128 * 1024 * 1024
_WEBSITES_MAX = 1000
_READ_MAX = 20  # maps that one request may have to read

FrameLookup = Callable[[StackFrame], OriginalPosition | None]


class _WebsiteMaps(NamedTuple):
    """Which maps a website had at `at_ms`: keys, with what tells an object from its successor."""

    at_ms: int
    versions: Mapping[str, str]


class SourceMaps:
    """The maps of all websites, for one reader. Thread-safe.

    Args:
        now_ms: A clock, ms.
        cache_ms: How long the list of a website's maps is cached.
    """

    def __init__(self, store: Store, now_ms: Callable[[], int], cache_ms: int) -> None:
        self._store = store
        self._now_ms = now_ms
        self._cache_ms = cache_ms
        self._lock = threading.Lock()
        self._listed: FIFOCache[str, _WebsiteMaps] = FIFOCache(_WEBSITES_MAX)
        self._cache = BoundedCache(_CACHE_BYTES_MAX)

    def applied(self, website_id: str, errors: list[Row]) -> list[Row]:
        """Return rows of `errors` with `stack_original`, None if no map has any of the frames.

        Raises:
            StoreUnavailable.
        """
        stacks = {row["stack"] for row in errors if row["stack"]}
        versions = self._versions(website_id) if stacks else {}
        left = [_READ_MAX]

        def find(frame: StackFrame) -> OriginalPosition | None:
            if not frame.url or frame.line is None or frame.column is None:
                return None
            key = key_of(website_id, file_url(frame.url))
            version = versions.get(key)
            result = self._decoded(website_id, key, version, left) if version is not None else None
            return result.find(frame.line, frame.column) if result is not None else None

        originals = {stack: symbolicate_stack(stack, find) for stack in stacks} if versions else {}
        return [row | {"stack_original": originals.get(row["stack"])} for row in errors]

    def _versions(self, website_id: str) -> Mapping[str, str]:
        now_ms = self._now_ms()
        listed = self._listed.get(website_id)
        if listed is None or not 0 <= now_ms - listed.at_ms < self._cache_ms:
            prefix = keys.source_maps_prefix(website_id)
            versions = {
                item.key: f"{item.size_bytes} {item.modified_at}"
                for item in self._store.list(prefix)
            }
            listed = _WebsiteMaps(now_ms, versions)
            with self._lock:
                self._listed[website_id] = listed
        return listed.versions

    def _decoded(
        self, website_id: str, key: str, version: str, left: list[int]
    ) -> DecodedSourceMap | None:
        name = (key, version)
        with self._cache.finding(name):
            cached = self._cache.get([name], owner=website_id)
            if name in cached:
                source_map: DecodedSourceMap | None = cached[name]
                return source_map
            if left[0] <= 0:
                return None
            left[0] -= 1
            try:
                _, decoded = read(self._store, key)
            except (Damaged, ObjectMissing):  # the stack is then returned as it is
                decoded = None
            sized = (name, decoded, decoded.size_bytes if decoded else 0)
            self._cache.put([sized], owner=website_id)
            return decoded


def symbolicate_stack(stack: str, find: FrameLookup) -> str | None:
    """Return a stack with original files, places and names, a call a line; None: none is known."""
    frames = parse(stack)
    places = [find(frame) for frame in frames]
    if not any(places):
        return None
    lines = []
    for frame, place, caller in zip(frames, places, [*places[1:], None], strict=True):
        name = frame.function
        if place is None:
            parts = (str(part) for part in frame[1:4] if part not in ("", None))
            where = ":".join(parts) or "<anonymous>"
        else:
            where = f"{place.source}:{place.line}:{place.column}"
            # The name at the caller's position is the function that it called.
            name = caller.name if frame.name and caller and caller.name else name
        waits = "async " if frame.is_async else ""
        lines.append(_line(f"{waits}{name} ({where})" if name else f"{waits}{where}"))
    return "\n".join(lines)


def _line(text: str) -> str:
    """Return one line, whatever line breaks a name contains."""
    return "    at " + " ".join(text.splitlines())
