"""Counting rules of the accuracy benchmark: a wrong rule costs, a right one does not."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.accuracy import matching
from benchmarks.accuracy.matching import Score
from benchmarks.accuracy.truth import FOREIGN, OURS, Truth, Visit, load_visits, save_visit
from benchmarks.accuracy.visitor import Clicked, is_rage, is_thrash
from benchmarks.accuracy.visits import SCRIPTS

AT_MS = 1_795_900_000_000.0


def event(kind: int, ms: float, data: str) -> str:
    return f'{{"type":{kind},"timestamp":{AT_MS + ms:.0f},"data":{data}}}'


def note(tag: str, ms: float, payload: str) -> str:
    return event(5, ms + 1000, f'{{"tag":"replaylake.{tag}","payload":{payload}}}')


def dead(ms: float) -> str:
    payload = f'{{"x":1,"y":1,"at_ms":{AT_MS + ms:.0f},"interactive":false,"reacted":false}}'
    return note("click", ms, payload)


def visit(truths: list[Truth], *events: str, page: int = 0) -> Visit:
    view = event(4, 0, '{"href":"https://shop.test/","width":800,"height":600}')
    pages = [(number, [view]) for number in range(page)]
    return Visit("v", 1, truths, {OURS: [*pages, (page, [view, *events])]})


def truth(kind: str, ms: float, *, page: int = 0, is_optional: bool = False) -> Truth:
    at_ms = AT_MS + ms
    return Truth(kind, at_ms, at_ms, page, "p", is_optional=is_optional)


def score(recorded: Visit) -> Score:
    scores: dict[tuple[str, str], Score] = {}
    matching.add(scores, recorded, OURS, ("dead_click",))
    return scores[OURS, "dead_click"]


def test_signal_near_its_truth_is_right() -> None:
    scored = score(visit([truth("dead_click", 5_000)], dead(5_900)))

    assert (scored.truth, scored.reported, scored.right, scored.faults) == (1, 1, 1, [])


def test_truth_without_signal_is_missed_and_signal_is_extra() -> None:
    scored = score(visit([truth("dead_click", 5_000)], dead(9_000)))

    assert (scored.missed, scored.extra, scored.recall, scored.precision) == (1, 1, 0.0, 0.0)


def test_second_signal_for_one_truth_is_extra() -> None:
    scored = score(visit([truth("dead_click", 5_000)], dead(5_000), dead(6_300)))

    assert (scored.right, scored.extra, scored.precision) == (1, 1, 0.5)


def test_optional_truth_changes_no_score() -> None:
    may = [truth("dead_click", 5_000, is_optional=True)]

    assert (score(visit(may)).truth, score(visit(may)).faults) == (0, [])
    assert score(visit(may, dead(5_000))).faults == []


def test_signal_on_another_page_misses_the_truth() -> None:
    scored = score(visit([truth("dead_click", 5_000)], dead(5_000), page=1))

    assert (scored.missed, scored.extra) == (1, 1)


def test_foreign_stream_skips_truths_that_need_requests() -> None:
    failed = Truth("dead_click", AT_MS, AT_MS, 0, "form", needs="requests")
    recorded = Visit("v", 1, [failed], {FOREIGN: [], OURS: []})
    scores: dict[tuple[str, str], Score] = {}

    for recorder in (OURS, FOREIGN):
        matching.add(scores, recorded, recorder, ("dead_click",))

    assert scores[OURS, "dead_click"].missed == 1
    assert scores[FOREIGN, "dead_click"].truth == 0


def test_saved_visit_loads_unchanged(tmp_path: Path) -> None:
    recorded = visit([truth("dead_click", 5_000)], dead(5_000))

    save_visit(recorded, tmp_path)

    assert load_visits(tmp_path) == [recorded]


@given(st.lists(st.floats(0, 400), min_size=3, max_size=9))
def test_three_clicks_within_the_window_are_a_rage_click(gaps: list[float]) -> None:
    stamps = [sum(gaps[:i]) for i in range(len(gaps))]
    clicks = [Clicked(AT_MS + ms, ms, 1, 1, 1) for ms in stamps]

    nearest = min(c - a for a, c in zip(stamps, stamps[2:], strict=False))
    assert is_rage(clicks, nearest + 0.01) is True
    assert is_rage(clicks, nearest - 0.01) is False


def test_four_turns_in_two_seconds_are_thrash_three_are_not() -> None:
    places = [0, 400, 0, 400, 0, 400]
    scrolls = [(AT_MS + 300 * i, float(y)) for i, y in enumerate(places)]

    assert is_thrash(scrolls, 2_000)
    assert not is_thrash(scrolls, 800)
    assert not is_thrash(scrolls[:-1], 2_000)
    assert not is_thrash([(at_ms, y / 3) for at_ms, y in scrolls], 2_000)


def test_script_names_are_unique_and_half_are_hard_negatives() -> None:
    hard = sum(script.is_hard_negative for script in SCRIPTS)

    assert len({script.name for script in SCRIPTS}) == len(SCRIPTS) >= 60
    assert 0.45 <= hard / len(SCRIPTS) <= 0.6
