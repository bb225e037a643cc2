"""Products of the shop, in four categories.

A product's picture is the symbol `pic-<slug>` of `templates/pictures.html`.
"""

from typing import NamedTuple


class Product(NamedTuple):
    """One product. `price` is in cents; `tint` names the ground of its picture in the CSS."""

    slug: str
    name: str
    category: str
    price: int
    tint: str
    line: str
    text: str
    is_sold_out: bool = False


CATEGORIES = {"light": "Light", "green": "Green", "table": "Table", "rest": "Rest"}

_ALL = (
    Product(
        "dusk",
        "Dusk table lamp",
        "light",
        12_900,
        "clay",
        "A low, warm light for late pages",
        "Spun from a single sheet of steel and powder-coated in burnt clay. The dome keeps the "
        "bulb out of sight, so that only the glow is left; a dimmer sits in the cord.",
    ),
    Product(
        "halo",
        "Halo pendant",
        "light",
        18_900,
        "sand",
        "A ring of brushed brass over the table",
        "Two thousand lumens that look like candlelight. The ring hangs from a linen cord of two "
        "metres, which you cut to the height of your ceiling.",
    ),
    Product(
        "reed",
        "Reed floor lamp",
        "light",
        21_900,
        "mist",
        "Slender, and steady on any floor",
        "A cast-iron foot holds a stem no thicker than a finger. The shade is pleated by hand "
        "from cotton that was woven for it.",
    ),
    Product(
        "moss",
        "Moss planter",
        "green",
        5_400,
        "sage",
        "Stoneware that breathes, with its saucer",
        "Fired once and left unglazed, so that roots get air and never stand in water. The saucer "
        "is glazed inside and keeps your shelf dry. Plant not included, encouragement is.",
    ),
    Product(
        "drift",
        "Drift hanging pot",
        "green",
        4_600,
        "sand",
        "For everything that likes to trail",
        "A shallow bowl on three cotton cords. It holds a pot of up to eighteen centimetres and "
        "hangs from a brass hook that comes with it.",
    ),
    Product(
        "dew",
        "Dew watering can",
        "green",
        3_900,
        "mist",
        "A long spout that never drips",
        "One and a half litres, balanced so that it pours from the wrist. The spout reaches under "
        "leaves and stops when you do.",
    ),
    Product(
        "ember",
        "Ember kettle",
        "table",
        8_900,
        "clay",
        "Enamel outside, quick on every stove",
        "It boils a litre in four minutes and tells you with a low note instead of a scream. "
        "The handle is oiled beech and stays cool.",
    ),
    Product(
        "tide",
        "Tide mugs, a pair",
        "table",
        3_200,
        "mist",
        "Thrown by hand, each a little different",
        "Glazed in two dips, so that the line between them wanders like water on sand. "
        "Dishwasher and microwave do them no harm.",
    ),
    Product(
        "grain",
        "Grain bowls, set of three",
        "table",
        5_900,
        "sage",
        "Soup, salad, and the small one for salt",
        "Three bowls that stack into one. The rims are left bare so that you feel the clay where "
        "you hold it.",
    ),
    Product(
        "fold",
        "Fold wool blanket",
        "rest",
        14_900,
        "sage",
        "Merino and lambswool, two metres long",
        "Woven on a loom from 1962 in a mill that we can reach by bicycle. Warm without weight, "
        "and the fringe is twisted by hand.",
    ),
    Product(
        "slope",
        "Slope lounge chair",
        "rest",
        64_900,
        "clay",
        "The one that nobody gets up from",
        "A frame of steamed ash, a seat of wool felt. It arrives in two parts that join with four "
        "turns of the key, and comes apart again when you move.",
    ),
    Product(
        "hush",
        "Hush candle",
        "rest",
        2_800,
        "sand",
        "Cedar, fig, and a room gone quiet",
        "Rapeseed wax in a glass that becomes a tumbler when it has burnt down, which takes about "
        "fifty hours.",
        is_sold_out=True,
    ),
)

PRODUCTS = {product.slug: product for product in _ALL}


def of_category(category: str) -> list[Product]:
    """Return a category's products, in the order of the list."""
    return [product for product in _ALL if product.category == category]


def related(product: Product) -> list[Product]:
    """Return all others, those of its category first."""
    others = [other for other in _ALL if other != product]
    return sorted(others, key=lambda other: other.category != product.category)


def search(query: str) -> list[Product]:
    """Return the products whose name, line or category contain every word of the query."""
    words = query.casefold().split()
    return [
        product
        for product in _ALL
        if all(
            word in f"{product.name} {product.line} {product.category}".casefold() for word in words
        )
    ]


def price_text(cents: int) -> str:
    """Return a price as the pages show it."""
    return f"€\N{NO-BREAK SPACE}{cents // 100}.{cents % 100:02}"
