"""Mask secrets and personal data in text: e-mail addresses, cards, SSNs, phones, tokens. Pure.

The patterns are those of `lake.raw.masking.patterns`. The recorder does the same in
`privacy/patterns.ts`; both are tested with the vectors of `tests/privacy/vectors.json`.
"""

import re
from collections.abc import Callable
from unicodedata import normalize

from lake.raw.masking import patterns as shapes

MASK = "***"
_CONTEXT_LENGTH = 24  # of what stands before a number and tells what it is
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+", re.ASCII)
_MIXED = re.compile(r"(?=.*\d.*\d)(?=.*[A-Z].*[A-Z]).*[a-z].*[a-z]", re.ASCII)
_WORDS = re.compile(r"\S+")
_GROUPS = re.compile(r"([\s./_|·•-]+)", re.ASCII)
_NOT_DIGITS = re.compile(r"\D", re.ASCII)
_HEX = re.compile(r"(?:^|[^a-z\d])[\da-f]{32,}(?![a-z\d])", re.ASCII | re.IGNORECASE)
_KEY_SIGN = re.compile(r"\d|_(?:live|test)_|[a-z][A-Z]|[A-Z]{16}", re.ASCII)
_LONG_PARTS = re.compile(r"[A-Za-z\d]{20,}", re.ASCII)
_JOINED = re.compile(r"[-_]", re.ASCII)
_DIGITS = re.compile(r"\d.*\d", re.ASCII)
_WORD_LENGTH_MIN = 32  # of random text without capitals, such as names of generated classes

_Replace = Callable[["re.Match[str]"], str]


def mask_secrets(text: str) -> str:
    """Return `text` with each secret replaced by `MASK`; otherwise unchanged.

    Where there is a secret, typographic spaces, dashes and digits become plain ones.
    """
    plain = normalised(text)
    masked = _mask_shapes(_WORDS.sub(_mask_escaped, plain))
    return text if masked == plain else masked


def normalised(text: str) -> str:
    """Return `text` with typographic spaces, dashes and digits as plain ones."""
    if not shapes.TYPOGRAPHIC.search(text):
        return text
    plain = shapes.INVISIBLE.sub("", normalize("NFKC", text))
    plain = shapes.DASH.sub("-", plain)
    return shapes.ARABIC_DIGIT.sub(lambda match: str(ord(match[0]) & 15), plain)


def is_card(digits: str) -> bool:
    """Verify issuer, length and the check digit (ISO/IEC 7812-1, annex B: Luhn's formula)."""
    if not shapes.ISSUER.search(digits):
        return False
    reverse = [int(digit) for digit in reversed(digits)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in reverse[1::2]]
    return (sum(reverse[::2]) + sum(doubled)) % 10 == 0


def _mask_escaped(match: "re.Match[str]") -> str:
    """Mask a word that is a secret once its `%40` or `&#64;` are read."""
    word = match[0]
    plain = shapes.ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), word)
    plain = shapes.DECIMAL_ESCAPE.sub(lambda escape: chr(int(escape[1])), plain)
    return word if plain == word or _mask_shapes(plain) == plain else MASK


def _mask_shapes(text: str) -> str:
    for pattern in (shapes.EMAIL, shapes.PEM, shapes.JWT):
        text = pattern.sub(rf"\1{MASK}", text)
    text = shapes.KEY.sub(_mask_unless(_is_name), text)
    text = shapes.SCHEME.sub(_mask_unless(_is_word), text)
    text = shapes.WORD.sub(_mask_unless(_is_no_token), text)
    text = shapes.SLASHED.sub(_mask_unless(_is_path), text)
    text = shapes.CARD.sub(lambda match: _mask_cards(match[2]), text)
    for pattern in (shapes.NAMED_SSN, shapes.SSN, shapes.NAMED_PHONE):
        text = pattern.sub(rf"\1{MASK}", text)
    return shapes.PHONE.sub(_mask_unless(_is_no_phone), text)


def _mask_unless(is_harmless: Callable[["re.Match[str]"], bool]) -> _Replace:
    return lambda match: match[0] if is_harmless(match) else match[1] + MASK


def _is_name(match: "re.Match[str]") -> bool:
    return _KEY_SIGN.search(match[2]) is None


def _is_word(match: "re.Match[str]") -> bool:
    word = match[2]
    is_bearer = match[1][0] in "Bb" and match[1][1] in "Ee"
    return not is_bearer and len(_PARTS.findall(word)) * 4 < len(word) and word[-1] != "="


def _is_no_token(match: "re.Match[str]") -> bool:
    word = match[2]
    if _HEX.search(word):
        return shapes.HASH_NAME.search(_before(match)) is not None
    return not _is_random(word)


def _is_random(word: str) -> bool:
    """Whether a word changes between letters, cases and digits as no language does."""
    if any(_is_dense(part) and _MIXED.match(part) for part in _LONG_PARTS.findall(word)):
        return True
    if len(word) < _WORD_LENGTH_MIN:
        return False
    if _MIXED.match(word):
        return True
    return _is_dense(word) and bool(_DIGITS.search(word)) and not _JOINED.search(word)


def _is_dense(word: str) -> bool:
    return len(_PARTS.findall(word)) * 5 >= len(word) * 2


def _is_path(match: "re.Match[str]") -> bool:
    word = match[2]
    return not _MIXED.match(word + "0") or len(_PARTS.findall(word)) * 4 < len(word)


def _mask_cards(run: str) -> str:
    """Mask the cards of a run of digits: its groups may begin or end with other numbers."""
    groups = _GROUPS.split(run)
    start = 0
    while start < len(groups):
        if not (start and groups[start - 1] == "." and len(groups[start - 2]) < 3):  # a fraction
            digits = ""
            for end in range(start, len(groups), 2):
                digits += groups[end]
                if len(digits) > 19:
                    break
                if _are_groups(groups[start : end + 1 : 2]) and is_card(digits):
                    groups[start : end + 1] = [MASK]
                    break
        start += 2
    return "".join(groups)


def _are_groups(groups: list[str]) -> bool:
    """Whether digits are grouped as on a card, not as a list of numbers."""
    longest = len(groups[0])
    return all(len(group) == longest or len(group) > 3 for group in groups[:-1]) and (
        len(groups[-1]) <= longest or longest > 3
    )


def _is_no_phone(match: "re.Match[str]") -> bool:
    phone = match[2]
    before, after = _before(match), match.string[match.end() : match.end() + 8]
    if shapes.AMOUNT_BEFORE.search(before) or shapes.AMOUNT_AFTER.search(after):
        return True
    if not 9 <= len(_NOT_DIGITS.sub("", phone)) <= 15:
        return True
    if phone[0] == "+":
        return False
    return bool(shapes.DATE.search(phone) or shapes.NUMBER_NAME.search(before))


def _before(match: "re.Match[str]") -> str:
    at = match.start(2)
    return match.string[max(0, at - _CONTEXT_LENGTH) : at]
