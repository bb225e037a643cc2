"""A soak that cannot fail proves nothing: its truth, held against lakes that are wrong."""

from pathlib import Path

import pytest

from lake.control import websites
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store, open_store
from tests.soak.truth import DAY_MS, Session, Truth
from tests.soak.verify import Verification, compare
from tests.soak.visitors import deliver_as_import
from tests.soak.work import compact_all, now_ms


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(lake=str(tmp_path / "lake"))


@pytest.fixture
def store(settings: Settings) -> Store:
    return open_store(settings)


@pytest.fixture
def truth(store: Store, settings: Settings) -> Truth:
    """Two sessions, one of them compacted, with a place that came again with other bytes."""
    truth = Truth()
    website = websites.create(store, "soak", now_ms=now_ms())
    for name in ("compacted", "waiting"):
        session = truth.add(Session(website.website_id, now_ms() - DAY_MS, name))
        for seq in range(3):
            sent = truth.chunk(session, (session.session_id, seq), 4, f"user-{name}")
            deliver_as_import(store, session, (session.session_id, seq), sent)
            truth.acknowledged(sent)
        other = truth.other(session, (session.session_id, 1), 3, f"user-{name}")
        deliver_as_import(store, session, (session.session_id, 1), other)
        truth.acknowledged(other)
        if name == "compacted":
            assert compact_all(store, settings) == []
    return truth


def wrong(done: Verification) -> tuple[int, int, int, int]:
    return done.lost, done.doubled, done.invented, done.resurrected


def test_correct_lake_passes(store: Store, settings: Settings, truth: Truth) -> None:
    compact_all(store, settings)

    done = compare(store, settings, truth)
    assert wrong(done) == (0, 0, 0, 0), done.examples
    assert done.conflicts == 2


def test_lost_chunks_are_reported(store: Store, settings: Settings, truth: Truth) -> None:
    store.delete([item.key for item in store.list(keys.RAW)])

    assert compare(store, settings, truth).lost == 3 + 1  # and its other bytes


def test_events_never_sent_are_reported(store: Store, settings: Settings, truth: Truth) -> None:
    compact_all(store, settings)
    place = next(iter(truth.sessions[0].first))
    del truth.sessions[0].first[place]

    assert compare(store, settings, truth).invented == 4


def test_erased_sessions_in_rows_and_bytes_are_reported(
    store: Store, settings: Settings, truth: Truth
) -> None:
    compact_all(store, settings)
    truth.sessions[0].leave("erased")

    done = compare(store, settings, truth)
    assert done.resurrected >= 3
    assert {"is served", "has rows in sessions"} <= {text.split(") ")[1] for text in done.examples}
    assert any(".ndjson.zst" in text for text in done.examples)
