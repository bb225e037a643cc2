"""Write the recorder's copy of the shared pattern list: `python -m deploy.secret_patterns`."""

import re
from pathlib import Path

from lake.raw.masking import patterns

TARGET = Path(__file__).parents[1] / "ingest_api/recorder/src/privacy/shapes.ts"
_HEAD = """\
/** Generated from lake/raw/masking/patterns.py by `python -m deploy.secret_patterns`. */
"""
_SEARCHED = frozenset(
    [
        "EMAIL",
        "JWT",
        "KEY",
        "PEM",
        "SCHEME",
        "WORD",
        "SLASHED",
        "CARD",
        "SSN",
        "NAMED_SSN",
        "NAMED_PHONE",
        "PHONE",
        "INVISIBLE",
        "DASH",
        "ARABIC_DIGIT",
        "ESCAPE",
        "DECIMAL_ESCAPE",
    ]
)


def shapes() -> str:
    """Return the text of `shapes.ts`."""
    lines = [
        f"export const {name} = {_literal(name, value)};"
        for name, value in vars(patterns).items()
        if isinstance(value, re.Pattern)
    ]
    return _HEAD + "\n" + "\n".join(lines) + "\n"


def _literal(name: str, pattern: "re.Pattern[str]") -> str:
    source = re.sub(r"(?<!\\)/", r"\\/", pattern.pattern.replace(r"\"", '"'))
    is_folded = pattern.flags & re.IGNORECASE
    return f"/{source}/{'g' if name in _SEARCHED else ''}{'i' if is_folded else ''}"


if __name__ == "__main__":
    TARGET.write_text(shapes())
