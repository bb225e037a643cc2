from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.analysis.analyzer import Analyzer
from lake.analysis.events import OwnScroll, Scroll
from lake.analysis.rules.scroll_thrash import ScrollThrash
from tests.lake.analysis import streams
from tests.lake.analysis.occurrences import LAW, moved, scrolls, signals_of


def zigzag(
    turns: int, px: float, *, leg_ms: float = 400, at_ms: float = 0, steps: int = 4
) -> list[tuple[float, float]]:
    """Down and up with so many turns between, told `steps` times a leg."""
    places = [(at_ms, 1000.0)]
    for leg in range(turns + 1):
        start = 1000.0 if leg % 2 == 0 else 1000.0 + px
        way = px if leg % 2 == 0 else -px
        parts = [n / steps for n in range(1, steps + 1)]
        places += [(at_ms + (leg + part) * leg_ms, start + way * part) for part in parts]
    return places


def reversals(places: Iterable[tuple[float, float]]) -> list[object]:
    return [s.evidence["reversals"] for s in signals_of(ScrollThrash(), scrolls(places))]


@pytest.mark.parametrize(("turns", "expected"), [(3, []), (4, [4]), (7, [7])])
def test_four_quick_reversals_are_a_thrash(turns: int, expected: list[int]) -> None:
    assert reversals(zigzag(turns, 600)) == expected


@pytest.mark.parametrize(("px", "expected"), [(199, []), (200, [4])])
def test_a_reversal_is_of_200_px_or_more(px: float, expected: list[int]) -> None:
    assert reversals(zigzag(4, px)) == expected


@pytest.mark.parametrize(("leg_ms", "expected"), [(2000, [4]), (2001, [])])
def test_reversals_more_than_two_seconds_apart_do_not_count(
    leg_ms: float, expected: list[int]
) -> None:
    assert reversals(zigzag(4, 600, leg_ms=leg_ms)) == expected


def test_places_that_jump_are_a_thrash_as_well() -> None:
    """Without smooth scrolling rrweb records one position for each turn."""
    assert reversals(zigzag(4, 900, steps=1)) == [4]


def test_two_episodes_are_two_signals_at_their_first_turns() -> None:
    first, second = zigzag(5, 600), zigzag(4, 600, at_ms=60_000)

    signals = signals_of(ScrollThrash(), scrolls([*first, *second]))

    assert [s.evidence["reversals"] for s in signals] == [5, 5]  # the second begins with a turn
    assert 400 < signals[0].at_ms < 800
    assert 60_000 < signals[1].at_ms < 60_400


def test_trembling_on_the_way_down_is_none() -> None:
    """Causes are momentum, a header that shrinks and the end of a smooth scroll."""
    down = [(n * 100.0, n * 150.0 - (n % 2) * 190) for n in range(40)]

    assert reversals(down) == []


def test_the_bounce_at_the_top_is_none() -> None:
    bounces = [(n * 100.0, y) for n, y in enumerate([300, -150, 40, -250, 0, -250, 0, -250, 0])]

    assert reversals(bounces) == []


def test_flings_with_rests_between_are_none() -> None:
    """Ten screens down and some up again, as on a phone."""
    flings = [
        (fling * 3000.0 + n * 100, 5000.0 + (fling % 2) * (1 - 0.5**n) * 3000)
        for fling in range(8)
        for n in range(8)
    ]

    assert reversals(flings) == []


def test_sideways_is_none() -> None:
    rule = ScrollThrash()
    places = [Scroll("p", at_ms, 1, y, 0) for at_ms, y in zigzag(6, 600)]

    assert signals_of(rule, places) == []


def test_a_page_that_begins_in_the_middle_has_no_scroll() -> None:
    places = zigzag(4, 600)[1 + 4 :]  # without its first leg: three turns remain

    assert reversals(places) == []


def test_two_elements_that_are_scrolled_in_turn_do_not_add_up() -> None:
    here = scrolls(zigzag(3, 600), node=1)
    there = scrolls(zigzag(3, 600, at_ms=10), node=2)
    frame = scrolls(zigzag(3, 600, at_ms=20), "q", node=1)

    mixed = sorted([*here, *there, *frame], key=lambda s: s.at_ms)

    assert signals_of(ScrollThrash(), mixed) == []


def test_a_place_that_is_told_late_is_no_turn() -> None:
    down = [(n * 100.0, n * 300.0) for n in range(20)]
    late = [place for n, place in enumerate(down) if n % 3] + [(1950.0, 5900.0)]
    recorded = [p for n, place in enumerate(late) for p in ((place, down[0]) if n else (place,))]

    assert reversals(recorded) == []


def test_elements_without_end_fill_no_memory() -> None:
    rule = ScrollThrash()
    places = [s for node in range(2000) for s in scrolls(zigzag(4, 300), node=node)]

    signals = signals_of(rule, places)

    assert len(signals) == 2000
    assert len(rule._tracks) <= 256


walks = st.lists(st.tuples(st.integers(16, 600), st.integers(-50, 3000)), min_size=5, max_size=60)


@LAW
@given(walks, st.integers(-(10**12), 10**12), st.integers(1, 9))
def test_time_and_numbers_of_nodes_do_not_matter(
    walk: list[tuple[int, int]], by_ms: int, node: int
) -> None:
    at_ms, places = 0, []
    for gap_ms, y in walk:
        at_ms += gap_ms
        places.append((float(at_ms), float(y)))
    shifted = [(at + by_ms, y) for at, y in places]

    signals = signals_of(ScrollThrash(), scrolls(places))

    expected = [moved(signal, by_ms) for signal in signals]
    assert signals_of(ScrollThrash(), scrolls(shifted, node=node)) == expected


@LAW
@given(walks)
def test_a_walk_upside_down_has_the_same_reversals(walk: list[tuple[int, int]]) -> None:
    at_ms, places = 0, []
    for gap_ms, y in walk:
        at_ms += gap_ms
        places.append((float(at_ms), float(max(y, 0))))

    assert reversals(places) == reversals([(at, 3000 - y) for at, y in places])


def owned(places: list[tuple[float, float]], own: list[float]) -> list[object]:
    """The reversals that are told where these were noted as the page's own, each at its place."""
    recorded: list[Scroll | OwnScroll] = [
        *scrolls(places),
        *(OwnScroll("p", at_ms, 1) for at_ms in own),
    ]
    recorded.sort(key=lambda scroll: scroll.at_ms)
    return [s.evidence["reversals"] for s in signals_of(ScrollThrash(), recorded)]


def test_a_page_that_scrolls_itself_is_none() -> None:
    places = zigzag(6, 600)

    assert owned(places, [at_ms for at_ms, _ in places[1:]]) == []
    assert owned(places, [at_ms for at_ms, _ in places[1::3]]) == []  # told 300 ms apart
    jumps = zigzag(6, 600, steps=1)
    assert owned(jumps, [at_ms + 20 for at_ms, _ in jumps[1:]]) == []


def test_who_scrolls_on_after_the_page_did_is_told() -> None:
    places = zigzag(6, 600)

    assert owned(places, [0.0]) == [6 - 1]
    elsewhere = [OwnScroll("p", 2500, 2), OwnScroll("q", 2500, 1)]
    assert len(signals_of(ScrollThrash(), [*scrolls(places), *elsewhere])) == 1


@pytest.mark.parametrize(("led_ms", "expected"), [(40, 0), (260, 1)])
def test_where_clicks_of_a_foreign_page_lead_is_no_thrash(led_ms: int, expected: int) -> None:
    page = streams.Page(("button", {"name": "top"}, "Up"))
    for turn in range(7):
        page.click("top").wait(led_ms).source(3, id=1, x=0, y=turn % 2 * 900).wait(400)

    analysis = Analyzer([streams.PAGE])
    for event in streams.ordered_events(page.events):
        analysis.see(event)
    assert analysis.end().counts.get("scroll_thrash", 0) == expected
