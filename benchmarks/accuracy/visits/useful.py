"""Fast and odd clicks that do what they should: hard negatives all."""

from benchmarks.accuracy.visitor import Visitor
from benchmarks.accuracy.visits.script import Scripts

SCRIPTS = Scripts()


@SCRIPTS.negative
async def stepper(v: Visitor) -> None:
    """More, more, more, less."""
    await v.open("/pages/stepper.html")
    await v.burst(v.choice.choice(("#more", "#up")), v.choice.randint(4, 9))
    await v.burst(v.choice.choice(("#up", "#down")), v.choice.randint(3, 6))
    await v.burst("#more", 3)


@SCRIPTS.negative
async def fast_clicks_on_a_page_that_hangs(v: Visitor) -> None:
    """Its answers come late, and some of them together."""
    await v.open("/pages/stepper.html")
    await v.hang(v.choice.uniform(0.2, 0.35), every_s=0.45)
    await v.burst("#up", v.choice.randint(4, 8))
    await v.burst("#down", v.choice.randint(3, 5))


@SCRIPTS.negative
async def carousel(v: Visitor) -> None:
    """Through the pictures, fast."""
    await v.open(f"/pages/carousel.html{v.choice.choice(('', '?plain'))}")
    await v.burst("#next", v.choice.randint(4, 8))
    await v.burst("#back", v.choice.randint(3, 5))


@SCRIPTS.negative
async def carousel_that_turns_by_itself(v: Visitor) -> None:
    """It turns by itself, and faster when it is clicked."""
    plain = v.choice.choice(("", "&plain"))
    await v.open(f"/pages/carousel.html?every={v.choice.choice((500, 900, 1600))}{plain}")
    await v.pause(3.0, 3.6)
    await v.burst("#next", v.choice.randint(3, 7))
    await v.burst("#back", v.choice.randint(3, 5))


@SCRIPTS.negative
async def selecting_words(v: Visitor) -> None:
    """Double and triple clicks."""
    await v.open("/pages/text.html")
    for place in (".body", ".lead", "h2"):
        await v.burst(place, v.choice.choice((2, 3)))
        await v.pause(0.4, 0.7)


@SCRIPTS.negative
async def selecting_by_dragging(v: Visitor) -> None:
    """Over a few lines, and then the next ones."""
    await v.open("/pages/text.html")
    for place in (".body", ".lead"):
        x, y = await v.place(place)
        await v.drag((x, y), (x + v.choice.randint(60, 160), y + v.choice.randint(0, 20)))
        await v.pause(1.0, 1.2)


@SCRIPTS.negative
async def lists_that_are_dragged(v: Visitor) -> None:
    """Lists, a slider, a map."""
    await v.open("/pages/drag.html")
    for source, target in (
        ("#native li:nth-child(1)", "#native li:nth-child(3)"),
        ("#own li:nth-child(1)", "#own li:nth-child(3)"),
    ):
        await v.drag(await v.place(source), await v.place(target))
    x, y = await v.place("#knob")
    await v.drag((x, y), (x + v.choice.randint(80, 300), y))
    x, y = await v.place("#pane")
    for _ in range(3):
        await v.drag((x, y), (x - v.choice.randint(40, 90), y - 30))


@SCRIPTS.negative
async def labels_and_boxes(v: Visitor) -> None:
    """Labels, boxes, switches, stars, hearts."""
    await v.open("/pages/labels.html")
    for place in ("#l1", "#c2", "#l3", "#l5", "#r1"):
        await v.click(place)
    await v.burst("#l1", 4)
    await v.burst("#s", 3)
    await v.burst("#heart", v.choice.randint(3, 5))
    for n in (2, 4, 5):
        await v.click(f"#stars span:nth-child({n})")
    await v.pause(1.1, 1.2)


@SCRIPTS.negative
async def typing_game(v: Visitor) -> None:
    """Keys, fast."""
    await v.open("/pages/typing.html")
    await v.page.keyboard.type("lamploamcopper", delay=v.choice.uniform(20, 50))
    await v.pause(1.1, 1.3)


@SCRIPTS.negative
async def moles(v: Visitor) -> None:
    """Whack a mole: fast clicks all over a small board, hits and misses."""
    await v.open(f"/pages/moles.html{v.choice.choice(('', '?down'))}")
    x, y = await v.go("#board div:nth-child(5)")
    for _ in range(v.choice.randint(3, 4)):
        dx, dy = v.choice.randint(-24, 24), v.choice.randint(-24, 24)
        await v.press(x + dx, y + dy, [0.11] * v.choice.randint(1, 4), details=True)
        await v.pause(0.15, 0.4)
    await v.pause(1.1, 1.2)


@SCRIPTS.negative
async def accordion(v: Visitor) -> None:
    """Open, closed, open."""
    await v.open("/pages/accordion.html")
    await v.burst("#a", v.choice.randint(3, 6))
    await v.click("#b")
    await v.burst("#d summary", v.choice.randint(3, 5))
    await v.click("#t2")
    await v.click("#t1")
    await v.pause(1.1, 1.2)


@SCRIPTS.negative
async def clicks_outside_close(v: Visitor) -> None:
    """A click on nothing closes what is open."""
    await v.open(f"/pages/dialog.html{v.choice.choice(('', '?down'))}")
    await v.click("#open")
    await v.pause(0.4, 0.8)
    await v.press(60, 300, (), details=True)
    await v.pause(1.1, 1.3)
    await v.click("#native")
    await v.pause(0.4, 0.8)
    await v.press(30, 420, (), details=True)
    await v.pause(1.1, 1.3)
    await v.click("#more")
    await v.pause(0.4, 0.8)
    await v.click(".text")
    await v.pause(1.1, 1.3)


@SCRIPTS.negative
async def boxes_that_react(v: Visitor) -> None:
    """No cursor tells of their listeners: at once, by a request, late, by scrolling, going down."""
    await v.open("/pages/buttons.html")
    order = ["#b1", "#b2", "#b4", "#b5", "#b3"]
    v.choice.shuffle(order)
    for place in order:
        await v.click(place)
        await v.pause(1.1, 1.4)
    await v.burst("#b1", v.choice.randint(3, 5))
    await v.click("#copy")


@SCRIPTS.negative
async def boxes_that_react_beside_a_clock(v: Visitor) -> None:
    """Fast clicks that are answered, on a page that ticks."""
    await v.open(f"/pages/clock.html?every={v.choice.choice((150, 500, 1000))}")
    await v.pause(2.5, 3.0)
    await v.burst("#live", v.choice.randint(4, 7))
    await v.click("#live")
    await v.burst("#live", 3)


@SCRIPTS.negative
async def lightbox(v: Visitor) -> None:
    """Pictures without links that open."""
    await v.open("/pages/gallery.html?lightbox")
    for n in (2, 5):
        await v.click(f"#grid img:nth-child({n})")
        await v.pause(0.5, 1.0)
        await v.press(400, 300, (), details=True)
        await v.pause(1.1, 1.3)


@SCRIPTS.negative
async def what_is_sold_out(v: Visitor) -> None:
    """A disabled button once, and buttons whose work is not seen."""
    await v.open("/pages/buttons.html")
    await v.click("#off")
    await v.pause(1.1, 1.2)
    await v.click("#copy")
    await v.pause(1.1, 1.2)


@SCRIPTS.negative
async def links_of_an_app(v: Visitor) -> None:
    """Between the views of one document."""
    await v.open("/app/")
    for to in ("lamps", "", "lamps", "write", ""):
        await v.click(f"[href='/app/{to}']")
        await v.pause(0.3, 0.8)
    await v.burst("[href='/app/lamps']", 2)


@SCRIPTS.negative
async def sites_of_the_recorder(v: Visitor) -> None:
    """A table that is sorted and turned page by page."""
    await v.open("/sites/table/index.html")
    await v.burst("th[data-key=product]", 3)
    await v.click("#pages [data-page='2']")
    await v.pause(0.3, 0.6)
    await v.click("tr:nth-child(4) td:first-child")
    await v.pause(1.1, 1.2)
