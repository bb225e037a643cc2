"""The part of `docs/reliability.md` that is made from the markers.

python -m tests.numbers.page           # prints it
python -m tests.numbers.page --write   # writes it into the page
"""

import sys
from pathlib import Path

from tests.mutants.catalogue import MUTANTS
from tests.numbers.markers import ALL, files_by_number

PAGE = Path(__file__).parents[2] / "docs/reliability.md"
WRITE = "python -m tests.numbers.page --write"


def blocks() -> dict[str, str]:
    """Return each generated block by its name."""
    files = files_by_number()
    made = {}
    for kind in ("fault", "attack"):
        lines = [f"| {kind} | what | shown by |", "|---|---|---|"]
        for number in (number for number in ALL if number.kind == kind):
            where = ", ".join(f"`{path.removeprefix('tests/')}`" for path in files.get(number, []))
            if not where:
                where = "**nothing**" if number.is_expected else "not there yet"
            lines.append(f"| {number.number} | {number.text} | {where} |")
        made[f"{kind}s"] = "\n".join(lines)
    lines = ["| mutant | of | turns red |", "|---|---|---|"]
    lines += [f"| {mutant.name} | `{mutant.path}` | {_shown(mutant.tests)} |" for mutant in MUTANTS]
    made["mutants"] = "\n".join(lines)
    return made


def written(text: str) -> str:
    """Return the page with its blocks made anew."""
    for name, block in blocks().items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = text.partition(begin)
        _, separator, after = rest.partition(end)
        assert separator, f"docs/reliability.md has no block {name}"
        text = f"{before}{begin}{block}\n{end}{after}"
    return text


def _shown(tests: tuple[str, ...]) -> str:
    paths = dict.fromkeys(test.partition("::")[0].removeprefix("tests/") for test in tests)
    return ", ".join(f"`{path}`" for path in paths)


def main() -> None:
    """Print the blocks, or write the page."""
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(written(PAGE.read_text()))
    else:
        sys.stdout.write("\n\n".join([*blocks().values(), ""]))


if __name__ == "__main__":
    main()
