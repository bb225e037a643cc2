"""The demo's shop: a small website with deliberate faults for the recorder.

Each fault occurs in real shops: a refused payment, a failing request, a slow one, a missing
picture; the pages add a coupon that breaks the page and a picture that looks like a link. The shop
stores nothing: the cart is in the browser, and card numbers never leave it.
"""

import asyncio
import json
import secrets
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from orchestration.demo.shop.pages import Pages
from orchestration.demo.shop.products import CATEGORIES, PRODUCTS, search

REFUSED_CARD = "0002"  # the last digits of a card that is always refused
_DELIVERY_S = 3.0  # slow enough that people press the button again
_PAYMENT_S = 0.5
_BODY_BYTES_MAX = 4096
_QUERY_LENGTH_MAX = 100
_STATIC = Path(__file__).parent / "static"
_PLAIN = {
    "/checkout/address": ("checkout", "Checkout"),
    "/checkout/payment": ("checkout", "Checkout"),
    "/checkout/done": ("checkout", "Checkout"),
    "/account": ("account", "Your account"),
    "/journal": ("journal", "How to light a room you live in"),
    "/help": ("help", "Help"),
}


def create_app(ingest_url: str, website_id: str) -> Starlette:
    """Make the shop as an app; its recorder comes from `ingest_url`."""
    pages = Pages(f"{ingest_url}/r.js", website_id)

    async def home(request: Request) -> Response:
        query = request.query_params.get("q", "").strip()[:_QUERY_LENGTH_MAX]
        return HTMLResponse(pages.home(search(query), query))

    async def category(request: Request) -> Response:
        name = request.path_params["category"]
        if name not in CATEGORIES:
            return await missing(request)
        return HTMLResponse(pages.category(name))

    async def product(request: Request) -> Response:
        item = PRODUCTS.get(request.path_params["slug"])
        return await missing(request) if item is None else HTMLResponse(pages.product(item))

    async def plain(request: Request) -> Response:
        return HTMLResponse(pages.plain(*_PLAIN[request.url.path]))

    async def missing(_: Request, __: Exception | None = None) -> Response:
        return HTMLResponse(pages.plain("missing", "Not found"), HTTPStatus.NOT_FOUND)

    return Starlette(
        routes=[
            Route("/", home),
            Route("/c/{category}", category),
            Route("/p/{slug}", product),
            *(Route(path, plain) for path in _PLAIN),
            Route("/checkout", _checkout),
            Route("/api/payments", _pay, methods=["POST"]),
            Route("/api/notify", _notify, methods=["POST"]),
            Route("/api/delivery/{slug}", _delivery),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={HTTPStatus.NOT_FOUND: missing},
    )


async def _checkout(_: Request) -> Response:
    return RedirectResponse("/checkout/address")


async def _pay(request: Request) -> Response:
    """Accept or refuse a payment, which has only the last digits of the card."""
    try:
        body = await request.body()
        card_ends = json.loads(body[:_BODY_BYTES_MAX])["card_ends"]
    except (ValueError, KeyError, TypeError):
        return JSONResponse({"error": "no payment"}, HTTPStatus.BAD_REQUEST)
    await asyncio.sleep(_PAYMENT_S)
    if card_ends == REFUSED_CARD:
        return JSONResponse(
            {"error": "Your bank refused this card. Please try another one."},
            HTTPStatus.PAYMENT_REQUIRED,
        )
    return JSONResponse({"order": f"LL-{secrets.randbelow(90_000) + 10_000}"}, HTTPStatus.CREATED)


async def _notify(_: Request) -> Response:
    """Fail, as a mailing list that is down does."""
    return JSONResponse({"error": "mailing list unavailable"}, HTTPStatus.INTERNAL_SERVER_ERROR)


async def _delivery(request: Request) -> Response:
    await asyncio.sleep(_DELIVERY_S)
    is_known = request.path_params["slug"] in PRODUCTS
    return JSONResponse({"days": 3 if is_known else None})
