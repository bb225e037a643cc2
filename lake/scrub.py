"""URLs and short texts lose what looks secret before the lake stores them. Pure.

Only what the server writes itself passes here (columns, headers, metadata, logs); a payload stays
as its recorder sent it.
"""

import re
from urllib.parse import SplitResult, urlsplit

URL_LENGTH_MAX = 2048  # longer than any address that a person would recognise
MASK = "***"

_SECRET_NAME = re.compile(
    r"token|secret|passw|pwd|auth|session|sid$|sig$|signature|api.?key|^key$|code$|otp|jwt|nonce"
    r"|csrf|credential|e.?mail|phone|ssn|card|cvv|iban|state$",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"[A-Za-z0-9_\-+/=.~%]{32,}"  # keys, hashes, JWTs
    r"|[^@\s]+(?:@|%40)[^@\s]+\.[A-Za-z]{2,}"  # e-mail
    r"|(?:\d[ \-]?){13,19}"  # card numbers
    r"|\d{3}-\d{2}-\d{4}"  # US social security numbers
)
_TEXT_SECRET = re.compile(
    r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9.\-]+\.[A-Za-z]{2,}|(?<!\d)(?:\d[ \-]?){12,18}\d(?!\d)"
    r"|(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)|eyJ[\w\-]+\.[\w\-]+\.[\w\-]*|\b[A-Fa-f0-9]{32,}\b"
)


def scrub_url(url: str) -> str:
    """Mask secret-looking values of the query and fragment, and drop user:password@.

    Text that is no URL comes back scrubbed as text. The result is at most `URL_LENGTH_MAX` long.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return scrub_text(url)[:URL_LENGTH_MAX]
    if not (parts.query or parts.fragment or "@" in parts.netloc or "@" in parts.path):
        return url[:URL_LENGTH_MAX]
    path = "/".join(MASK if "@" in step else step for step in parts.path.split("/"))
    clean = SplitResult(
        parts.scheme,
        parts.netloc.rpartition("@")[2],
        path,
        _scrub_query(parts.query),
        _scrub_fragment(parts.fragment),
    )
    return clean.geturl()[:URL_LENGTH_MAX]


def scrub_text(text: str) -> str:
    """Mask e-mail addresses, card and social security numbers, JWTs and long hex strings."""
    return _TEXT_SECRET.sub(MASK, text)


def _scrub_query(query: str) -> str:
    return "&".join(_scrub_pair(pair) for pair in query.split("&")) if query else query


def _scrub_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    if not equals:
        return MASK if _SECRET_VALUE.fullmatch(name) else pair
    if value and (_SECRET_NAME.search(name) or _SECRET_VALUE.fullmatch(value)):
        return f"{name}={MASK}"
    return pair


def _scrub_fragment(fragment: str) -> str:
    """A fragment may be a route with a query of its own, or the answer of a sign-in."""
    route, question, query = fragment.partition("?")
    if question:
        return f"{route}?{_scrub_query(query)}"
    return _scrub_query(fragment) if "=" in fragment else fragment
