"""Rage and dead clicks, on quiet pages and on such as never stand still."""

from benchmarks.accuracy.visitor import Visitor
from benchmarks.accuracy.visits.script import Scripts

SCRIPTS = Scripts()


@SCRIPTS.positive
async def rage_at_a_button(v: Visitor) -> None:
    """A button that does nothing."""
    await v.open("/pages/buttons.html")
    await v.rage("#broken", v.choice.randint(3, 7))
    await v.click("#b1")
    await v.pause(0.3, 0.6)
    await v.rage("#none", v.choice.randint(3, 6), is_dead=True, details=v.choice.random() < 0.5)


@SCRIPTS.positive
async def rage_at_text(v: Visitor) -> None:
    """Text that looks like a link."""
    await v.open("/pages/text.html")
    await v.rage(".fake", v.choice.randint(4, 7), is_dead=True, details=v.choice.random() < 0.5)
    await v.dead("h2")
    await v.rage("#picture", v.choice.randint(3, 5), is_dead=True)


@SCRIPTS.positive
async def rage_beside_a_clock(v: Visitor) -> None:
    """The clock goes on; the button does not answer."""
    every = v.choice.choice((200, 500, 1000))
    await v.open(f"/pages/clock.html?every={every}")
    await v.pause(2.5, 3.2)
    await v.rage("#dead", v.choice.randint(3, 7))
    await v.dead(".lead")
    await v.rage("#dead", v.choice.randint(4, 6))


@SCRIPTS.positive
async def rage_beside_polling(v: Visitor) -> None:
    """The rows are fetched again and again; the export never comes."""
    await v.open(f"/pages/polling.html?every={v.choice.randint(300, 900)}")
    await v.pause(2.5, 3.2)
    await v.rage("#dead", v.choice.randint(3, 6))
    await v.dead("h1")


@SCRIPTS.positive
async def rage_at_the_end_of_a_stepper_on_a_page_that_hangs(v: Visitor) -> None:
    """It answers late and together, and then no more."""
    await v.open("/pages/stepper.html?max=3")
    await v.hang(v.choice.uniform(0.1, 0.2), every_s=0.45)
    await v.burst("#more", 2, (0.3, 0.4))
    await v.rage("#more", v.choice.randint(4, 6))


@SCRIPTS.positive
async def rage_at_the_end_of_a_stepper(v: Visitor) -> None:
    """It answers twice, and no more."""
    await v.open("/pages/stepper.html?max=3")
    await v.click("#more")
    await v.click("#more")
    await v.pause(0.7, 0.9)
    await v.rage("#more", v.choice.randint(4, 7))


@SCRIPTS.positive
async def rage_at_a_carousel_that_only_turns_by_itself(v: Visitor) -> None:
    """The arrow is dead; the pictures go on."""
    await v.open(f"/pages/carousel.html?broken&every={v.choice.choice((700, 1500))}")
    await v.pause(3.2, 3.8)
    await v.rage("#next", v.choice.randint(3, 6))
    await v.dead(".caption")


@SCRIPTS.positive
async def dead_clicks_on_an_article(v: Visitor) -> None:
    """Elements that look clickable and do nothing."""
    await v.open("/pages/text.html")
    places = ["h1", ".fake", "#picture", ".badge", "h3", "blockquote", ".lead"]
    v.choice.shuffle(places)
    for place in places[:4]:
        await v.dead(place)
        await v.pause(0.2, 0.5)


@SCRIPTS.positive
async def dead_clicks_beside_a_clock(v: Visitor) -> None:
    """Each second something changes, and never because of the click."""
    style = "&style" if v.choice.random() < 0.5 else ""
    await v.open(f"/pages/clock.html?every={v.choice.choice((100, 250, 1000))}{style}")
    await v.pause(3.2, 3.6)
    for place in (".fake", "#quiet", ".lead"):
        await v.dead(place)
        await v.pause(0.2, 0.6)


@SCRIPTS.positive
async def dead_clicks_beside_polling(v: Visitor) -> None:
    """Rows are replaced, or new ones come."""
    append = "&append" if v.choice.random() < 0.5 else ""
    await v.open(f"/pages/polling.html?every={v.choice.randint(250, 800)}{append}")
    await v.pause(3.0, 3.5)
    for place in (".tile", ".total", "h1"):
        await v.dead(place)
        await v.pause(0.2, 0.6)


@SCRIPTS.positive
async def dead_clicks_beside_a_carousel(v: Visitor) -> None:
    """The pictures turn by themselves."""
    await v.open(f"/pages/carousel.html?every={v.choice.choice((600, 1000))}")
    await v.pause(3.0, 3.5)
    await v.dead(".caption")
    await v.dead("h2")
    await v.burst("#next", 4)
    await v.pause(1.2, 1.5)
    await v.dead(".caption")


@SCRIPTS.positive
async def pictures_without_links(v: Visitor) -> None:
    """Pictures and cards that rise under the mouse, and lead nowhere."""
    way = v.choice.choice(("", "?hover", "?cursor"))
    await v.open(f"/pages/gallery.html{way}")
    await v.dead("#grid img:nth-child(2)")
    await v.dead("#card1 h3")
    await v.dead("#grid img:nth-child(5)")
    await v.dead("#card2")


@SCRIPTS.positive
async def dead_clicks_between_useful_ones(v: Visitor) -> None:
    """One box does nothing, its neighbours do."""
    await v.open("/pages/buttons.html")
    await v.click("#b1")
    await v.pause(1.1, 1.2)
    await v.dead("#none")
    await v.click("#b2")
    await v.pause(1.1, 1.2)
    await v.dead("h1")
    await v.click("#b5")
    await v.pause(1.1, 1.2)


@SCRIPTS.positive
async def dead_click_and_on(v: Visitor) -> None:
    """A dead click, and on without waiting: the wheel, or the next box."""
    await v.open("/pages/reader.html")
    await v.dead("section:nth-child(1) h2", wait=False)
    await v.pause(0.3, 0.5)
    await v.wheel(900)
    await v.pause(1.2, 1.4)
    await v.open("/pages/buttons.html")
    await v.dead("#none", wait=False)
    await v.pause(0.2, 0.3)
    await v.click("#b1")
    await v.pause(1.1, 1.2)


@SCRIPTS.positive
async def dead_clicks_in_an_app(v: Visitor) -> None:
    """Text of two views of one document."""
    await v.open("/app/")
    await v.dead(".text")
    await v.click("[href='/app/lamps']")
    await v.pause(1.1, 1.3)
    await v.dead("#view h1")
    await v.rage("#view .text", 5, is_dead=True, details=False)
