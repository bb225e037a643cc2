"""A session's rows, built from its chunk facts and its analysis. Pure."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from lake import ids
from lake.analysis.analyzer import AnalysisResult
from lake.analysis.js_errors.rule import JsError
from lake.analysis.page_views import CLICKS_MAX, ViewInteractions
from lake.analysis.score import SCORING_VERSION, score
from lake.control.tombstones import People
from lake.raw.chunk_facts import ChunkFacts, Client
from lake.raw.redaction import URL_LENGTH_MAX
from lake.sessions.summary import SessionSummary
from lake.tables.page_view_lookup import PageViewLookup
from lake.tables.schemas import SCORE_COLUMNS, SIGNAL_KINDS
from lake.timestamps import clamp_to_session

URLS_BYTES_MAX = 64 * 1024
_CHUNKS = msgspec.json.Decoder(tuple[ChunkFacts, ...])

Row = dict[str, Any]


def session_row(
    summary: SessionSummary,
    analysis: AnalysisResult | None,
    *,
    visitor_ids: Iterable[str],
    file_bytes: int,
    file_sha256: str,
) -> Row:
    """Return the row of `sessions`, without `part`; unscored if `analysis` is None."""
    return {
        **_key(summary),
        "first_at_ms": summary.first_at_ms,
        "duration_ms": summary.duration_ms,
        "visitor_ids": list(visitor_ids),
        "user_id": summary.user_id,
        "user_ids": list(
            dict.fromkeys((*summary.user_ids, *(analysis.user_ids if analysis else ())))
        ),
        "page_count": summary.page_count,
        "event_count": summary.event_count,
        "click_count": summary.click_count,
        "error_count": summary.error_count,
        **_scores(analysis),
        "viewport_width": summary.width,
        "viewport_height": summary.height,
        **msgspec.structs.asdict(summary.client),
        "initial_url": summary.initial_url,
        "exit_url": summary.exit_url,
        "urls": _join_urls(summary.urls),
        "is_complete": summary.is_complete,
        "raw_bytes": summary.raw_bytes,
        "file_bytes": file_bytes,
        "file_sha256": file_sha256,
    }


def client_of(row: Row) -> Client:
    """Return the client of a row of `sessions`."""
    return Client(**{name: row[name] for name in Client.__struct_fields__})


def visitors_of(row: Row) -> list[str]:
    """Return all visitors of a row of `sessions`; an old row has only the first."""
    return row["visitor_ids"] or [row["visitor_id"]]


def users_of(row: Row) -> list[str]:
    """Return all users of a row of `sessions`; an old row has only the last."""
    return row["user_ids"] or [user_id for user_id in (row["user_id"],) if user_id]


def people_of(row: Row) -> People:
    """Return all visitors and all users of a row of `sessions`."""
    return People(visitors_of(row), users_of(row))


def page_rows(summary: SessionSummary, analysis: AnalysisResult) -> list[Row]:
    """Return the rows of `pages`: the first `lake.raw.chunk_facts.PAGES_MAX` page views."""
    seen = _views_of(summary, analysis)
    return [
        {
            **_key(summary),
            "page_no": number,
            "page_id": page.page_id,
            "url": page.url,
            "title": page.title,
            "at_ms": page.at_ms,
            "duration_ms": page.duration_ms,
            "viewport_width": next((view.width for view in seen[number] if view.width), None),
            "viewport_height": next((view.height for view in seen[number] if view.height), None),
            "click_count": sum(view.click_count for view in seen[number]),
            "clicks": _places(seen[number]),
            "seen_px": max((view.seen_px for view in seen[number]), default=0),
        }
        for number, page in enumerate(summary.pages)
    ]


def error_rows(
    summary: SessionSummary, chunks: tuple[ChunkFacts, ...], errors: Iterable[JsError]
) -> list[Row]:
    """Return the rows of `errors`. `error.chunk` is an index of `chunks`."""
    addresses = PageViewLookup(summary.pages, summary.pages_until_ms)
    return [
        {
            **_key(summary),
            "error_no": number,
            "page_id": chunks[error.chunk].page_id,
            "at_ms": _at_ms(summary, error.at_ms),
            "url": addresses.at(chunks[error.chunk].page_id, _at_ms(summary, error.at_ms)),
            "visitor_id": summary.client.visitor_id,
            "fingerprint": error.fingerprint,
            "message": error.message,
            "stack": error.stack,
            "source": error.source,
        }
        for number, error in enumerate(errors)
    ]


def signal_rows(summary: SessionSummary, analysis: AnalysisResult) -> list[Row]:
    """Return the rows of `signals`."""
    addresses = PageViewLookup(summary.pages, summary.pages_until_ms)
    return [
        {
            **_key(summary),
            "signal_no": number,
            "kind": signal.kind,
            "page_id": signal.page_id,
            "at_ms": _at_ms(summary, signal.at_ms),
            "url": addresses.at(signal.page_id, _at_ms(summary, signal.at_ms)),
            "target": signal.target,
            "text": signal.text,
            "x": signal.x,
            "y": signal.y,
            "evidence": json.dumps(dict(signal.evidence), sort_keys=True),
        }
        for number, signal in enumerate(analysis.signals)
    ]


def file_row(
    summary: SessionSummary,
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


def _scores(analysis: AnalysisResult | None) -> Row:
    if analysis is None:
        return dict.fromkeys(SCORE_COLUMNS)
    return {
        **{f"{kind}_count": analysis.counts.get(kind, 0) for kind in SIGNAL_KINDS},
        "frustration_score": score(analysis.counts),
        "scoring_version": SCORING_VERSION,
        "active_ms": analysis.active_ms,
        "activity": analysis.activity,
    }


def _at_ms(summary: SessionSummary, at_ms: float) -> int:
    return clamp_to_session(at_ms, ids.at_ms_of(summary.session_id))


def _views_of(summary: SessionSummary, analysis: AnalysisResult) -> list[list[ViewInteractions]]:
    """Return the analysed views of each page row. Both split pages into views by URL."""
    addresses = PageViewLookup(summary.pages, summary.pages_until_ms)
    seen: list[list[ViewInteractions]] = [[] for _ in summary.pages]
    for page_id, views in analysis.views.items():
        for view in views:
            number = addresses.number_at(page_id, _at_ms(summary, view.at_ms))
            if number is not None:
                seen[number].append(view)
    return seen


def _places(views: list[ViewInteractions]) -> str:
    clicks = [place for view in views for place in view.clicks]
    return json.dumps(clicks[:CLICKS_MAX], separators=(",", ":"))


def _key(summary: SessionSummary) -> Row:
    return {
        "website_id": summary.website_id,
        "session_id": summary.session_id,
        "started_at": summary.started_at,
    }


def _join_urls(urls: Iterable[str]) -> str:
    """Join whole lines up to the limit. A line break in a URL becomes a space."""
    lines: list[str] = []
    left = URLS_BYTES_MAX
    for url in urls:
        line = url.replace("\n", " ")[:URL_LENGTH_MAX]
        left -= len(line.encode()) + 1
        if left < 0:
            break
        lines.append(line)
    return "\n".join(lines)
