"""Secrets of every shape, drawn from a seed, and the ways to write them."""

import string
from base64 import b64encode
from collections.abc import Callable
from random import Random
from typing import NamedTuple

_BASE62 = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
_TYPOGRAPHIC = {
    "no-break space": (" ", "\u00a0"),
    "thin space": (" ", "\u2009"),
    "narrow no-break space": (" ", "\u202f"),
    "double space": (" ", "  "),
    "hyphen": ("-", "\u2010"),
    "no-break hyphen": ("-", "\u2011"),
    "figure dash": ("-", "\u2012"),
    "en dash": ("-", "\u2013"),
    "em dash": ("-", "\u2014"),
    "bar": ("-", "\u2015"),
    "minus": ("-", "\u2212"),
    "dots": (" ", "."),
    "slashes": (" ", "/"),
}


class Drawn(NamedTuple):
    """A secret: `prefix` may be recorded, `value` may not."""

    shape: str
    encoding: str
    prefix: str
    value: str

    @property
    def text(self) -> str:
        """Return it as a page writes it."""
        return self.prefix + self.value

    def needles(self) -> set[str]:
        """Return the secret and both of its halves."""
        half = max(8, len(self.value) // 2)
        return {self.value, self.value[:half], self.value[-half:]}


def _digits(random: Random, count: int) -> str:
    return "".join(random.choices(string.digits, k=count))


def _token(random: Random, count: int) -> str:
    # As generated keys are: digits and both cases in each half.
    return "".join(
        random.choice((string.digits, string.ascii_lowercase, string.ascii_uppercase)[n % 3])
        for n in range(count)
    )


def card(random: Random) -> str:
    """Draw a card of one of the issuers, in its groups, with a valid check digit."""
    begin, length, sizes = random.choice(
        [
            *[("4", 16, (4, 4, 4, 4)), ("53", 16, (4, 4, 4, 4)), ("2223", 16, (4, 4, 4, 4))],
            *[("37", 15, (4, 6, 5)), ("6011", 16, (4, 4, 4, 4)), ("3056", 14, (4, 6, 4))],
            *[("3530", 16, (4, 4, 4, 4)), ("6200", 16, (4, 4, 4, 4))],
        ]
    )
    digits = begin + _digits(random, length - len(begin) - 1)
    doubled = [int(d) * (2 - n % 2) for n, d in enumerate(reversed(digits))]
    digits += str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)
    ends = [sum(sizes[: n + 1]) for n in range(len(sizes))]
    groups = [digits[end - size : end] for size, end in zip(sizes, ends, strict=True)]
    return random.choice([" ", "-", ""]).join(groups)


def ssn(random: Random) -> str:
    """Draw a social security number."""
    numbers = random.randint(101, 665), random.randint(10, 99), random.randint(1000, 9999)
    return "{}{sep}{}{sep}{}".format(*numbers, sep=random.choice("- "))


def phone(random: Random) -> str:
    """Draw a phone number of one of several countries."""
    return random.choice(
        [
            f"+49 17{_digits(random, 1)} {random.randint(2, 9)}{_digits(random, 6)}",
            f"+1-{random.randint(201, 989)}-{random.randint(200, 999)}-{_digits(random, 4)}",
            f"({random.randint(201, 989)}) {random.randint(200, 999)}-{_digits(random, 4)}",
            f"{random.randint(201, 989)}-{random.randint(200, 999)}-{_digits(random, 4)}",
            f"+44 20 {random.randint(3000, 8999)} {_digits(random, 4)}",
            f"+33 6 {random.randint(11, 99)} {_digits(random, 2)} {_digits(random, 2)} 07",
            f"0{random.randint(151, 179)} {random.randint(2, 9)}{_digits(random, 6)}",
        ]
    )


def email(random: Random) -> str:
    """Draw an e-mail address."""
    name = "".join(random.choices(string.ascii_lowercase, k=9))
    domain = "".join(random.choices(string.ascii_lowercase, k=8))
    name += random.choice(["", ".x", "+tag", "_2", "-b"])
    return f"{name}@{domain}.{random.choice(['org', 'co.uk', 'example'])}"


def jwt(random: Random) -> str:
    """Draw a JSON web token."""
    payload = b64encode(f'{{"sub":"{_token(random, 12)}"}}'.encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{payload}.{_token(random, 24)}"


def key(random: Random) -> str:
    """Draw a key with the prefix of its issuer."""
    upper = "".join(random.choices(string.ascii_uppercase + "234567", k=16))
    prefix, length = random.choice(
        [
            *[("sk_live_", 24), ("rk_test_", 24), ("pk_live_", 24), ("ghp_", 36), ("gho_", 36)],
            *[("github_pat_", 40), ("glpat-", 20), ("xoxb-", 24), ("xoxp-", 24), ("npm_", 36)],
            *[("hf_", 34), ("AIza", 35), ("ya29.", 40), ("EAA", 40), ("whsec_", 32)],
            *[("SG.", 22), ("sk-proj-", 32), ("pypi-", 40), ("dckr_pat_", 27), ("AKIA", 0)],
            *[("ASIA", 0), ("shpat_", -32), ("dop_v1_", -64), ("key-", -32)],
        ]
    )
    if length > 0:
        return prefix + _token(random, length)
    return prefix + ("".join(random.choices(_HEX, k=-length)) if length else upper)


def aws_secret(random: Random) -> str:
    """Draw a secret key of Amazon's, with slashes."""
    return f"{_token(random, 12)}/{_token(random, 13)}/{_token(random, 13)}"


def token(random: Random) -> str:
    """Draw a random text of 32 characters."""
    return _token(random, 32)


def hexadecimal(random: Random) -> str:
    """Draw 40 hexadecimal digits."""
    return "".join(random.choices(_HEX, k=40))


def word(random: Random) -> str:
    """Draw a word that has no shape: a secret by its place only."""
    return "zq" + "".join(random.choices(string.ascii_lowercase, k=12))


def number(random: Random) -> str:
    """Draw a number that is no secret by its shape."""
    return _digits(random, 4) + "7" + _digits(random, 4)


def link(random: Random) -> str:
    """Draw the token of a link that is sent by mail."""
    hex_text = "".join(random.choices(_HEX, k=32))
    parts = (hex_text[:8], hex_text[8:12], hex_text[12:16], hex_text[16:20], hex_text[20:])
    return random.choice(["-".join(parts), hex_text + "01234567", _token(random, 22)])


SHAPES: dict[str, Callable[[Random], str]] = {
    "card": card,
    "SSN": ssn,
    "phone": phone,
    "e-mail": email,
    "JWT": jwt,
    "key": key,
    "key with slashes": aws_secret,
    "token": token,
    "hex": hexadecimal,
    "bearer": token,
    "basic": token,
    "word": word,
    "link": link,
    "number": number,
}
_PREFIXES = {"bearer": "Bearer ", "basic": "Basic "}
PATTERNS = tuple(SHAPES)[:11]  # masked in any text
NAMES = ("card", "SSN", "e-mail", "JWT", "key", "hex")  # masked in classes and ids, too


def draw(random: Random, shapes: tuple[str, ...], *, is_one_word: bool) -> Drawn:
    """Draw a secret of one of these shapes, written in one of many ways."""
    shape = random.choice(shapes)
    value = SHAPES[shape](random)
    encoding = "plain"
    if is_one_word:
        value = value.replace(" ", "-")
    elif shape in ("card", "SSN", "phone"):
        fitting = [name for name, (sign, _) in _TYPOGRAPHIC.items() if sign in value]
        encoding = random.choice(["plain", *fitting])
        # A phone in dots or slashes alone is not told from a version or a date.
        if shape == "phone" and encoding in ("dots", "slashes"):
            encoding = "plain"
        value = value.replace(*_TYPOGRAPHIC.get(encoding, ("", "")))
    elif shape == "e-mail":
        encoding = random.choice(["plain", "percent", "wide"])
        value = value.replace("@", {"percent": "%40", "wide": "\uff20"}.get(encoding, "@"))
    return Drawn(shape, encoding, _PREFIXES.get(shape, ""), value)
