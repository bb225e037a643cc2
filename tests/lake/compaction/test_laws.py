"""Laws of compaction: the same chunks give the same lake, however they were delivered."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lake.raw.segment_file import ReceivedChunk
from lake.settings import Settings
from lake.storage.base import Store, open_store
from tests.support import lakes

EVENTS = st.lists(
    st.builds(
        lambda kind, at, data: {"type": kind, "timestamp": at, "data": data},
        st.sampled_from([0, 1, 2, 3, 4, 5, 6, 99, -7]),
        st.integers(-2, 6) | st.floats(-2, 6) | st.sampled_from([8.64e15, -8.64e15, 0.5]),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-(2**60), 2**60)
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(st.sampled_from(["href", "tag", "payload", "a", "\n"]), inner)
            ),
            max_leaves=4,
        ),
    ),
    min_size=1,
    max_size=5,
)
# Two websites may share a session id, two sessions a page id.
PLACES = st.tuples(
    st.sampled_from(["w_a", "w_b"]), st.integers(0, 1), st.integers(0, 1), st.integers(0, 3)
)


class Delivery(NamedTuple):
    """Segments in order, each with what is compacted after it: None, or (settled only, delay)."""

    segments: list[list[ReceivedChunk]]
    compactions: list[tuple[bool, int] | None]


@st.composite
def deliveries(draw: st.DrawFn, chunks: list[ReceivedChunk]) -> Delivery:
    """Chunks shuffled, some doubled, some compressed differently, cut into segments."""
    again = draw(st.lists(st.sampled_from(chunks), max_size=4))
    shuffled = draw(st.permutations([*chunks, *again]))
    sent = [
        lakes.chunk(
            lakes.json_of(received_chunk),
            seq=received_chunk.facts.seq,
            page=received_chunk.facts.page_id,
            session=received_chunk.session_id,
            website=received_chunk.website_id,
            encoding=draw(st.sampled_from(["gzip", ""])),
            level=draw(st.sampled_from([1, 9])),
            received_ms=lakes.NOW_MS + 1000 * number,
        )
        for number, received_chunk in enumerate(shuffled)
    ]
    segments = []
    while sent:
        size = draw(st.integers(1, len(sent)))
        segments.append(sent[:size])
        sent = sent[size:]
    compactions = draw(
        st.lists(
            st.none() | st.tuples(st.booleans(), st.sampled_from([0, 61_000, 700_000])),
            min_size=len(segments),
            max_size=len(segments),
        )
    )
    return Delivery(segments, compactions)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[ReceivedChunk], Delivery]:
    places = draw(st.sets(PLACES, min_size=1, max_size=8))
    chunks = [
        lakes.chunk(
            draw(EVENTS),
            seq=seq,
            page=lakes.page_id(page),
            session=lakes.session_id(session, at_ms=lakes.NOW_MS + 3_600_000 * session),
            website=website,
        )
        for website, session, page, seq in sorted(places)
    ]
    return chunks, draw(deliveries(chunks))


LIMITS = st.fixed_dictionaries(
    {
        "session_memory_bytes_max": st.sampled_from([1, 700, 1 << 26]),
        "compact_spool_bytes_max": st.sampled_from([1, 1 << 30]),
        "compact_chunks_max": st.sampled_from([1, 3, 20_000]),
    }
)
FRAMES = st.fixed_dictionaries(
    {
        "frame_bytes_min": st.sampled_from([1, 150, 1 << 20]),
        "frame_bytes_max": st.sampled_from([1, 300, 1 << 22]),
    }
)


@contextmanager
def new_lake(**limits: int) -> Iterator[tuple[Store, Settings]]:
    with TemporaryDirectory() as folder:
        settings = Settings(lake=str(Path(folder) / "lake"), **limits)  # type: ignore[arg-type]
        yield open_store(settings), settings


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(case=cases(), limits=LIMITS, frames=FRAMES)
@pytest.mark.fault(25, 27, 28, 31, 32)
def test_any_delivery_gives_the_same_files_and_the_same_rows(
    case: tuple[list[ReceivedChunk], Delivery], limits: dict[str, int], frames: dict[str, int]
) -> None:
    """Faults 25, 27, 28, 31, 32: I1 to I6 hold after each step, and I4 at the end."""
    chunks, delivery = case
    with new_lake(**frames) as (store, settings):
        lakes.append(store, chunks)
        lakes.compact(store, settings)
        lakes.verify(store, chunks)
        expected = lakes.all_rows(store)
    with new_lake(**limits, **frames) as (store, other):
        sent: list[ReceivedChunk] = []
        for segment, compaction in zip(*delivery, strict=True):
            sent += segment
            lakes.append(store, segment, now_ms=lakes.NOW_MS + len(sent))
            lakes.verify(store, sent)
            if compaction is not None:
                settled_only, delay_ms = compaction
                now_ms = segment[-1].received_at // 1000 + delay_ms
                lakes.compact(store, other, now_ms=now_ms, settled_only=settled_only)
                lakes.verify(store, sent)
        lakes.compact(store, other)

        lakes.verify(store, sent)
        assert list(store.list("raw/")) == []
        assert list(store.list("quarantine/")) == []
        assert lakes.all_rows(store) == expected


@pytest.mark.fault(25, 27, 28)
def test_late_and_doubled_chunks_make_the_same_session(store: Store, settings: Settings) -> None:
    """Faults 25, 27, 28."""
    chunks = lakes.recorded()
    shuffled = chunks[1:] + chunks[::3]
    random.Random(1).shuffle(shuffled)
    sent: list[ReceivedChunk] = []
    for part in (shuffled[:5], shuffled[5:], chunks[:1]):
        sent += part
        lakes.append(store, part[::2], part[1::2])
        lakes.verify(store, sent)
        lakes.compact(store, settings)
        lakes.verify(store, sent)

    in_order = sorted(lakes.recording(), key=lambda event: event["timestamp"])
    assert lakes.stored_events(store) == in_order


@pytest.mark.fault(28)
def test_every_compaction_of_a_growing_session_leaves_one_row(
    store: Store, settings: Settings
) -> None:
    """Fault 28."""
    sent: list[ReceivedChunk] = []
    for received_chunk in lakes.session(chunk_count=4):
        sent.append(received_chunk)
        lakes.append(store, [received_chunk])
        (done,) = lakes.compact(store, settings)
        assert (done.session_count, done.chunk_count, done.segment_count) == (1, 1, 1)
        lakes.verify(store, sent)


@pytest.mark.fault(25)
@pytest.mark.also_on_s3
def test_a_day_that_was_compacted_is_not_written_again(store: Store, settings: Settings) -> None:
    """Fault 25: chunks that were compacted before change no table."""
    chunks = lakes.session()
    lakes.append(store, chunks)
    lakes.compact(store, settings)
    versions = {item.key for item in store.list("tables/")}
    lakes.append(store, chunks)
    (done,) = lakes.compact(store, settings)

    assert (done.session_count, done.chunk_count, done.segment_count) == (0, 0, 1)
    assert {item.key for item in store.list("tables/")} == versions
    lakes.verify(store, chunks)


@pytest.mark.parametrize("limit", ["compact_chunks_max", "compact_spool_bytes_max"])
@pytest.mark.also_on_s3
def test_a_day_in_many_slices_is_the_day(store: Store, settings: Settings, limit: str) -> None:
    small = {
        "compact_chunks_max": replace(settings, compact_chunks_max=1),
        "compact_spool_bytes_max": replace(settings, compact_spool_bytes_max=1),
    }[limit]
    chunks = [received_chunk for number in range(5) for received_chunk in lakes.session(number)]
    lakes.append(store, *([received_chunk] for received_chunk in chunks))
    (done,) = lakes.compact(store, small)

    assert done.segment_count == len(chunks)
    lakes.verify(store, chunks)


@pytest.mark.also_on_s3
def test_a_session_spread_over_many_segments_is_written_once(
    store: Store, settings: Settings
) -> None:
    """Few chunks fit into memory and many sessions go on at once, but each is written once."""
    small = replace(settings, compact_chunks_max=3)
    ages_ms = [61_000, 62_000, 1_000, 63_000]
    sessions = [
        lakes.session(number, chunk_count=6, received_ms=lakes.NOW_MS - age_ms)
        for number, age_ms in enumerate(ages_ms)
    ]
    lakes.append(store, *zip(*sessions, strict=True))  # a segment has a chunk of each
    (done,) = lakes.compact(store, small, settled_only=True)

    assert (done.session_count, done.chunk_count, done.segment_count) == (3, 18, 0)
    lakes.verify(store, [received_chunk for session in sessions for received_chunk in session])
    (done,) = lakes.compact(store, small, settled_only=True)
    assert (done.session_count, done.segment_count) == (0, 0)
    (done,) = lakes.compact(store, small, settled_only=True, now_ms=lakes.NOW_MS + 60_000)
    assert (done.session_count, done.segment_count) == (1, 6)


@pytest.mark.also_on_s3
def test_active_sessions_and_their_segments_stay_pending(store: Store, settings: Settings) -> None:
    over = lakes.session(1, received_ms=lakes.NOW_MS - 61_000)
    live = lakes.session(2, received_ms=lakes.NOW_MS - 1_000)
    first, second = lakes.session(3, chunk_count=2)
    old = [received(first, lakes.NOW_MS - 601_000), received(second, lakes.NOW_MS)]
    lakes.append(store, over + live + old)
    (done,) = lakes.compact(store, settings, settled_only=True)

    assert (done.session_count, done.segment_count) == (2, 0)
    lakes.verify(store, over + live + old)
    (done,) = lakes.compact(store, settings, settled_only=True, now_ms=lakes.NOW_MS + 60_000)
    assert (done.session_count, done.segment_count) == (1, 1)
    lakes.verify(store, over + live + old)


def received(received_chunk: ReceivedChunk, at_ms: int) -> ReceivedChunk:
    return received_chunk._replace(received_at=at_ms * 1000)
