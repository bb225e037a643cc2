"""Runs scripts in a real Chromium, several visits at once, and gathers what was recorded."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from benchmarks.accuracy.site import Ingest, serving
from benchmarks.accuracy.truth import FOREIGN, OURS, Visit
from benchmarks.accuracy.visitor import Visitor
from benchmarks.accuracy.visits import SCRIPTS
from benchmarks.accuracy.visits.script import Script
from benchmarks.machine import say
from orchestration.demo import chromium

_HERE = Path(__file__).parent
_RRWEB = _HERE.parents[1] / "ingest_api/recorder/node_modules/rrweb/dist/rrweb.umd.min.cjs"
_LEAVING_S = 0.6  # until beacons have arrived
_VISIT_S_MAX = 60  # a visit that hangs is a mistake of its script


def record(count: int, seed: int, *, only: str = "", browser_count: int = 3) -> list[Visit]:
    """Make this many visits. The same seed makes the same ones, but for the machine's pace."""
    scripts = [script for script in SCRIPTS if only in script.name]
    plan = [(i, scripts[i % len(scripts)], seed * 10_000 + i) for i in range(count)]
    with serving() as (port, ingest):
        return asyncio.run(_record(plan, port, ingest, browser_count))


async def _record(
    plan: Sequence[tuple[int, Script, int]], port: int, ingest: Ingest, browser_count: int
) -> list[Visit]:
    queue = list(reversed(plan))
    done: list[Visit] = []

    async def work(browser: Browser) -> None:
        while queue:
            i, script, seed = queue.pop()
            done.append(await _visit(browser, script, f"{i:03}-{script.name}", seed, port, ingest))

    async with async_playwright() as playwright:
        executable = chromium.find()
        assert executable, chromium.MISSING
        browser = await playwright.chromium.launch(
            executable_path=executable, args=list(chromium.ARGUMENTS)
        )
        await asyncio.gather(*(work(browser) for _ in range(browser_count)))
        await browser.close()
    return sorted(done, key=lambda visit: visit.name)


async def _visit(
    browser: Browser, script: Script, name: str, seed: int, port: int, ingest: Ingest
) -> Visit:
    origin = f"http://127.0.0.1:{port}"
    context = await browser.new_context(viewport={"width": 1000, "height": 700})
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    visitor = Visitor(page, devtools, origin, random.Random(seed))
    await context.expose_function("accuracy_tell", visitor.receive)
    await context.add_init_script(path=_RRWEB)
    observe = (_HERE / "observe.js").read_text()
    await context.add_init_script(observe.replace("PORT", str(port)).replace("VISIT", name))
    try:
        await asyncio.wait_for(script.act(visitor), _VISIT_S_MAX)
        failures = await page.evaluate("window.replaylake?.status?.().failures ?? 0")
        if failures:
            say(f"{name}: the recorder failed {failures} times")
    except Exception as error:  # noqa: BLE001 - one visit's mistake must not end the others
        say(f"{name}: {type(error).__name__}: {error}")
        visitor.flaws.append(f"ended early: {type(error).__name__}")
        visitor.truths.clear()
    await page.goto("about:blank")
    await asyncio.sleep(_LEAVING_S)
    await context.close()
    foreign: dict[str, list[str]] = {}
    for document, event in visitor.events:
        foreign.setdefault(document, []).append(event)
    numbers = {document: i for i, document in enumerate(visitor.pages)}
    return Visit(
        name=name,
        seed=seed,
        truths=visitor.truths,
        streams={
            OURS: list(enumerate(ingest.take(name).values())),
            FOREIGN: [(numbers[document], events) for document, events in foreign.items()],
        },
        is_hard_negative=script.is_hard_negative,
        flaws=visitor.flaws,
    )
