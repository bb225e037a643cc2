"""Without any one pattern, the generator finds a leak: no rule is untested."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from deploy.secret_patterns import shapes
from tests.privacy.generator import cases, outcome
from tests.recorder.browser import launched
from tests.recorder.stack import Services, running
from tests.recorder.test_masking_rules import built

pytestmark = pytest.mark.long

# The others are caught by a second pattern in most of their cases.
_NEEDED = (
    *("EMAIL", "KEY", "WORD", "SLASHED", "CARD", "SSN", "PHONE", "TYPOGRAPHIC", "DASH"),
    *("LINK_NAME", "PLAIN_STEP"),
)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with running(tmp_path_factory.mktemp("services")) as services:
        yield services


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.mark.parametrize("name", _NEEDED)
def test_generator_finds_a_leak_without_the_pattern(
    name: str, services: Services, browser: Browser, tmp_path: Path
) -> None:
    line = re.search(rf"^export const {name} = .*$", shapes(), re.MULTILINE)
    assert line
    never = "/(?!)/g" if name != "PLAIN_STEP" else "/^/"
    edits = [("src/privacy/shapes.ts", line[0], f"export const {name} = {never};")]
    # A seed of its own, as all share a lake.
    drawn = cases(100 + _NEEDED.index(name), 500)
    with browser.new_context() as context:
        result = outcome(services, context.new_page(), drawn, dist=built(tmp_path, edits))

    assert result.leaked, "nobody would miss it"
