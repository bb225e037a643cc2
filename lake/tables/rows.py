"""A session's rows, made of its facts and of what its analysis found. Pure."""

from collections.abc import Iterable
from typing import Any

import msgspec

from lake.analysis.errors import ErrorEvent
from lake.facts import ChunkFacts, Client, Summary
from lake.scrub import URL_LENGTH_MAX
from lake.tables.schemas import SIGNAL_KINDS

URLS_BYTES_MAX = 64 * 1024
PAGES_MAX = 10_000  # rows kept of one session; its counts stay right beyond
_CHUNKS = msgspec.json.Decoder(tuple[ChunkFacts, ...])

Row = dict[str, Any]


def session_row(summary: Summary, *, file_bytes: int, file_sha256: str) -> Row:
    """Return the row of `sessions`, but for its part. Unscored."""
    urls = dict.fromkeys(page.url for page in summary.pages if page.url)
    return {
        **_key(summary),
        "first_at_ms": summary.first_at_ms,
        "duration_ms": summary.duration_ms,
        "user_id": summary.user_id,
        "page_count": len(summary.pages),
        "event_count": summary.event_count,
        "click_count": summary.click_count,
        "error_count": summary.error_count,
        **{f"{kind}_count": None for kind in SIGNAL_KINDS},
        "frustration_score": None,
        "scoring_version": None,
        "viewport_width": summary.width,
        "viewport_height": summary.height,
        **msgspec.structs.asdict(summary.client),
        "initial_url": next((page.url for page in summary.pages if page.url), None),
        "urls": _joined(urls),
        "is_complete": not summary.gaps,
        "raw_bytes": summary.raw_bytes,
        "file_bytes": file_bytes,
        "file_sha256": file_sha256,
    }


def client_of(row: Row) -> Client:
    """Return who recorded, from a row of `sessions`."""
    return Client(**{name: row[name] for name in Client.__struct_fields__})


def page_rows(summary: Summary) -> list[Row]:
    """Return the rows of `pages`."""
    return [
        {
            **_key(summary),
            "page_no": number,
            "page_id": page.page_id,
            "url": page.url,
            "title": page.title,
            "at_ms": page.at_ms,
            "duration_ms": page.duration_ms,
        }
        for number, page in enumerate(summary.pages[:PAGES_MAX])
    ]


def error_rows(
    summary: Summary, chunks: tuple[ChunkFacts, ...], errors: Iterable[ErrorEvent]
) -> list[Row]:
    """Return the rows of `errors`. `chunks` are those that the errors' numbers mean."""
    return [
        {
            **_key(summary),
            "error_no": number,
            "page_id": chunks[error.chunk].page_id,
            "at_ms": int(error.at_ms),
            "visitor_id": summary.client.visitor_id,
            "fingerprint": error.fingerprint,
            "message": error.message,
            "stack": error.stack,
            "source": error.source,
        }
        for number, error in enumerate(errors)
    ]


def file_row(
    summary: Summary,
    chunks: tuple[ChunkFacts, ...],
    *,
    file_bytes: int,
    file_sha256: str,
    frame_count: int,
) -> Row:
    """Return the row of `session_files`."""
    return {
        **_key(summary),
        "file_bytes": file_bytes,
        "file_sha256": file_sha256,
        "frame_count": frame_count,
        "chunks": msgspec.json.encode(chunks),
    }


def unpack_chunks(packed: bytes) -> tuple[ChunkFacts, ...]:
    """Return the chunk facts that the column `chunks` of `session_files` holds."""
    return _CHUNKS.decode(packed)


def _key(summary: Summary) -> Row:
    return {
        "website_id": summary.website_id,
        "session_id": summary.session_id,
        "started_at": summary.started_at,
    }


def _joined(urls: Iterable[str]) -> str:
    """Join whole lines up to the limit. A line break within a URL would make two of it."""
    lines: list[str] = []
    left = URLS_BYTES_MAX
    for url in urls:
        line = url.replace("\n", " ")[:URL_LENGTH_MAX]
        left -= len(line.encode()) + 1
        if left < 0:
            break
        lines.append(line)
    return "\n".join(lines)
