from hypothesis import given
from hypothesis import strategies as st

from lake.analysis.events import Navigation
from lake.analysis.page_views import CLICKS_MAX, PageViews

NUMBERS = st.floats() | st.integers(-(10**30), 10**30)


def view(at_ms: float, url: str, page: str = "p") -> Navigation:
    return Navigation(page, at_ms, url, 1280, 720)


def test_a_click_is_a_place_of_the_document_whatever_is_scrolled() -> None:
    views = PageViews()
    views.see_view(view(0, "/a"))
    views.see_document("p", 7)
    views.see_click("p", 1, 10, 20)
    views.see_scroll("p", 7, 5, 300)
    views.see_scroll("p", 99, 0, 5000)  # a box within the page
    views.see_click("p", 2, 10, 20)

    (seen,) = views.by_page["p"]
    assert seen.clicks == [(10, 20), (15, 320)]
    assert seen.seen_px == 300 + 720


def test_an_address_begins_a_view_and_the_same_again_does_not() -> None:
    views = PageViews()
    for at_ms, url in enumerate(["/a", "/a", "/b", "/a"]):
        views.see_view(view(at_ms, url))
        views.see_click("p", at_ms, 1, 1)
    views.see_view(view(9, "/b", page="another"))

    assert [(seen.url, seen.click_count) for seen in views.by_page["p"]] == [
        ("/a", 2),
        ("/b", 1),
        ("/a", 1),
    ]


def test_places_are_bounded_and_counts_are_not() -> None:
    views = PageViews()
    views.see_view(view(0, "/a"))
    for at_ms in range(CLICKS_MAX + 10):
        views.see_click("p", at_ms, 1, 1)
    views.see_click("p", 0, None, None)  # a key's, which has no place

    (seen,) = views.by_page["p"]
    assert (seen.click_count, len(seen.clicks)) == (CLICKS_MAX + 11, CLICKS_MAX)


def test_a_click_before_any_address_counts() -> None:
    views = PageViews()
    views.see_click("p", 5, 1, 1)

    assert [seen.click_count for seen in views.by_page["p"]] == [1]


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=20))
def test_numbers_that_no_screen_has_stay_within_a_column(places: list[tuple[float, float]]) -> None:
    views = PageViews()
    views.see_view(view(0, "/a"))
    for x, y in places:
        views.see_scroll("p", 1, x, y)
        views.see_click("p", 1, x, y)

    (seen,) = views.by_page["p"]
    assert all(0 <= px < 2**31 for place in seen.clicks for px in place)
    assert 0 <= seen.seen_px < 2**31
