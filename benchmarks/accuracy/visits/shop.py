"""Visits to the demo's shop, whose faults are meant."""

from benchmarks.accuracy.visitor import Visitor
from benchmarks.accuracy.visits.moments import said_slow
from benchmarks.accuracy.visits.script import Scripts
from orchestration.demo.shop.products import PRODUCTS

SCRIPTS = Scripts()
_IN_STOCK = [slug for slug, product in PRODUCTS.items() if not product.is_sold_out]
_SOLD_OUT = [slug for slug, product in PRODUCTS.items() if product.is_sold_out]


async def _enter(v: Visitor, path: str) -> None:
    await v.open(path)
    consent = v.page.locator("#consent [data-consent=yes]")
    if await consent.is_visible():
        await v.click("#consent [data-consent=yes]")
        await v.pause(0.3, 0.5)


async def _product(v: Visitor) -> None:
    await _enter(v, f"/p/{v.choice.choice(_IN_STOCK)}")


@SCRIPTS.positive
async def impatient_for_the_delivery(v: Visitor) -> None:
    """The button answers after three seconds."""
    await _product(v)
    begun = len(v.clicks)
    await v.rage("#delivery", v.choice.randint(4, 6))
    await v.page.locator("#delivery-answer:not(:empty)").wait_for()
    await v.pause(0.6, 0.8)
    said_slow(v, v.clicks[begun:], "#delivery")


@SCRIPTS.positive
async def pictures_of_a_product(v: Visitor) -> None:
    """They look as if they opened."""
    await _product(v)
    await v.dead("#views .picture:nth-child(2)")
    await v.dead(".picture.large")
    await v.dead(".lead")


@SCRIPTS.positive
async def a_coupon_that_breaks(v: Visitor) -> None:
    """SPRING throws, each time."""
    await _product(v)
    await v.click("#buy button")
    await v.pause(0.8, 1.0)
    async with v.page.expect_navigation():
        await v.click("#cart-checkout")
    await v.ready()
    await v.type("[name=coupon]", "SPRING")
    clicked = await v.click("#coupon-apply")
    if clicked:
        v.say("error_click", clicked.at_ms, "#coupon-apply", place=clicked, needs="errors")
    await v.pause(1.3, 1.5)
    # Neither sent nor refused: whether it was given up is anybody's guess.
    at_ms = await v.now()
    v.say("form_abandonment", at_ms, "coupon left", until_ms=at_ms + 2_000, is_optional=True)


@SCRIPTS.positive
async def a_list_that_is_down(v: Visitor) -> None:
    """Each try is answered with 500."""
    await _enter(v, f"/p/{v.choice.choice(_SOLD_OUT)}")
    await v.type("#notify input", "ada@mail.example")
    at_ms = []
    for _ in range(v.choice.randint(2, 3)):
        at_ms.append(await v.now())
        await v.click("#notify button")
        await v.pause(1.2, 1.4)
    v.say("form_frustration", at_ms[1], "#notify", until_ms=at_ms[-1] + 900, needs="requests")
    page, left_ms = len(v.pages) - 1, await v.now()
    async with v.page.expect_navigation():
        await v.click(".crumbs a")
    v.say(
        "form_abandonment",
        left_ms,
        "#notify left",
        page=page,
        until_ms=left_ms + 900,
        needs="requests",
    )
    await v.ready()


@SCRIPTS.negative
async def more_and_fewer_in_the_cart(v: Visitor) -> None:
    """The cart's buttons, fast, and a click outside."""
    await _product(v)
    await v.click("#buy button")
    await v.pause(0.8, 1.0)
    await v.burst("#cart-lines button:nth-of-type(2)", v.choice.randint(3, 6))
    await v.burst("#cart-lines button:nth-of-type(1)", 2)
    await v.press(200, 300, (), details=True)
    await v.pause(1.1, 1.3)
    await v.burst("details:nth-of-type(2) summary", 3)


@SCRIPTS.negative
async def looking_around(v: Visitor) -> None:
    """Links, a sort, a search that filters at each key."""
    await _enter(v, "/")
    await v.page.mouse.move(500, 400)
    for pixels in (500, 400, -350):
        await v.wheel(pixels)
        await v.pause(0.3, 0.6)
    await v.type(".search input", "lamp")
    await v.pause(0.5, 0.8)
    async with v.page.expect_navigation():
        await v.click("#grid .card:not([hidden]) a")
    await v.ready()
