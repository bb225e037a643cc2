"""The code base's own rules: sizes of modules and packages, and its vocabulary."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("lake", "ingest_api", "query_api", "assets", "orchestration")
LAKE_MODULES = {
    "errors",
    "settings",
    "ids",
    "timestamps",
    "retry",
    "failpoints",
    "bounded_cache",
    "dataframes",
}
MODULES_MAX = 16
LINES_MAX = 400
TEST_NAME_MAX = 60
# A field of a report that is printed as JSON.
STORED_NAMES = {("lake/retention/removal.py", "kept")}
# Words that stood for the field's own terms, and what is said instead.
FORMER_WORDS = {
    "aside": "quarantine",
    "arrival": "received_chunk",
    "ask": "request",
    "carry_out": "execute",
    "chill": "move_to_cold",
    "fold": "compact, summarize",
    "found": "what it is: row, session, match",
    "fresh": "pending, live",
    "gone": "tombstones, is_erased, deleted",
    "hides": "is_erased",
    "kept": "cache, retained",
    "known": "compacted, cached",
    "lookups": "cache",
    "one": "what it is: session, row, chunk",
    "once": "dedup",
    "placed": "ordered_event",
    "seldom": "throttle",
    "settle": "mark_removed",
    "told": "recorded, counts",
    "whoever": "caller",
}


def modules(package: str) -> list[Path]:
    return [
        path
        for path in sorted((ROOT / package).rglob("*.py"))
        if not {"node_modules", ".venv"} & set(path.parts)
    ]


def identifiers(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield each name that a module gives, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno


@pytest.mark.parametrize("package", [*PACKAGES, "tests", "benchmarks", "deploy"])
def test_no_identifier_is_a_former_word(package: str) -> None:
    former = [
        f"{path.relative_to(ROOT)}:{line}: {name} (say {FORMER_WORDS[name.strip('_').lower()]})"
        for path in modules(package)
        for name, line in identifiers(ast.parse(path.read_text()))
        if name.strip("_").lower() in FORMER_WORDS
        and (str(path.relative_to(ROOT)), name) not in STORED_NAMES
    ]

    assert former == []


def test_names_of_tests_have_at_most_60_characters() -> None:
    too_long = [
        f"{path.relative_to(ROOT)}:{line}: {name} ({len(name)} characters)"
        for path in modules("tests")
        for name, line in identifiers(ast.parse(path.read_text()))
        if name.startswith("test_") and len(name) > TEST_NAME_MAX
    ]

    assert too_long == []


@pytest.mark.parametrize("package", PACKAGES)
def test_modules_and_packages_stay_small(package: str) -> None:
    sizes = {path: len(path.read_text().splitlines()) for path in modules(package)}
    counts = Counter(path.parent for path in sizes if path.name != "__init__.py")

    assert {path: lines for path, lines in sizes.items() if lines > LINES_MAX} == {}
    assert {folder: count for folder, count in counts.items() if count > MODULES_MAX} == {}


def test_lake_has_only_its_foundations_beside_packages() -> None:
    assert {path.stem for path in (ROOT / "lake").glob("*.py")} == LAKE_MODULES | {"__init__"}


def test_class_name_is_used_for_one_thing() -> None:
    """Schemas of the API have the names of what they describe, as its document shows them."""
    names = Counter(
        node.name
        for package in PACKAGES
        for path in modules(package)
        if path.parent.name != "schemas"
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
    )

    assert {name: count for name, count in names.items() if count > 1} == {}


def test_module_docstring_begins_with_a_noun_or_a_verb() -> None:
    questions = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in modules(package)
        if (ast.get_docstring(ast.parse(path.read_text())) or "What ").split()[0]
        in ("What", "Which", "Whose", "Where", "Who", "How")
    ]

    assert questions == []
