"""CPU time of a compaction by step: its own functions, each wrapped by a clock.

What a step calls that is a step itself counts there and not here. What lies between is the rest.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import zstandard

from lake.analysis.analyzer import Analyzer
from lake.compaction import session_writer, table_commits
from lake.compaction.compactor import Compactor
from lake.raw import chunk_codec, pending_index
from lake.raw.payload_spool import PayloadSpool
from lake.sessions import merge, session_file_writer
from lake.tables import session_rows

_STEPS: dict[str, list[tuple[Any, str]]] = {
    "index columns of segments": [(pending_index, "read_pending")],
    "payloads to the spool": [(PayloadSpool, "__init__")],
    "inflate": [(merge, "inflate")],
    "checksum, split into events": [(merge, "decode_chunk_events")],
    "frames: join, zstd": [(session_file_writer._FrameWriter, "cut")],
    "order events": [(merge, "ordered_events")],
    "cut, header, file": [(session_file_writer, "write_session_file")],
    "analysis": [(Analyzer, "see"), (Analyzer, "end")],
    "rows": [(session_writer, "table_rows")],
    "files to the store": [(session_writer, "upload_session_file")],
    "known sessions": [(table_commits, "read_compacted_sessions")],
    "commits": [(session_rows, "replace")],
    "delete segments": [(Compactor, "delete")],
}


@contextmanager
def measured() -> Iterator[dict[str, float]]:
    """Count CPU seconds by step, of all threads, while the context is open."""
    used: dict[str, float] = defaultdict(float)
    local = threading.local()

    def wrapped(step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def clocked(*args: Any, **kwargs: Any) -> Any:
            inner = getattr(local, "inner", 0.0)
            local.inner = 0.0
            began = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                took = time.thread_time() - began
                used[step] += took - local.inner
                local.inner = inner + took

        return clocked

    with ExitStack() as stack:
        for step, places in _STEPS.items():
            for owner, name in places:
                stack.enter_context(patch.object(owner, name, wrapped(step, getattr(owner, name))))
        began = time.process_time()
        yield used
        used["rest"] = time.process_time() - began - sum(used.values())


def bound(payloads: list[bytes], texts: list[bytes], level: int) -> dict[str, float]:
    """CPU seconds of the codec alone: inflate, split into events, encode the same frames."""
    used = {"inflate": 0.0, "split into events": 0.0, f"zstd {level}": 0.0}
    inflate, split, compress = used
    for payload in payloads:
        began = time.process_time()
        raw = chunk_codec.inflate(payload, "gzip", raw_bytes_max=1 << 30)
        inflated = time.process_time()
        chunk_codec.split_events(raw)
        used[inflate] += inflated - began
        used[split] += time.process_time() - inflated
    began = time.process_time()
    compressor = zstandard.ZstdCompressor(level=level, write_checksum=True)
    for text in texts:
        compressor.compress(text)
    used[compress] = time.process_time() - began
    return used
