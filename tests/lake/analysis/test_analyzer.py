"""One pass over whole sessions: what every session has, whatever its recorder."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lake.analysis.analyzer import AnalysisResult, Analyzer
from lake.sessions.session_file import OrderedEvent
from tests.query_api.recorded import moves, note, page, script_error

Event = dict[str, Any]
PAGES = ["01", "02"]
ANYTHING: st.SearchStrategy[object] = st.sampled_from(
    [None, True, -1, 0, 2, 5, 1e300, 10**25, "", "x" * 500, "\ud800", [], [[[]]], [None], {}]
)
NAMES = """source type id x y positions adds removes attributes texts node href width height tag
    payload plugin text isChecked parentId childNodes url at_ms step status"""
OURS = "page click rage_click form network error identify gap vital"
KEYS = st.sampled_from(NAMES.split())
DATA = st.dictionaries(
    KEYS, ANYTHING | st.integers(0, 16) | st.dictionaries(KEYS, ANYTHING, max_size=3), max_size=5
)
TAGS = st.sampled_from(OURS.split())
NOTES = st.tuples(TAGS, DATA).map(lambda n: {"tag": f"replaylake.{n[0]}", "payload": n[1]})


def analyzed(events: list[tuple[str, Event]]) -> AnalysisResult:
    """Analyse events, each with the page that it is of, as compaction does."""
    analysis = Analyzer(PAGES)
    for page_id, event in sorted(events, key=lambda e: e[1]["timestamp"]):
        text = json.dumps(event).encode()
        analysis.see(OrderedEvent(event["timestamp"], PAGES.index(page_id), event["type"], text))
    return analysis.end()


def of(page_id: str, *events: Event) -> list[tuple[str, Event]]:
    return [(page_id, event) for event in events]


def dead(at_ms: float, **more: object) -> Event:
    recorded = {"x": 4, "y": 5, "interactive": False, "reacted": False, "target": "main > img"}
    return note(at_ms, "click", **{**recorded, **more})


def test_a_note_of_our_recorder_is_believed() -> None:
    session = analyzed(
        of("01", *page(0), dead(10), dead(5000, reacted=True), dead(9000, interactive=True))
    )

    assert session.counts == {"dead_click": 1}
    (signal,) = session.signals
    assert (signal.kind, signal.at_ms, signal.page_id) == ("dead_click", 10, "01")
    assert (signal.target, signal.x, signal.y) == ("main > img", 4, 5)


def test_signals_are_in_order_of_time_and_each_of_its_own_page() -> None:
    session = analyzed(
        [
            *of("01", *page(0), dead(9000)),
            *of("02", *page(100), dead(3000), script_error(3100)),
        ]
    )

    assert [(s.kind, s.page_id) for s in session.signals] == [
        ("dead_click", "02"),
        ("error_click", "02"),
        ("dead_click", "01"),
    ]


def test_texts_of_notes_are_scrubbed_and_cut() -> None:
    session = analyzed(of("01", *page(0), dead(10, text="call 415-555-0199 " + "x" * 500)))

    (signal,) = session.signals
    assert signal.text is not None
    assert "555" not in signal.text
    assert len(signal.text) <= 80


def test_a_session_without_a_visitor_who_acts_has_no_signals() -> None:
    session = analyzed(of("01", *page(0), *moves(100, 50)))

    assert (session.signals, session.counts, session.errors) == ([], {}, [])
    assert session.active_ms > 0
    assert len(session.activity) == 60


@given(
    st.lists(
        st.tuples(st.sampled_from(PAGES), st.sampled_from([2, 3, 3, 3, 4, 6]), DATA)
        | st.tuples(st.sampled_from(PAGES), st.just(5), NOTES),
        max_size=30,
    )
)
def test_nothing_that_can_be_sent_stops_an_analysis(sent: list[tuple[str, int, Any]]) -> None:
    events = [
        (page_id, {"type": kind, "timestamp": number * 200, "data": data})
        for number, (page_id, kind, data) in enumerate(sent)
    ]

    session = analyzed(events)
    assert sum(session.counts.values()) >= len(session.signals)
    for signal in session.signals:
        assert json.dumps(dict(signal.evidence))
        assert signal.text is None or len(signal.text) <= 80
