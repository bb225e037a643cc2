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

from lake.raw.masking.patterns import LINK_NAME, PLAIN_STEP
from lake.raw.masking.secrets import MASK, mask_secrets

URL_LENGTH_MAX = 2048  # longer than any address that a person would recognise
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
_PARAMETER = re.compile(r";([^;=]*)(=?)[^;]*")  # of a path's step
_CAPITAL = re.compile(r"(?=[A-Z])")

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
    """Mask e-mail addresses, card, social security and phone numbers, tokens and keys.

    Args:
        length_max: Length to which the result is cut. Little more of a longer text is read.
    """
    if length_max is None:
        return mask_secrets(text)
    return mask_secrets(_whole_text(text, 2 * length_max))[:length_max]


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
    """Mask secrets in a path, and what follows `/reset/`, `/invite/` and the like."""
    steps = []
    is_link = False
    for step in path.split("/"):
        is_secret = is_link and not PLAIN_STEP.search(step)
        is_link = is_link or any(map(LINK_NAME.search, (step, _CAPITAL.sub("-", step))))
        steps.append(MASK if is_secret else _scrub_step(step))
    return "/".join(steps)


def _scrub_step(step: str) -> str:
    """Mask the parameters of a step, and the step where it looks like a secret."""
    if ";" in step:
        name = step[: step.index(";")]
        return _scrub_step(name) + _PARAMETER.sub(_scrub_parameter, step[len(name) :])
    if len(step) < _STEP_LENGTH_MIN and "@" not in step and "%" not in step:
        return step
    text = unquote(step)
    if "@" in text:
        return MASK
    clean = mask_secrets(text)
    if clean == text:
        return step
    return clean if step == text else MASK


def _scrub_parameter(match: "re.Match[str]") -> str:
    return f";{match[1]}={MASK}" if match[2] else f";{MASK}"


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
    return bool(_SECRET_VALUE.fullmatch(value) or mask_secrets(text := unquote(value)) != text)


def _scrub_fragment(fragment: str) -> str:
    """Scrub a fragment: a route with a query of its own, or the response of a sign-in."""
    route, question, query = fragment.partition("?")
    if question:
        return f"{_scrub_path(route)}?{_scrub_query(query)}"
    return _scrub_query(fragment) if "=" in fragment else _scrub_path(fragment)
