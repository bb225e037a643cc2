"""Forms that are refused, that fail, that are left, and that are only filled in."""

from benchmarks.accuracy.visitor import Visitor
from benchmarks.accuracy.visits.script import Scripts

SCRIPTS = Scripts()
_PAGE_MS = 1_500  # until the page's own answer to a submission is there


async def _fail(v: Visitor, times: int, button: str, needs: str = "", form: str = "") -> None:
    """Send in vain; twice or more is a frustration, from the second time on."""
    at_ms = [await _send(v, button) for _ in range(times)]
    if times > 1:
        v.say(
            "form_frustration",
            at_ms[1],
            f"{form or button} failed {times} times",
            until_ms=at_ms[-1] + _PAGE_MS,
            needs=needs,
        )


async def _send(v: Visitor, button: str) -> float:
    at_ms = await v.now()
    if v.choice.random() < 0.8:
        clicked = await v.click(button)
        at_ms = clicked.at_ms if clicked else at_ms
    else:
        await v.page.locator(button).locator("xpath=ancestor::form//input").first.press("Enter")
    await v.pause(1.1, 1.4)
    return at_ms


async def _leave(v: Visitor, what: str, needs: str = "") -> None:
    """Go elsewhere by the page's link; what was typed in is lost."""
    page = len(v.pages) - 1
    at_ms = await v.now()
    async with v.page.expect_navigation():
        await v.click("#away")
    v.say("form_abandonment", at_ms, what, page=page, until_ms=at_ms + _PAGE_MS, needs=needs)
    await v.ready()


@SCRIPTS.positive
async def refused_by_the_browser(v: Visitor) -> None:
    """`required`, and nothing in it."""
    await v.open("/pages/native.html")
    if v.choice.random() < 0.5:
        await v.type("[name=who]", "Ada")
        await _fail(v, v.choice.randint(2, 4), "#send")
        await _leave(v, "refused, then left")
    else:
        await _fail(v, v.choice.randint(2, 4), "#send")


@SCRIPTS.positive
async def refused_until_it_is_right(v: Visitor) -> None:
    """A bad address twice, then a good one."""
    await v.open("/pages/native.html")
    await v.type("[name=who]", "Ada")
    await v.type("[name=mail]", "ada")
    await _fail(v, 2, "#send")
    await v.type("[name=mail]", "@mail.example")
    async with v.page.expect_navigation():
        await v.click("#send")
    await v.ready()


async def _refused_by_the_page(v: Visitor, mark: str) -> None:
    await v.open(f"/pages/own.html?mark={mark}")
    await v.type("#who", "Ada")
    await _fail(v, v.choice.randint(2, 3), "#send")
    if v.choice.random() < 0.5:
        await v.type("#mail", "ada@mail.example")
        await v.click("#send")
        await v.pause(1.2, 1.4)
    else:
        await _leave(v, "refused by the page, then left")


@SCRIPTS.positive
async def refused_by_aria(v: Visitor) -> None:
    """The page marks fields by `aria-invalid`."""
    await _refused_by_the_page(v, "aria")


@SCRIPTS.positive
async def refused_by_classes(v: Visitor) -> None:
    """The page marks fields by a class."""
    await _refused_by_the_page(v, "class")


@SCRIPTS.positive
async def refused_by_messages(v: Visitor) -> None:
    """The page writes under the fields what is wrong."""
    await _refused_by_the_page(v, "text")


@SCRIPTS.positive
async def failed_by_the_server(v: Visitor) -> None:
    """422, 500, or one after the other."""
    statuses = v.choice.choice(("422", "500", "422,500", "402"))
    xhr = "&xhr" if v.choice.random() < 0.5 else ""
    await v.open(f"/pages/fetched.html?status={statuses}{xhr}")
    await v.type("#card", "4929")
    await _fail(v, v.choice.randint(2, 3), "#send", needs="requests")
    await _leave(v, "failed, then left", needs="requests")


@SCRIPTS.positive
async def failed_twice_then_paid(v: Visitor) -> None:
    """The third time it goes well."""
    await v.open("/pages/fetched.html?status=503,503,200")
    await v.type("#card", "4929")
    await v.type("#name", "Ada")
    await _fail(v, 2, "#send", needs="requests")
    await v.click("#send")
    await v.pause(1.3, 1.5)


@SCRIPTS.positive
async def refused_by_the_next_page(v: Visitor) -> None:
    """Sent by the browser, and answered with a page of status 422, twice."""
    await v.open("/plain-form")
    page, at_ms = len(v.pages) - 1, await v.now()
    for _ in range(2):
        await v.type("#mail", "ada")
        page, at_ms = len(v.pages) - 1, await v.now()
        async with v.page.expect_navigation():
            await v.click("#send")
        await v.ready()
    v.say(
        "form_frustration",
        at_ms,
        "answered with 422",
        page=page + 1,
        until_ms=await v.now(),
        needs="requests",
    )


@SCRIPTS.positive
async def left_half_filled_in(v: Visitor) -> None:
    """Typed, and gone by a link."""
    page, field = v.choice.choice(
        (("native", "[name=who]"), ("own", "#who"), ("fetched", "#card"), ("steps", "#who"))
    )
    await v.open(f"/pages/{page}.html")
    await v.type(field, "Wilhelmina")
    await v.pause(0.3, 0.8)
    await _leave(v, f"{page} left")


@SCRIPTS.positive
async def left_within_an_app(v: Visitor) -> None:
    """The view with the form is replaced."""
    await v.open("/app/")
    await v.click("[href='/app/write']")
    await v.pause(0.4, 0.8)
    await v.type("#msg", "Hello there")
    at_ms = await v.now()
    await v.click("[href='/app/lamps']")
    v.say("form_abandonment", at_ms, "view left", until_ms=at_ms + 1_500)
    await v.pause(1.6, 1.8)


@SCRIPTS.negative
async def two_forms_fail_once(v: Visitor) -> None:
    """One failure each; then both go well."""
    await v.open("/pages/fetched.html?status=500,200&note=200")
    await v.type("#card", "4929")
    await _fail(v, 1, "#send")
    await v.click("#send")
    await v.pause(1.2, 1.4)
    await v.type("#text", "at the door")
    await v.click("#save")
    await v.pause(1.2, 1.4)


@SCRIPTS.negative
async def one_slip(v: Visitor) -> None:
    """Refused once, then right."""
    await v.open("/pages/native.html")
    await v.type("[name=who]", "Ada")
    await _fail(v, 1, "#send")
    await v.type("[name=mail]", "ada@mail.example")
    async with v.page.expect_navigation():
        await v.click("#send")
    await v.ready()


@SCRIPTS.negative
async def three_steps(v: Visitor) -> None:
    """A form in steps that goes well."""
    await v.open("/pages/steps.html")
    await v.type("#who", "Ada")
    await v.click("fieldset.here .next")
    await v.type("#day", "Monday")
    await v.click("fieldset.here .next")
    await v.type("#more", "a window")
    await v.click("#send")
    await v.pause(1.2, 1.4)


@SCRIPTS.negative
async def search_and_on(v: Visitor) -> None:
    """Search text that is typed and left is no abandoned form."""
    await v.open("/pages/search.html")
    await v.type("#q", v.choice.choice(("lamp", "wool")))
    if v.choice.random() < 0.5:
        await v.page.keyboard.press("Enter")
    await v.pause(0.4, 0.8)
    async with v.page.expect_navigation():
        await v.click("#away")
    await v.ready()


@SCRIPTS.negative
async def sent_and_on(v: Visitor) -> None:
    """Sent well, and gone soon after."""
    await v.open("/pages/own.html?mark=class")
    await v.type("#who", "Ada")
    await v.type("#mail", "ada@mail.example")
    await v.click("#send")
    await v.page.locator("#done:not(:empty)").wait_for()
    await v.pause(0.1, 0.5)
    async with v.page.expect_navigation():
        await v.click("#away")
    await v.ready()


@SCRIPTS.negative
async def only_looked_at(v: Visitor) -> None:
    """Fields that are clicked into, and nothing typed that stays."""
    await v.open("/pages/native.html")
    await v.click("[name=who]")
    await v.click("[name=mail]")
    await v.page.keyboard.type("ad")
    await v.page.keyboard.press("Backspace")
    await v.page.keyboard.press("Backspace")
    async with v.page.expect_navigation():
        await v.click("#away")
    await v.ready()
