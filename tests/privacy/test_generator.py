"""No generated secret is uploaded, stored or logged, whatever its shape and its place."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.privacy.generator import Outcome, cases, outcome, pages
from tests.privacy.places import PLACES
from tests.privacy.search import forms, numbers_in
from tests.privacy.shapes import SHAPES
from tests.recorder.browser import launched
from tests.recorder.stack import running


def recorded(folder: Path, seed: int, count: int) -> Outcome:
    with running(folder) as services, launched() as browser, browser.new_context() as context:
        page: Page = context.new_page()
        return outcome(services, page, cases(seed, count))


def assert_nothing_leaks(result: Outcome) -> None:
    assert result.unseen == set()
    assert result.leaked == set(), result.report()


def test_no_generated_secret_leaves_the_page(tmp_path: Path) -> None:
    assert_nothing_leaks(recorded(tmp_path, seed=1, count=200))


@pytest.mark.long
def test_no_secret_of_many_leaves_the_page(tmp_path: Path) -> None:
    assert_nothing_leaks(recorded(tmp_path, seed=2, count=3_000))


def test_cases_reach_every_place_and_shape() -> None:
    drawn = cases(3, 1_000)

    assert {case.place for case in drawn} == set(PLACES)
    assert {case.secret.shape for case in drawn} == set(SHAPES)
    assert sorted(case.control for page in pages(drawn) for case in page) == sorted(
        case.control for case in drawn
    )


def test_secret_is_found_in_each_encoding() -> None:
    needle = "jane+x@letters.example"
    written = forms(needle)

    assert len(written) > 12
    for form in written:
        assert numbers_in({7: {needle}}, [b"before " + form + b" after"]) == {7}
    assert numbers_in({7: {needle}}, [b"jane+x@lettersXexample"]) == set()
