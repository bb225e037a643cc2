"""`docs/architecture.md` agrees with the code: its arrows, its packages, its functions."""

import importlib
import re
from functools import reduce
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/architecture.md").read_text()
OURS = ("lake", "ingest_api", "query_api", "assets", "orchestration")
Arrows = set[tuple[str, str]]
_FUNCTION = re.compile(rf"`((?:{'|'.join(OURS)})(?:\.\w+){{2,}})`")


def package_of(module: str) -> str | None:
    """The package that the diagram shows; None for `lake` and the single modules below it."""
    top, *below = module.split(".")
    if top != "lake":
        return top
    if below and ((ROOT / "lake" / below[0]).is_dir() or below[0] == "dataframes"):
        return f"lake.{below[0]}"
    return None


@pytest.fixture(scope="module")
def imports() -> Arrows:
    """Every import of a package by another."""
    graph = grimp.build_graph(*OURS)
    pairs = (
        (package_of(module), package_of(other))
        for module in graph.modules
        for other in graph.find_modules_directly_imported_by(module)
    )
    return {(package, other) for package, other in pairs if package and other and package != other}


def reachable(arrows: Arrows, start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        here = waiting.pop()
        after = {other for package, other in arrows if package == here} - seen
        seen |= after
        waiting += after
    return seen


def arrows_of_page() -> Arrows:
    diagram = PAGE.split("```mermaid\n")[1].split("```")[0]
    return set(re.findall(r"^    (\S+) --> (\S+)$", diagram, re.MULTILINE))


def test_every_arrow_is_an_import_of_the_code(imports: Arrows) -> None:
    assert arrows_of_page() - imports == set()


def test_every_import_follows_from_the_arrows(imports: Arrows) -> None:
    arrows = arrows_of_page()
    below = {package: reachable(arrows, package) for package, _ in imports}

    assert {(package, other) for package, other in imports if other not in below[package]} == set()


def test_no_arrow_follows_from_others() -> None:
    arrows = arrows_of_page()

    assert [arrow for arrow in arrows if arrow[1] in reachable(arrows - {arrow}, arrow[0])] == []


def test_every_package_of_the_diagram_has_a_row(imports: Arrows) -> None:
    rows = set(re.findall(r"^\| `([\w.]+)` \|", PAGE, re.MULTILINE))

    assert rows == {package for arrow in imports for package in arrow}


@pytest.mark.parametrize("name", sorted(set(_FUNCTION.findall(PAGE))))
def test_every_named_function_exists(name: str) -> None:
    parts = name.split(".")
    depth = next(n for n in range(len(parts), 0, -1) if is_module(parts[:n]))
    module = importlib.import_module(".".join(parts[:depth]))

    assert callable(reduce(getattr, parts[depth:], module))


def is_module(parts: list[str]) -> bool:
    path = ROOT.joinpath(*parts)
    return path.is_dir() or path.with_suffix(".py").is_file()
