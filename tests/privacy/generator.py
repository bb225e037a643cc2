"""Pages full of generated secrets, recorded by real browser, recorder and servers.

A case is a shape at a place, drawn from a seed; hundreds share a page.
"""

import html
import json
import string
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import NamedTuple

from playwright.sync_api import Page

from ingest_api.recorder_assets import DIST
from tests.conftest import eventually
from tests.privacy.places import HEAD, NOTES_MAX, PLACES, Place
from tests.privacy.search import numbers_in
from tests.privacy.shapes import Drawn, draw
from tests.recorder import site as sites
from tests.recorder.browser import recorded
from tests.recorder.relay import relaying
from tests.recorder.stack import Services, Stack

CASES_PER_PAGE = 250


class Case(NamedTuple):
    """A secret at a place, beside a control that must be recorded where the place allows one."""

    place: Place
    secret: Drawn
    control: str

    def describe(self) -> str:
        """Return what it is, for a report."""
        shape = f"{self.secret.shape} ({self.secret.encoding})"
        return f"{shape} in {self.place.name}: {self.secret.text!r}"


class Outcome(NamedTuple):
    """What the search found of the cases."""

    cases: list[Case]
    leaked: set[int]
    unseen: set[int]  # whose control was not recorded

    def report(self) -> str:
        """Describe the leaks."""
        return "\n".join(sorted(self.cases[number].describe() for number in self.leaked))

    def table(self) -> str:
        """Return the cases and leaks of each shape as a Markdown table."""
        cases = Counter(case.secret.shape for case in self.cases)
        leaks = Counter(self.cases[number].secret.shape for number in self.leaked)
        rows = [f"| {shape} | {count} | {leaks[shape]} |" for shape, count in sorted(cases.items())]
        return "\n".join(["| shape | cases | leaks |", "|---|---|---|", *rows])


def cases(seed: int, count: int, places: tuple[Place, ...] = PLACES) -> list[Case]:
    """Draw cases: every place again and again, in another order each time."""
    random, of_controls = Random(seed), Random(f"controls {seed}")
    drawn: list[Case] = []
    while len(drawn) < count:
        for place in random.sample(places, len(places)):
            secret = draw(random, place.shapes, is_one_word=place.is_one_word)
            control = "control" + "".join(of_controls.choices(string.ascii_lowercase, k=10))
            drawn.append(Case(place, secret, control))
    return drawn[:count]


def pages(drawn: list[Case]) -> Iterator[list[Case]]:
    """Share the cases among pages, each with few errors."""
    waiting = drawn
    while waiting:
        page: list[Case] = []
        later: list[Case] = []
        notes = 0
        for case in waiting:
            is_note = case.place.timing == "note"
            if len(page) >= CASES_PER_PAGE or (is_note and notes >= NOTES_MAX):
                later.append(case)
            else:
                page.append(case)
                notes += is_note
        yield page
        waiting = later


def page_html(page: list[Case]) -> str:
    """Return the HTML of a page: what stands there from the start."""
    return HEAD + "\n".join(
        _filled(case, html.escape) for case in page if case.place.timing == "snapshot"
    )


def steps(page: list[Case]) -> list[str]:
    """Return the scripts of a page: what is written later."""
    return [_script(case) for case in page if case.place.timing != "snapshot"]


def _filled(case: Case, write: object = html.escape) -> str:
    assert callable(write)
    return case.place.code.format(s=write(case.secret.text), c=case.control)


def _script(case: Case) -> str:
    code, _, fragment = case.place.code.partition("|")
    text, control = json.dumps(case.secret.text), json.dumps(case.control)
    inner = fragment.format(s=html.escape(case.secret.text), c=case.control) if fragment else ""
    return code.format(s=text, c=control, h=json.dumps(inner))


def visit(page: Page, site: sites.Site, some: list[Case], number: int) -> str:
    """Open a page of cases, run its scripts and return the session."""
    end = f"endof{number}page"
    site.pages[f"/{number}"] = page_html(some)
    page.goto(f"{site.origin}/{number}")
    recorded(page)
    wait = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
    for step in steps(some):
        page.evaluate(f"() => {{ {step} }}")
    page.evaluate(f"async () => {{ box().className = {end!r}; await {wait}; }}")
    session = recorded(page)
    page.goto("about:blank")
    return session


def outcome(
    services: Services,
    page: Page,
    drawn: list[Case],
    *,
    mask_text: str = "patterns",
    dist: Path = DIST,
) -> Outcome:
    """Record the cases in this browser page by these services."""
    with sites.served() as site, closing(Stack(services, site.origin)) as stack:
        stack.change(plan="enterprise", mask_text=mask_text)
        with relaying(stack, dist=dist) as relay:
            site.tag = relay.tag
            all_pages = list(pages(drawn))
            for number, some in enumerate(all_pages):
                session = visit(page, site, some, number)
            ends = [f"endof{number}page".encode() for number in range(len(all_pages))]
            eventually(lambda: all(end in relay.wire() for end in ends))
            eventually(lambda: ends[-1].decode() in json.dumps(stack.replay(session)))
            wire = list(relay.sent().values())
            before = stack.lake_bytes()
            stack.compact()
            logs = [server.log.read_bytes() for server in (stack.ingest, stack.query)]
            bodies = [*wire, before, stack.lake_bytes(), *logs]
    secrets = {number: case.secret.needles() for number, case in enumerate(drawn)}
    controls = {number: {case.control} for number, case in enumerate(drawn) if _has_control(case)}
    unseen = controls.keys() - numbers_in(controls, wire)
    return Outcome(drawn, numbers_in(secrets, bodies), unseen)


def _has_control(case: Case) -> bool:
    return "{c}" in case.place.code
