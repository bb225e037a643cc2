"""Secrets to plant on a page, and the search for them in whatever bytes.

    html = planted.fill("<p data-private>{{word private text}}</p><h2>{{seen private text}}</h2>")
    planted.value("mail", "typed, e-mail")
    planted.leaks({"wire": body}) == []

`{{kind place}}` in a text becomes a secret that is nowhere else; `{{seen place}}` a word that must
be recorded, so that an empty recording hides nothing from a test.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from urllib.parse import quote

_SLOT = re.compile(r"\{\{(\w+) ([^}]+)\}\}")
_STEM = "zqplanted"
_AROUND = 300  # bytes that are shown of where a secret was found


class Secret(NamedTuple):
    """`needles` are its telling parts: what is left when it is cut or written in another way."""

    place: str
    value: str
    needles: tuple[str, ...]


class Miss(NamedTuple):
    """A secret that came through."""

    place: str
    value: str
    where: str
    around: str


def _letters(n: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in f"{n:03}")


def _word(n: int) -> tuple[str, ...]:
    # No digits: names of elements that have some are left out of paths.
    word = f"{_STEM}{_letters(n)}"
    return f"{word}x", word


def _mail(n: int) -> tuple[str, ...]:
    return f"zqmail{_letters(n)}@letters.example", f"zqmail{_letters(n)}"


def _card(n: int) -> tuple[str, ...]:
    digits = f"4539{n:03}47182069"
    doubled = [int(d) * (1 + (i + 1) % 2) for i, d in enumerate(digits)]
    digits += str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)
    spaced = " ".join(digits[i : i + 4] for i in range(0, 16, 4))
    return spaced, spaced[:14], digits[:12], spaced.replace(" ", "-")


def _ssn(n: int) -> tuple[str, ...]:
    return f"{100 + n}-47-{8000 + n}", f"{100 + n}-47-{8000 + n}"


def _phone(n: int) -> tuple[str, ...]:
    return f"+49 171 5550{n:03}", f"171 5550{n:03}", f"491715550{n:03}"


def _jwt(n: int) -> tuple[str, ...]:
    payload = base64.urlsafe_b64encode(f'{{"sub":"visitor {n:03}"}}'.encode()).decode().rstrip("=")
    sign = hashlib.sha256(f"jwt {n}".encode()).hexdigest()[:24]
    return f"eyJhbGciOiJIUzI1NiJ9.{payload}.{sign}", payload, sign


def _hex(n: int) -> tuple[str, ...]:
    text = hashlib.sha256(f"hex {n}".encode()).hexdigest()[:40]
    return text, text[:20], text[20:]


def _key(n: int) -> tuple[str, ...]:
    text = hashlib.sha256(f"key {n}".encode()).hexdigest()[:24]
    return f"sk_live_{text}", text[:20]


def _bearer(n: int) -> tuple[str, ...]:
    return f"Bearer zqbearer-{_letters(n)}", f"zqbearer-{_letters(n)}"


def _number(n: int) -> tuple[str, ...]:
    return f"86{n:03}7193", f"86{n:03}7193"


def _date(n: int) -> tuple[str, ...]:
    text = f"19{n // 10 % 100:02}-07-1{n % 10}"
    return text, text


def _color(n: int) -> tuple[str, ...]:
    return f"#a7c{n:03}", f"#a7c{n:03}"


def _svg(n: int) -> tuple[str, ...]:
    mail, needle = _mail(n)
    text = f'<svg xmlns="http://www.w3.org/2000/svg"><text>{mail}</text></svg>'
    return quote(text), needle


def _svg64(n: int) -> tuple[str, ...]:
    mail, needle = _mail(n)
    text = f'<svg xmlns="http://www.w3.org/2000/svg"><text>{mail}</text></svg>'
    return base64.b64encode(text.encode()).decode(), needle


_KINDS: dict[str, Callable[[int], tuple[str, ...]]] = {
    "word": _word,
    "mail": _mail,
    "card": _card,
    "ssn": _ssn,
    "phone": _phone,
    "jwt": _jwt,
    "hex": _hex,
    "key": _key,
    "bearer": _bearer,
    "number": _number,
    "date": _date,
    "color": _color,
    "svg": _svg,
    "svg64": _svg64,
}


class Planted:
    """Every secret that was planted, in order, and every word that must be seen."""

    def __init__(self) -> None:
        self.secrets: list[Secret] = []
        self.controls: dict[str, str] = {}

    def value(self, kind: str, place: str) -> str:
        """Make a secret for this place."""
        assert all(place != earlier.place for earlier in self.secrets), f"two secrets: {place}"
        value, *needles = _KINDS[kind](len(self.secrets))
        self.secrets.append(Secret(place, value, tuple(needles)))
        return value

    def seen(self, place: str) -> str:
        """Make a word that must be recorded."""
        assert place not in self.controls, f"two controls: {place}"
        self.controls[place] = f"control{_letters(len(self.controls))}seen"
        return self.controls[place]

    def fill(self, text: str) -> str:
        """Put secrets and controls into a text."""

        def slot(match: re.Match[str]) -> str:
            kind, place = match.groups()
            return self.seen(place) if kind == "seen" else self.value(kind, place)

        return _SLOT.sub(slot, text)

    def unseen(self, text: str) -> list[str]:
        """The places whose control is not in a text."""
        return [place for place, word in self.controls.items() if word not in text]

    def leaks(self, bodies: Mapping[str, bytes]) -> list[Miss]:
        """Return every secret in these bytes, whole or in part, in any encoding."""
        needles = [(secret, form) for secret in self.secrets for form in _forms(secret.needles)]
        misses: dict[str, Miss] = {}
        for where, body in bodies.items():
            lower = body.lower()
            for secret, form in needles:
                # Base64 alone cares for the case.
                at = max(lower.find(form), body.find(form))
                if at >= 0:
                    around = body[max(0, at - _AROUND) : at + _AROUND].decode(errors="replace")
                    misses.setdefault(secret.place, Miss(secret.place, secret.value, where, around))
        return list(misses.values())


def report(misses: Iterable[Miss]) -> str:
    """Describe leaked secrets and their places."""
    return "\n\n".join(f"{m.place}: {m.value} in {m.where}\n…{m.around}…" for m in misses)


def _forms(needles: Iterable[str]) -> set[bytes]:
    forms = set()
    for needle in needles:
        text = needle.lower()
        raw = needle.encode()
        forms |= {
            text,
            quote(text, safe="").lower(),
            quote(text, safe="").replace("%20", "+").lower(),
            "".join(f"%{byte:02x}" for byte in raw),
            json.dumps(text)[1:-1],
            "".join(f"\\u{ord(char):04x}" for char in needle),
            html.escape(text),
            "".join(f"&#{ord(char)};" for char in needle),
            "".join(f"&#x{ord(char):x};" for char in needle),
            *(_base64(raw, shift) for shift in range(3)),
        }
    return {form.encode() for form in forms}


def _base64(raw: bytes, shift: int) -> str:
    """The characters that stand for `raw` alone where it begins `shift` bytes after a group."""
    text = base64.b64encode(bytes(shift) + raw).decode()
    first = (0, 2, 3)[shift]
    whole = (shift + len(raw)) * 8 // 6
    return text[first:whole]
