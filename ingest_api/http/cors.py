"""CORS: headers that let pages of a website's origins send and read responses. Pure."""

from ingest_api.http.responses import HeaderList
from lake.control import websites
from lake.control.websites import Website
from lake.errors import OriginForbidden

_PREFLIGHT = [
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"content-encoding, content-type"),
    (b"access-control-max-age", b"600"),
]


def cors_headers(website: Website, origin: str | None) -> HeaderList:
    """Return the headers that let a page of `origin` read its response.

    Raises:
        OriginForbidden: The origin is none of the website's.
    """
    if not websites.allows_origin(website, origin):
        raise OriginForbidden(
            "this page's origin is none of the website's: add it "
            "(`replaylake website set ID origins=…`)"
        )
    # Only an origin that the website itself lists is echoed; any other page gets the star.
    allowed = origin if origin is not None and origin in website.origins else "*"
    return [
        (b"access-control-allow-origin", allowed.encode()),
        (b"access-control-expose-headers", b"retry-after"),
        (b"vary", b"origin"),
    ]


def preflight_headers(website: Website, origin: str | None) -> HeaderList:
    """Return the headers of the answer to a CORS preflight request.

    Raises:
        OriginForbidden: The origin is none of the website's.
    """
    return [*cors_headers(website, origin), *_PREFLIGHT]
