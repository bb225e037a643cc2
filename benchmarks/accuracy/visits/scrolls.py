"""Scrolling: in anger, and in all the ways that only look like it."""

from benchmarks.accuracy.visitor import Visitor
from benchmarks.accuracy.visits.script import Scripts

SCRIPTS = Scripts()


@SCRIPTS.positive
async def thrash(v: Visitor) -> None:
    """Up and down, looking for something."""
    page = v.choice.choice(("reader", "text", "feed", "stepper"))
    await v.open(f"/pages/{page}.html")
    await v.page.mouse.move(400, 300)
    await v.wheel(500)
    await v.pause(0.5, 0.8)
    await v.thrash(v.choice.randint(5, 7), v.choice.randint(320, 600))


@SCRIPTS.positive
async def thrash_in_a_box(v: Visitor) -> None:
    """In a list of its own, then in the page."""
    await v.open("/pages/snap.html")
    await v.go("#log")
    await v.thrash(v.choice.randint(5, 7), v.choice.randint(300, 450))


@SCRIPTS.positive
async def thrash_under_a_sticky_header(v: Visitor) -> None:
    """The header changes with each turn."""
    await v.open("/pages/reader.html")
    await v.page.mouse.move(500, 400)
    await v.wheel(700)
    await v.pause(2.2, 2.5)
    await v.thrash(6, 500, sign=-1)
    await v.pause(2.2, 2.4)
    await v.thrash(5, 400)


@SCRIPTS.negative
async def reading(v: Visitor) -> None:
    """Down, a little up, down."""
    await v.open(f"/pages/{v.choice.choice(('reader', 'text'))}.html")
    await v.page.mouse.move(400, 300)
    for pixels in (500, -150, 400, -180, 600, -120):
        await v.wheel(pixels)
        await v.pause(0.3, 0.7)


@SCRIPTS.negative
async def looking_back_slowly(v: Visitor) -> None:
    """Turns of 400 px, but with time to read."""
    await v.open("/pages/reader.html")
    await v.page.mouse.move(400, 300)
    for turn in range(6):
        await v.wheel(400 if turn % 2 == 0 else -400)
        await v.pause(0.75, 0.9)


@SCRIPTS.negative
async def endless(v: Visitor) -> None:
    """Fast, and only down, while the page grows."""
    await v.open("/pages/feed.html")
    await v.page.mouse.move(400, 300)
    for _ in range(6):
        await v.wheel(900)
        await v.pause(0.1, 0.3)


@SCRIPTS.negative
async def bounce(v: Visitor) -> None:
    """Momentum that ends in small steps to and fro."""
    await v.open("/pages/reader.html")
    await v.page.mouse.move(400, 300)
    for pixels in (600, 300, 150, 60, -30, 20, -60, 40, -90, 110, -120, 100, -80):
        await v.page.mouse.wheel(0, pixels)
        await v.pause(0.03, 0.06)
    await v.pause(0.5, 0.7)


@SCRIPTS.negative
async def anchors(v: Visitor) -> None:
    """The page scrolls by itself, to where its links lead."""
    await v.open("/pages/anchors.html")
    for place in ("a[href='#three']", "a[href='#one']", "a[href='#two']", "#top"):
        await v.click(place)
        await v.pause(0.7, 0.9)


@SCRIPTS.negative
async def up_and_down_by_buttons(v: Visitor) -> None:
    """Scrolled by script at each click, at once."""
    await v.open("/pages/anchors.html?instant")
    for turn in range(6):
        await v.click("#top" if turn % 2 else "#end")
        await v.pause(0.02, 0.1)
    await v.pause(0.5, 0.6)


@SCRIPTS.negative
async def a_tour(v: Visitor) -> None:
    """The page shows itself, up and down, and nobody touches anything."""
    await v.open("/pages/anchors.html?self")
    await v.pause(2.4, 2.6)


@SCRIPTS.negative
async def rooms(v: Visitor) -> None:
    """A gallery that snaps, to the side."""
    await v.open("/pages/snap.html")
    for place in ("#right", "#right", "#left", "#right", "#left", "#left"):
        await v.click(place)
        await v.pause(0.15, 0.4)
    await v.pause(0.5, 0.7)
