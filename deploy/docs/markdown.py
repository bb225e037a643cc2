"""Markdown for generated pages. Cells may hold any text of the code."""

import re
from collections.abc import Iterable, Sequence

_SPACES = re.compile(r"\s+")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. A `|` inside a cell is escaped; line breaks become spaces."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def code(text: str) -> str:
    """Return `text` as code, or nothing where it is empty."""
    return f"`{text}`" if text else ""


def first_paragraph(docstring: str | None) -> str:
    """Return the first paragraph of a docstring in one line."""
    return _SPACES.sub(" ", (docstring or "").strip().split("\n\n")[0])


def _cell(text: str) -> str:
    return _SPACES.sub(" ", text.replace("|", "\\|"))
