"""The search for secrets in bytes, in every encoding: one pass whatever their number."""

import gzip
import html
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from urllib.parse import quote

_WINDOW = 8  # bytes; no needle is shorter


def forms(needle: str) -> set[bytes]:
    """Return what a needle may look like: plain, URL, base64, JSON, HTML, hex, reversed."""
    raw = needle.encode()
    texts = {
        needle,
        needle[::-1],
        quote(needle, safe=""),
        quote(needle, safe="").lower(),
        "".join(f"%{byte:02x}" for byte in raw),
        json.dumps(needle)[1:-1],
        json.dumps(json.dumps(needle))[3:-3],
        "".join(f"\\u{ord(char):04x}" for char in needle),
        html.escape(needle),
        "".join(f"&#{ord(char)};" for char in needle),
        "".join(f"&#x{ord(char):x};" for char in needle),
        raw.hex(),
        raw.hex().upper(),
        raw[::-1].hex(),
        *(_base64(raw, shift) for shift in range(3)),
    }
    return {text.encode() for text in texts if len(text.encode()) >= _WINDOW}


def numbers_in(needles: Mapping[int, Iterable[str]], bodies: Iterable[bytes]) -> set[int]:
    """Return the numbers of which a needle stands in one of the bodies, plain or in gzip."""
    by_window: dict[bytes, list[tuple[bytes, int]]] = {}
    for number, texts in needles.items():
        for text in texts:
            for form in forms(text):
                by_window.setdefault(form[:_WINDOW], []).append((form, number))
    numbers: set[int] = set()
    for body in bodies:
        for inflated in _inflated(body):
            for at in range(len(inflated) - _WINDOW + 1):
                for form, number in by_window.get(inflated[at : at + _WINDOW], ()):
                    if number not in numbers and inflated.startswith(form, at):
                        numbers.add(number)
    return numbers


def _inflated(body: bytes) -> list[bytes]:
    return [body, gzip.decompress(body)] if body.startswith(b"\x1f\x8b") else [body]


def _base64(raw: bytes, shift: int) -> str:
    """Return the characters that stand for `raw` alone, `shift` bytes after a group."""
    text = b64encode(bytes(shift) + raw).decode()
    return text[(0, 2, 3)[shift] : (shift + len(raw)) * 8 // 6]
