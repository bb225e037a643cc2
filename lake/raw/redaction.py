"""Mask secrets in URLs and short texts before the lake stores them. Pure.

Applied to everything that the server writes itself (columns, headers, metadata, logs); a payload
is stored as its recorder sent it.

A text is cut before it is searched, so that the work is bounded by the result's length. A value
that the cut may have halved is dropped: half a secret matches no pattern.
"""

import re
from collections.abc import Callable
from inspect import unwrap
from urllib.parse import SplitResult, unquote, urlsplit

URL_LENGTH_MAX = 2048  # longer than any address that a person would recognise
MASK = "***"
URL_READ_MAX = 2 * URL_LENGTH_MAX  # masks shorten a URL, so that more of it is read
_SECRET_LENGTH_MAX = 256  # of an e-mail address (RFC 5321, section 4.5.3.1.3); others are shorter
_WORD_SIGNS = "_.%+-@/=~"  # of secrets, beside letters and digits
_GROUP_SIGNS = "0123456789 ()+.-"  # of card and phone numbers, which are written in groups
_STEP_LENGTH_MIN = 10  # of a path; a shorter step is no secret, unless it is half an e-mail address

_SECRET_NAME = re.compile(
    r"token|secret|passw|pwd|auth|session|sid$|sig$|signature|api.?key|^key$|code$|otp|jwt|nonce"
    r"|csrf|credential|e.?mail|phone|ssn|card|cvv|iban|state$",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"[A-Za-z0-9_\-+/=.~%]{32,}"  # keys, hashes, JWTs
    # E-mail. Where the `@` stands is decided once, or a run of `%40` would take quadratic time.
    r"|(?>[^@\s]+@|[^@\s]+?%40)[^@\s]+\.[A-Za-z]{2,}"
    r"|(?:\d[ \-]?){13,19}"  # card numbers
    r"|\d{3}-\d{2}-\d{4}"  # US social security numbers
)
_CARD = re.compile(r"(?<!\d)(?:\d[ \-]?){12,18}\d(?!\d)")
# Each begins where a run of its characters begins, so that a long run is searched once.
_SHAPES = (
    r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]+@[A-Za-z0-9.\-]+\.[A-Za-z]{2,}",  # e-mail
    r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)",  # US social security numbers
    # Phone numbers with a country, or in groups as in North America: mere digits may be anything.
    r"(?<![\w+])\+\d(?:[ .()\-]{0,2}\d){6,14}(?!\d)",
    r"(?<![\w.\-])(?:\(\d{3}\) ?|\d{3}[ .\-])\d{3}[ .\-]\d{4}(?![\w\-]|\.\d)",
    r"(?<![\w\-])eyJ[\w\-]+\.[\w\-]+\.[\w\-]*",  # JWTs
    r"\b[Bb]earer\s+[\w\-.~+/]{8,}=*",
    # Keys with a known prefix: Stripe's, GitHub's, Slack's, Amazon's.
    r"\b[prs]k_(?:live|test)_\w+|\bgh[a-z]_\w{20,}|\bxox[a-z]-[\w\-]{10,}|\bAKIA[A-Z0-9]{16}\b",
    r"\b[A-Fa-f0-9]{32,}\b",  # other keys, and hashes
    # Other long random text: both cases, and more digits than the name of a function has.
    r"(?<![\w+\-])(?=[A-Z\d_+\-]*[a-z])(?=[a-z\d_+\-]*[A-Z])(?=(?:[A-Za-z_+\-]*\d){3})[\w+\-]{32,}=*",
)
_SHAPED = re.compile("|".join(_SHAPES))
_TEXT_SECRET = re.compile("|".join((_SHAPES[0], _CARD.pattern, *_SHAPES[1:])))

_PLAIN_URL = re.compile(
    r"(https?)://([\w.:\-]*)((?:/[^?#\t\n\r]*)?)(?:\?([^#\t\n\r]*))?(?:#([^\t\n\r]*))?", re.ASCII
)
# `urlsplit` itself caches the last 128 URLs and their parts, however long they are.
_split_any: Callable[[str], SplitResult] = unwrap(urlsplit)


def scrub_url(url: str) -> str:
    """Mask secrets in the query, the path and the fragment, and drop user:password@.

    Text that is no URL is scrubbed as text. The result is at most `URL_LENGTH_MAX` long.
    """
    url = _whole_url(url)
    try:
        parts = split_url(url)
    except ValueError:
        return scrub_text(url, URL_LENGTH_MAX)
    clean = SplitResult(
        parts.scheme,
        parts.netloc.rpartition("@")[2],
        _scrub_path(parts.path),
        _scrub_query(parts.query),
        _scrub_fragment(parts.fragment),
    )
    # Without a secret, the URL stays as it is written.
    return (url if clean == parts else clean.geturl())[:URL_LENGTH_MAX]


def split_url(url: str) -> SplitResult:
    """Split a URL as `urllib.parse.urlsplit` does, without its cache.

    Raises:
        ValueError: It has a malformed host.
    """
    plain = _PLAIN_URL.fullmatch(url)
    return SplitResult(*plain.groups("")) if plain else _split_any(url)


def scrub_text(text: str, length_max: int | None = None) -> str:
    """Mask e-mail addresses, card, social security and phone numbers, tokens, keys and hashes.

    Args:
        length_max: Length to which the result is cut. Little more of a longer text is read.
    """
    if length_max is None:
        return _TEXT_SECRET.sub(MASK, text)
    return _TEXT_SECRET.sub(MASK, _whole_text(text, 2 * length_max))[:length_max]


def read_length(length_max: int) -> int:
    """Return how many letters of a text `scrub_text` needs for a result of `length_max`."""
    return 2 * length_max + _SECRET_LENGTH_MAX + 1


def _whole_url(url: str) -> str:
    """Cut a long URL; of the step or parameter that is cut only the name is left."""
    if len(url) <= URL_READ_MAX:
        return url
    read = url[:URL_READ_MAX]
    end = max(read.rfind(sign) for sign in "/?&#") + 1
    name, equals, _ = read[end:].partition("=")
    return f"{read[:end]}{name if equals else ''}{equals}{MASK}"


def _whole_text(text: str, length_max: int) -> str:
    """Cut a long text, before a secret that the cut may halve."""
    if len(text) <= length_max + _SECRET_LENGTH_MAX:
        return text
    end = length_max + _SECRET_LENGTH_MAX
    while end > length_max and (text[end - 1].isalnum() or text[end - 1] in _WORD_SIGNS):
        end -= 1
    if end == length_max:  # a longer word than any secret
        return text[: length_max + _SECRET_LENGTH_MAX]
    return text[:length_max] + text[length_max:end].rstrip(_GROUP_SIGNS)


def _scrub_path(path: str) -> str:
    return "/".join(map(_scrub_step, path.split("/")))


def _scrub_step(step: str) -> str:
    """Mask a step that looks like a secret. Long numbers are more often orders than cards."""
    if len(step) < _STEP_LENGTH_MIN and "@" not in step and "%" not in step:
        return step
    text = unquote(step)
    if "@" in text:
        return MASK
    clean = _CARD.sub(lambda m: MASK if _is_card(m[0]) else m[0], _SHAPED.sub(MASK, text))
    if clean == text:
        return step
    return clean if step == text else MASK


def _is_card(text: str) -> bool:
    """Verify the check digit (ISO/IEC 7812-1, annex B: Luhn's formula)."""
    digits = [int(digit) for digit in reversed(text) if digit.isdecimal()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _scrub_query(query: str) -> str:
    return "&".join(_scrub_pair(pair) for pair in query.split("&")) if query else query


def _scrub_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    if not equals:
        return MASK if _is_secret(name) else pair
    if value and (_SECRET_NAME.search(name) or _is_secret(value)):
        return f"{name}={MASK}"
    return pair


def _is_secret(value: str) -> bool:
    return bool(_SECRET_VALUE.fullmatch(value) or _TEXT_SECRET.search(unquote(value)))


def _scrub_fragment(fragment: str) -> str:
    """Scrub a fragment: a route with a query of its own, or the response of a sign-in."""
    route, question, query = fragment.partition("?")
    if question:
        return f"{_scrub_path(route)}?{_scrub_query(query)}"
    return _scrub_query(fragment) if "=" in fragment else _scrub_path(fragment)
