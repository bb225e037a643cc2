"""Lakes with sample recordings, shared by the tests of this folder."""

import json
from pathlib import Path
from typing import Any

import zstandard

from lake.control import websites
from lake.ingest.import_recording import ImportedSession, import_recording
from lake.reading.lake_snapshot import Lake
from lake.reading.replay import replay
from lake.settings import Settings
from lake.storage.base import Store

RECORDINGS = sorted(Path("orchestration/recordings").resolve().glob("*.json.zst"))
NOW_MS = 1_795_560_000_000  # 2026-11-24T22:40Z
DAY_MS = 86_400_000


def make_website(store: Store, *, plan: str = "pro", now_ms: int = NOW_MS) -> str:
    return websites.create(store, "shop", plan=plan, origins=("*",), now_ms=now_ms).website_id


def add_session(
    store: Store,
    settings: Settings,
    website_id: str,
    *,
    begins_ms: int,
    now_ms: int = NOW_MS,
    recording: Path = RECORDINGS[0],
) -> str:
    (made,) = import_recording(
        store, settings, recording, website_id=website_id, now_ms=now_ms, at_ms=begins_ms
    )
    return made.session_id


def events_of(path: Path) -> list[dict[str, Any]]:
    raw = zstandard.ZstdDecompressor().decompress(path.read_bytes(), max_output_size=1 << 28)
    document: list[dict[str, Any]] = json.loads(raw)
    return document


def in_order(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(events, key=lambda event: event["timestamp"])


def played(
    store: Store, settings: Settings, website_id: str, session_id: str, *, now_ms: int = NOW_MS
) -> list[dict[str, Any]]:
    lake = Lake(store, settings, lambda: now_ms)
    answer = replay(lake, websites.get(store, website_id), session_id)
    text = b"".join(piece.text() for piece in answer.pieces)
    return [json.loads(line) for line in text.splitlines()]


def only(made: list[ImportedSession]) -> str:
    (imported,) = made
    return imported.session_id
