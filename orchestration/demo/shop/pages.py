"""Pages of the shop: templates filled with products; text is escaped unless it is HTML.

The texts are in `templates/`, the style in `static/shop.css`.
"""

from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template

from orchestration.demo.shop.products import CATEGORIES, Product, of_category, price_text, related

_FOLDER = Path(__file__).parent / "templates"
_OTHERS = 4  # a row of them, where the window is wide


class Html(str):
    """Text that is HTML already. Everything else is escaped when it is filled in."""

    __slots__ = ()


class Pages:
    """The shop's pages, each with the recorder's script tag in its head."""

    def __init__(self, recorder_url: str, website_id: str) -> None:
        self._templates = {
            path.stem: Template(path.read_text(encoding="utf-8")) for path in _FOLDER.glob("*.html")
        }
        self._recorder_url = recorder_url
        self._website_id = website_id

    def home(self, products: Iterable[Product], query: str) -> str:
        """Return the home page, or the results of a search."""
        grid = self._grid(products)
        if query:
            return self._page("search", f"“{query}”", grid=grid, query=query)
        return self._page("home", "Light and green for quiet rooms", grid=grid)

    def category(self, category: str) -> str:
        """Return a category's page."""
        name = CATEGORIES[category]
        return self._page("category", name, name=name, grid=self._grid(of_category(category)))

    def product(self, product: Product) -> str:
        """Return a product's page: to buy it, or to be told when it is back."""
        action = "notify" if product.is_sold_out else "buy"
        return self._page(
            "product",
            product.name,
            category_name=CATEGORIES[product.category],
            action=self._fill(action, **_texts(product)),
            grid=self._grid(related(product)[:_OTHERS]),
            **_texts(product),
        )

    def plain(self, name: str, title: str) -> str:
        """Return a page without products."""
        return self._page(name, title)

    def _page(self, template: str, title: str, /, **values: str) -> str:
        return self._fill(
            "layout",
            title=title,
            main=self._fill(template, **values),
            query=values.get("query", ""),
            pictures=self._fill("pictures"),
            recorder_url=self._recorder_url,
            website_id=self._website_id,
        )

    def _grid(self, products: Iterable[Product]) -> Html:
        return Html("".join(self._fill("card", **_texts(product)) for product in products))

    def _fill(self, template: str, /, **values: str) -> Html:
        safe = {
            key: value if isinstance(value, Html) else escape(value)
            for key, value in values.items()
        }
        return Html(self._templates[template].substitute(safe))


def _texts(product: Product) -> dict[str, str]:
    return {
        "slug": product.slug,
        "name": product.name,
        "category": product.category,
        "cents": str(product.price),
        "price": price_text(product.price),
        "tint": product.tint,
        "line": product.line,
        "text": product.text,
        "note": "Sold out" if product.is_sold_out else "",
    }
