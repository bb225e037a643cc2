"""`docs/reliability.md` and the markers say the same, and every number has its test."""

import re

from lake import failpoints
from tests.numbers.catalogue import KINDS, NOT_YET
from tests.numbers.markers import ALL, TESTS, Number, files_by_number
from tests.numbers.page import PAGE, WRITE, written


def test_reliability_page_matches_the_markers() -> None:
    text = PAGE.read_text()

    assert text == written(text), f"run `{WRITE}`"


def test_every_fault_and_attack_has_a_test() -> None:
    """Except those of parts that do not exist yet."""
    files = files_by_number()

    missing = [number for number in ALL if number.is_expected and number not in files]
    assert missing == []
    assert list(KINDS["fault"]) == list(KINDS["attack"]) == list(range(1, 49))


def test_every_marker_number_is_in_the_catalogue() -> None:
    assert [number for number in files_by_number() if not number.text] == []


def test_an_attack_that_is_shown_is_no_longer_left_for_later() -> None:
    files = files_by_number()

    assert [n for n in NOT_YET if Number("attack", n) in files] == []


def test_every_failpoint_is_on_the_page_with_its_process() -> None:
    section = PAGE.read_text().partition("## Crash points")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \|.*\| `([\w/.]+)` \|$", section, re.MULTILINE)

    assert tuple(point for point, _ in rows) == failpoints.FAILPOINTS
    for point, file in rows:
        dies = (TESTS / file).read_text()
        assert point in dies or f'startswith("{point.partition("-")[0]}-")' in dies, point
