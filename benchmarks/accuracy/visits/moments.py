"""Errors at a click, pages left at once by Back, answers that take three seconds."""

from benchmarks.accuracy.visitor import Clicked, Visitor
from benchmarks.accuracy.visits.script import Scripts

SCRIPTS = Scripts()
_QUICK_MS = 4_500  # the definition's five seconds, and some for the way


@SCRIPTS.positive
async def clicks_that_break(v: Visitor) -> None:
    """Thrown, rejected, logged."""
    await v.open("/pages/errors.html")
    places = ["#throws", "#rejects", "#logs"]
    v.choice.shuffle(places)
    for place in places:
        clicked = await v.click(place)
        if clicked:
            v.say("error_click", clicked.at_ms, place, place=clicked, needs="errors")
        await v.pause(1.2, 1.5)
    await v.click("#fine")


@SCRIPTS.positive
async def rage_at_what_breaks(v: Visitor) -> None:
    """Each click throws, and nothing else happens."""
    await v.open("/pages/errors.html")
    seen = len(v.clicks)
    await v.rage("#throws", v.choice.randint(3, 6))
    for click in v.clicks[seen:]:
        v.say("error_click", click.at_ms, "#throws", place=click, is_optional=True, needs="errors")
    await v.dead(".text")


@SCRIPTS.positive
async def back_at_once(v: Visitor) -> None:
    """A page that was not it."""
    await v.open("/pages/native.html")
    since_ms = await v.now()
    async with v.page.expect_navigation():
        await v.click("#away")
    await v.ready()
    await v.pause(0.5, 1.0)
    await _go_back(v, since_ms, "text.html")
    await v.ready()


@SCRIPTS.positive
async def back_at_once_in_an_app(v: Visitor) -> None:
    """The same within one document."""
    await v.open("/app/")
    since_ms = await v.now()
    await v.click("[href='/app/lamps']")
    await v.pause(0.8, 1.5)
    await _go_back(v, since_ms, "lamps")
    await v.pause(0.8, 1.0)


async def _go_back(v: Visitor, since_ms: float, what: str) -> None:
    """Leave by Back what was shown since then."""
    page = len(v.pages) - 1
    at_ms = await v.now()
    await v.page.go_back()
    is_sure = at_ms - since_ms < _QUICK_MS
    if not is_sure:
        v.flaws.append(f"too slow for a quick back from {what}")
    v.say("quick_back", since_ms, what, page=page, until_ms=at_ms, is_optional=not is_sure)


@SCRIPTS.positive
async def rage_at_what_is_slow(v: Visitor) -> None:
    """Three seconds without a sign."""
    await v.open("/pages/slow.html")
    begun = len(v.clicks)
    await v.rage("#plain", v.choice.randint(3, 5))
    await v.page.locator("#answer:not(:empty)").wait_for()
    await v.pause(0.8, 1.0)
    said_slow(v, v.clicks[begun:], "#plain")


def said_slow(v: Visitor, clicks: list[Clicked], what: str) -> None:
    """Each of these clicks asked for something slow; the first one for sure."""
    for i, click in enumerate(clicks):
        v.say(
            "slow_response",
            click.at_ms,
            what,
            until_ms=click.at_ms + 5_000,
            is_optional=i > 0,
            needs="requests",
        )


@SCRIPTS.negative
async def slow_but_said_so(v: Visitor) -> None:
    """It says that it works on it; slow it is all the same."""
    await v.open("/pages/slow.html")
    clicked = await v.click("#spinning")
    await v.page.locator("#answer:text('days')").wait_for()
    await v.pause(0.5, 0.7)
    if clicked:
        v.say(
            "slow_response",
            clicked.at_ms,
            "#spinning",
            until_ms=clicked.at_ms + 4_500,
            needs="requests",
        )


@SCRIPTS.negative
async def back_after_reading(v: Visitor) -> None:
    """Back, but after more than five seconds."""
    await v.open("/pages/thanks.html")
    async with v.page.expect_navigation():
        await v.click("a")
    await v.ready()
    await v.wheel(300)
    await v.pause(5.3, 5.6)
    await v.page.go_back()
    await v.ready()


@SCRIPTS.negative
async def forth_by_links(v: Visitor) -> None:
    """From page to page within seconds, by links alone."""
    await v.open("/pages/thanks.html")
    async with v.page.expect_navigation():
        await v.click("a")
    await v.ready()
    await v.pause(0.5, 0.8)
    async with v.page.expect_navigation():
        await v.click("#thanks")
    await v.ready()
    await v.pause(0.5, 0.8)
