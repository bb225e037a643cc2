"""Test files by the numbers they carry, read without importing them."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.numbers.catalogue import KINDS, NOT_YET

TESTS = Path(__file__).parents[1]


class Number(NamedTuple):
    """One fault or attack. `kind` is `fault` or `attack`; it sorts as one counts."""

    kind: str
    number: int

    @property
    def text(self) -> str:
        """Description; empty for a number outside the catalogue."""
        return KINDS[self.kind].get(self.number, "")

    @property
    def is_expected(self) -> bool:
        """Whether a test must show it today."""
        return not (self.kind == "attack" and self.number in NOT_YET)


ALL = tuple(Number(kind, number) for kind in ("fault", "attack") for number in KINDS[kind])


def files_by_number(folder: Path = TESTS) -> dict[Number, list[str]]:
    """Return the test files that show each number, as paths below the project's folder."""
    files: dict[Number, set[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        for number in _numbers_in(path):
            files.setdefault(number, set()).add(str(path.relative_to(folder.parent)))
    return {number: sorted(files) for number, files in files.items()}


def _numbers_in(path: Path) -> Iterator[Number]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        kind = node.func.attr
        if kind in KINDS and ast.unparse(node.func) == f"pytest.mark.{kind}":
            for argument in node.args:
                yield Number(kind, int(ast.literal_eval(argument)))
