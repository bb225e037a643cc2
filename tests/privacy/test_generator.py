"""No generated secret is uploaded, stored or logged, whatever its shape and its place."""

from collections.abc import Callable, Iterator

import pytest

from tests.privacy.generator import Outcome, cases, outcome, pages
from tests.privacy.places import PLACES, read_places
from tests.privacy.search import forms, numbers_in
from tests.privacy.shapes import SHAPES
from tests.recorder.browser import launched
from tests.recorder.stack import running

# What each mode hides of the texts that a person reads, beyond patterns.
MODES = {"numbers": ("number", "e-mail", "card"), "all": ("number", "word", "e-mail", "token")}


Record = Callable[..., Outcome]


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Record]:
    """Record generated cases, each call as a website of its own."""
    folder = tmp_path_factory.mktemp("privacy")
    with running(folder) as services, launched() as browser:

        def run(seed: int, count: int, mode: str = "patterns") -> Outcome:
            places = read_places(MODES[mode]) if mode in MODES else PLACES
            with browser.new_context() as context:
                drawn = cases(seed, count, places)
                return outcome(services, context.new_page(), drawn, mask_text=mode)

        yield run


def assert_nothing_leaks(result: Outcome) -> None:
    assert result.unseen == set()
    assert result.leaked == set(), result.report()


def test_no_generated_secret_leaves_the_page(record: Record) -> None:
    assert_nothing_leaks(record(seed=1, count=200))


@pytest.mark.parametrize("mode", MODES)
def test_a_stricter_mode_hides_all_of_its_class(mode: str, record: Record) -> None:
    assert_nothing_leaks(record(seed=10 + len(mode), count=130, mode=mode))


@pytest.mark.long
@pytest.mark.parametrize("mode", MODES)
def test_a_stricter_mode_hides_all_of_many(mode: str, record: Record) -> None:
    assert_nothing_leaks(record(seed=20 + len(mode), count=1_000, mode=mode))


@pytest.mark.long
def test_no_secret_of_many_leaves_the_page(record: Record) -> None:
    assert_nothing_leaks(record(seed=2, count=3_000))


def test_cases_reach_every_place_and_shape() -> None:
    drawn = cases(3, 1_000)

    assert {case.place for case in drawn} == set(PLACES)
    assert {case.secret.shape for case in drawn} == set(SHAPES) - {"number"}
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
