"""Totals kept chunk by chunk are those of a full fold, whatever the order of delivery."""

from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.raw import view_budget
from lake.raw.chunk_facts import ChunkFacts, Client, RecordedView
from lake.raw.segment_file import ReceivedChunk
from lake.sessions import merge, running_summary, summary
from lake.sessions.running_summary import RunningSummary
from lake.sessions.summary import PAGES_MAX, SessionSummary, summarize
from tests.support import lakes

KEY = ("w_a", lakes.session_id())
CLIENT = Client(visitor_id="v")
AT = st.integers(-3, 12).map(lambda at_ms: lakes.NOW_MS + at_ms) | st.sampled_from(
    [-(10**15), 10**15]
)
VIEWS = st.lists(
    st.builds(
        RecordedView,
        AT,
        st.sampled_from(["", "/a", "/b", "/c", "/a long one"]),
        st.integers(0, 2),
        st.integers(0, 2),
        st.sampled_from(["", "A", "B"]),
    ),
    max_size=7,
)
USERS = st.lists(st.sampled_from("uvw"), unique=True)


@st.composite
def sessions(draw: st.DrawFn) -> list[ChunkFacts]:
    places = draw(st.sets(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=9))
    return [
        ChunkFacts(
            page_id=lakes.page_id(page),
            seq=seq,
            crc32=draw(st.integers(0, 1)),
            raw_bytes=draw(st.integers(0, 1)),
            event_count=draw(st.integers(0, 3)),
            click_count=draw(st.integers(0, 3)),
            error_count=draw(st.integers(0, 3)),
            snapshot_count=draw(st.integers(0, 1)),
            first_at_ms=(first := draw(AT)),
            last_at_ms=first + draw(st.integers(0, 3)),
            views=tuple(draw(VIEWS)),
            user_id=users[-1] if (users := draw(USERS)) else None,
            trigger=draw(st.sampled_from([None, "all", "error"])),
            user_ids=tuple(users),
            acted_at_ms=draw(AT | st.none()),
        )
        for page, seq in sorted(places)
    ]


LIMITS = st.tuples(st.sampled_from([40, 130, 400, 1 << 18]), st.sampled_from([1, 3, 2_000]))


class Within:
    """Small budgets, for as long as a test runs."""

    def __init__(self, length_max: int, pages_max: int) -> None:
        self._patches = [
            patch.object(view_budget, "VIEWS_LENGTH_MAX", length_max),
            patch.object(summary, "PAGES_MAX", pages_max),
            patch.object(running_summary, "PAGES_MAX", pages_max),
        ]

    def __enter__(self) -> None:
        for budget in self._patches:
            budget.start()

    def __exit__(self, *_: object) -> None:
        for budget in self._patches:
            budget.stop()


def totals(summary: SessionSummary) -> SessionSummary:
    return summary._replace(pages=[], pages_until_ms=None, gaps=[])


def received_chunk(chunk: ChunkFacts) -> ReceivedChunk:
    return ReceivedChunk(*KEY, chunk, CLIENT, 0, "", b"", 0)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_running_totals_equal_a_full_fold_in_any_order(data: st.DataObject) -> None:
    chunks = data.draw(sessions())
    with Within(*data.draw(LIMITS)):
        running = RunningSummary(*KEY)
        seen = []
        for chunk in data.draw(st.permutations(chunks)):
            running.add(chunk)
            seen.append(chunk)

            assert running.summary(CLIENT) == totals(summarize(*KEY, seen, CLIENT))


def test_exit_url_is_the_same_whether_views_are_cut_or_not() -> None:
    """Facts of an older version: their last view alone says when the visitor was active."""
    url = "/a"
    views = [(0, ""), (0, url), (1, url)]  # the cut keeps the first view and the start of the last
    changing = old_facts(1, views)
    still = old_facts(2, [(0, "/b")])
    with Within(40, 2_000):
        running = RunningSummary(*KEY)
        for chunk in (still, changing):
            running.add(chunk)

        assert running.summary(CLIENT) == totals(summarize(*KEY, [changing, still], CLIENT))
        assert running.summary(CLIENT).exit_url == url


def old_facts(page: int, views: list[tuple[int, str]]) -> ChunkFacts:
    """Facts that do not say when the visitor acted; `views` are (ms, URL)."""
    at_ms = lakes.NOW_MS
    return ChunkFacts(
        page_id=lakes.page_id(page),
        seq=0,
        crc32=0,
        raw_bytes=1,
        event_count=1,
        click_count=0,
        error_count=0,
        snapshot_count=1,
        first_at_ms=at_ms,
        last_at_ms=at_ms + 1,
        views=tuple(RecordedView(at_ms + ms, url, 0, 0, "") for ms, url in views),
        user_id=None,
        trigger=None,
        user_ids=(),
        acted_at_ms=None,
    )


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_chunks_that_were_cut_before_give_the_same_summary(data: st.DataObject) -> None:
    """As in a compacted session that grows, whose stored views are within the budget."""
    chunks = data.draw(sessions())
    with Within(*data.draw(LIMITS)):
        expected = summarize(*KEY, chunks, CLIENT)
        shuffled = data.draw(st.permutations(chunks))
        first = data.draw(st.integers(1, len(chunks)))
        stored = merge.unite_chunks((), None, map(received_chunk, shuffled[:first]))
        whole = merge.unite_chunks(stored.chunks, CLIENT, map(received_chunk, shuffled))
        running = RunningSummary(*KEY)
        for chunk in [*stored.chunks, *(new.facts for new in whole.new)]:
            running.add(chunk)

        assert whole.chunks == merge.unite_chunks((), None, map(received_chunk, chunks)).chunks
        assert summarize(*KEY, whole.chunks, CLIENT) == expected
        assert running.summary(CLIENT) == totals(expected)
        assert running.chunks == {chunk.place: chunk for chunk in whole.chunks}


@settings(max_examples=50, deadline=None)
@given(sessions(), LIMITS)
def test_a_budget_changes_no_count(chunks: list[ChunkFacts], limits: tuple[int, int]) -> None:
    """The chunks are in order of time, as a recorder sends them."""
    chunks = [
        msgspec.structs.replace(
            chunk,
            views=tuple(v for v in chunk.views if 0 <= v.at_ms - lakes.NOW_MS < 100 and v.url),
            first_at_ms=lakes.NOW_MS,
            last_at_ms=lakes.NOW_MS,
            acted_at_ms=None,
        )
        for chunk in chunks
    ]
    in_time = [
        msgspec.structs.replace(
            chunk,
            views=tuple(
                msgspec.structs.replace(view, at_ms=view.at_ms + 100 * number)
                for view in chunk.views
            ),
        )
        for number, chunk in enumerate(chunks)
    ]
    expected = summarize(*KEY, in_time, CLIENT)
    with Within(*limits):
        cut = summarize(*KEY, in_time, CLIENT)

    assert cut.page_count == expected.page_count == len(expected.pages)
    assert (cut.initial_url, cut.exit_url) == (expected.initial_url, expected.exit_url)
    listed = [(page.page_id, page.url, page.at_ms) for page in expected.pages]
    assert [(page.page_id, page.url, page.at_ms) for page in cut.pages] == listed[: len(cut.pages)]
    assert cut.urls == expected.urls[: len(cut.urls)]
    assert (cut.pages_until_ms is None) == (len(cut.pages) == cut.page_count)


@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_large_session_is_kept_within_its_budget(*, is_reversed: bool) -> None:
    running = RunningSummary(*KEY)
    for seq in sorted(range(400), reverse=is_reversed):
        at_ms = lakes.NOW_MS + seq * 1000
        views = tuple(RecordedView(at_ms + i, f"/{seq}/{i}", 800, 600) for i in range(256))
        running.add(
            ChunkFacts(
                page_id=lakes.page_id(), seq=seq, crc32=0, raw_bytes=0, event_count=256,
                click_count=0, error_count=0, snapshot_count=1, first_at_ms=at_ms,
                last_at_ms=at_ms + 255, views=views, user_id=None,
            )
        )  # fmt: skip
    retained = [view for chunk in running.chunks.values() for view in chunk.views]
    summary = running.summary(CLIENT)

    assert summary.page_count == 400 * 256
    assert summary.exit_url == "/399/255"
    assert len(retained) < 8192 + 2 * 400
    assert len(summary.urls) == PAGES_MAX
