"""Journeys of the robots in the shop; each is one visit.

Together they cover what a recorder should detect: purchases, failures, rage clicks, abandoned
forms, and reading.
"""

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from orchestration.demo.hands import Hands
from orchestration.demo.shop.app import REFUSED_CARD
from orchestration.demo.shop.products import CATEGORIES, PRODUCTS


class Person(NamedTuple):
    """A fictitious person who fills in forms."""

    name: str
    email: str
    street: str
    postal_code: str
    city: str


PEOPLE = (
    Person(
        "Wilhelmina Achterberg", "wil.achterberg@mail.example", "Lange Gasse 41", "89073", "Ulm"
    ),
    Person("Theodor Quist", "quist.theo@post.example", "Hafenweg 7", "48155", "Münster"),
    Person("Oona Salmivaara", "oona@salmivaara.example", "Am Bach 112", "07743", "Jena"),
    Person("Cosimo Bellandi", "cosimo.bellandi@mail.example", "Rosenstraße 3", "79098", "Freiburg"),
)
_CARD_STARTS = ("4929 6031 7754", "5425 2334 3010", "4556 7375 8689")
_GOOD_CARD_ENDS = ("9902", "4418", "7316", "5571")
_IN_STOCK = [slug for slug, product in PRODUCTS.items() if not product.is_sold_out]

Journey = Callable[[Hands], None]


def browse_and_buy(hands: Hands) -> None:
    """Look around, take one or two things, and pay."""
    _look_around(hands)
    _put_in_cart(hands)
    if hands.choice.random() < 0.4:
        hands.click("#cart-close")
        _open_product(hands)
        _put_in_cart(hands)
    _to_payment(hands)
    _pay(hands, hands.choice.choice(_GOOD_CARD_ENDS))
    hands.page.wait_for_url("**/checkout/done")
    hands.wait(2, 5)
    hands.follow(".thanks:not([hidden]) .button")
    hands.wait(1, 3)


def try_the_coupon(hands: Hands) -> None:
    """Believe the ribbon: the coupon breaks, twice, and then they pay without or leave."""
    _open_product(hands)
    _put_in_cart(hands)
    hands.follow("#cart-checkout")
    hands.type("[name=coupon]", "SPRING")
    hands.click("#coupon-apply")
    hands.wait(1.5, 3)
    hands.click("#coupon-apply")
    hands.wait(1, 2)
    if hands.choice.random() < 0.5:
        _fill_in_address(hands)


def be_refused(hands: Hands) -> None:
    """Pay with a card that is refused, swear, and take another one."""
    _open_product(hands)
    _put_in_cart(hands)
    _to_payment(hands)
    for _ in range(hands.choice.randint(1, 2)):
        _pay(hands, REFUSED_CARD)
        hands.page.locator("#payment-error:not(:empty)").wait_for()
        hands.wait(2, 4)
    _pay(hands, hands.choice.choice(_GOOD_CARD_ENDS))
    hands.page.wait_for_url("**/checkout/done")
    hands.wait(2, 4)


def lose_patience(hands: Hands) -> None:
    """Ask when it would arrive, and press again and again since nothing happens."""
    _open_product(hands)
    hands.click("#delivery")
    hands.click_quickly("#delivery", hands.choice.randint(4, 7))
    hands.page.locator("#delivery-answer:not(:empty)").wait_for()
    hands.wait(1, 3)
    if hands.choice.random() < 0.5:
        _put_in_cart(hands)


def click_pictures(hands: Hands) -> None:
    """Click what only looks as if it could be clicked: spots of the scene, small views."""
    page = hands.page
    hands.wait(1, 3)
    spots = page.locator("#look .spots circle")
    for number in range(2):
        hands.click(spots.nth(number))
        hands.wonder()
    _open_product(hands)
    views = page.locator("#views .picture")
    for number in (1, 2):
        hands.click(views.nth(number))
        hands.wonder()


def abandon_checkout(hands: Hands) -> None:
    """Begin the address, get it wrong, and leave."""
    _look_around(hands)
    _put_in_cart(hands)
    hands.follow("#cart-checkout")
    person = hands.choice.choice(PEOPLE)
    hands.type("[name=name]", person.name)
    hands.type("[name=email]", person.email.replace("@", " at "))
    hands.click("#address-form .button")
    hands.wait(2, 4)
    hands.follow(".top nav a[href='/help']")
    hands.click("main details:nth-of-type(2) summary")
    hands.wait(2, 4)


def read(hands: Hands) -> None:
    """Read the journal, scroll back and forth, and look at what it tells of."""
    hands.follow(".hero .more")
    for _ in range(hands.choice.randint(4, 7)):
        hands.scroll(hands.choice.randint(300, 700))
        hands.wait(1.5, 5)
    hands.scroll(-600)
    hands.wait(1, 3)
    hands.scroll(700)
    hands.follow(".read .button")
    hands.wait(1, 2)
    hands.choose("#sort", hands.choice.choice(("low", "high")))
    hands.wait(2, 4)


def change_password(hands: Hands) -> None:
    """Look at the orders and change the password, having a look at it."""
    hands.follow("[aria-label='Your account']")
    hands.scroll(250)
    hands.wait(1, 3)
    hands.type("[name=current]", "correct-horse-7")
    hands.type("#password", "battery-staple-9")
    hands.click("#password-show")
    hands.wait(1, 2)
    hands.click("#password-show")
    hands.click("#password-form .button:not(.plain)")
    hands.wait(1, 3)
    hands.type("[name=nickname]", "Wil")
    hands.click("#about-form .button")
    hands.wait(1, 2)


def ask_for_the_candle(hands: Hands) -> None:
    """Search for what is sold out, and ask to be told: the request fails."""
    hands.type(".search input", "candle")
    hands.wait(1, 2)
    hands.follow("#grid .card:not([hidden]) a")
    hands.type("#notify [name=email]", hands.choice.choice(PEOPLE).email)
    for _ in range(2):
        hands.click("#notify .button")
        hands.wait(1.5, 3)


JOURNEYS: tuple[Journey, ...] = (
    browse_and_buy,
    try_the_coupon,
    be_refused,
    lose_patience,
    click_pictures,
    abandon_checkout,
    read,
    change_password,
    ask_for_the_candle,
)


def answer_consent(hands: Hands) -> None:
    """Allow the recording, as most do, or leave the banner where it is."""
    if hands.choice.random() < 0.7:
        hands.click("[data-consent=yes]")


def _look_around(hands: Hands) -> None:
    hands.scroll(hands.choice.randint(500, 1200))
    hands.wait(1, 3)
    category = hands.choice.choice(list(CATEGORIES))
    hands.follow(f".top nav a[href='/c/{category}']")
    hands.wait(1, 2)
    hands.scroll(hands.choice.randint(100, 300))


def _open_product(hands: Hands) -> None:
    """Open one from the first page."""
    if urlsplit(hands.page.url).path != "/":
        hands.follow(".top .logo")
    hands.follow(f"#grid a[href='/p/{hands.choice.choice(_IN_STOCK)}']")
    hands.wait(1.5, 4)


def _put_in_cart(hands: Hands) -> None:
    if not urlsplit(hands.page.url).path.startswith("/p/"):
        _open_product(hands)
    if hands.choice.random() < 0.3:
        hands.choose("#amount", "2")
    hands.click("#buy .button")
    hands.wait(1, 2)


def _to_payment(hands: Hands) -> None:
    hands.follow("#cart-checkout")
    _fill_in_address(hands)


def _fill_in_address(hands: Hands) -> None:
    person = hands.choice.choice(PEOPLE)
    for field, text in person._asdict().items():
        hands.type(f"[name={field}]", text)
    hands.click("#address-form .button")
    hands.page.wait_for_url("**/checkout/payment")


def _pay(hands: Hands, card_ends: str) -> None:
    hands.type("[name=card_number]", f"{hands.choice.choice(_CARD_STARTS)} {card_ends}")
    hands.type("[name=expires]", "11 / 29")
    hands.type("[name=cvv]", str(hands.choice.randint(100, 999)))
    hands.type("[name=card_name]", hands.choice.choice(PEOPLE).name)
    hands.click("#pay")
