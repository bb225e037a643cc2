"""The generated reference contains everything that the code offers."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from deploy.docs import command_page, errors_page, http_page
from deploy.docs.hooks import BESIDE, adapt_links
from deploy.docs.reference import PAGES
from ingest_api.metrics import IngestMetrics
from lake.settings import Settings, env_name
from lake.tables.schemas import ALL_SCHEMAS
from query_api.metrics import QueryMetrics

ROOT = Path(__file__).parents[2]
CODE = [
    path
    for package in ("lake", "ingest_api", "query_api", "assets", "orchestration")
    for path in (ROOT / package).rglob("*.py")
    if "node_modules" not in path.parts
]
_KIND_OF_CLASS = re.compile(r'^    kind = "([a-z-]+)"$', re.MULTILINE)
# `problem(429, "kind", …)` and its like, over several lines, and `kind = …` with choices.
_KIND_OF_CALL = re.compile(
    r'\b(?:problem|problem_answer|last_answer|_end)\(\s*\d+,\s*"([a-z-]+)"', re.MULTILINE
)
_ABSTRACT = {"lake-error"}


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {place: make() for place, make in PAGES.items()}


def in_first_column(page: str) -> set[str]:
    return set(re.findall(r"^\| `([^`]+)`", page, re.MULTILINE))


def test_every_setting_has_a_row_with_its_reason(pages: dict[str, str]) -> None:
    page = pages["reference/settings.md"]

    assert in_first_column(page) == {env_name(field.name) for field in fields(Settings)}
    assert all(field.metadata["reason"] in page for field in fields(Settings))


def test_every_error_kind_of_the_code_has_a_row(pages: dict[str, str]) -> None:
    text = "\n".join(path.read_text() for path in CODE)
    kinds = {*_KIND_OF_CLASS.findall(text), *_KIND_OF_CALL.findall(text)} - _ABSTRACT

    assert kinds <= in_first_column(pages["reference/errors.md"])
    assert len(kinds) > 50


def test_kinds_without_a_class_are_in_the_code() -> None:
    text = "\n".join(path.read_text() for path in CODE)

    assert [kind.name for kind in errors_page.WITHOUT_CLASS if f'"{kind.name}"' not in text] == []


def test_every_command_and_parameter_is_described(pages: dict[str, str]) -> None:
    page = pages["reference/command-line.md"]
    for command, context in command_page.commands():
        section = page.split(f"## {context.command_path}\n")[1].split("\n## ")[0]
        names = [name for item in command.params for name in item.opts if name.startswith("-")]

        assert command.help in section
        assert [name for name in names if f"`{name}" not in section] == []


def test_every_route_of_both_apis_is_described(pages: dict[str, str]) -> None:
    for name in ("ingest", "query"):
        schema = getattr(http_page, f"{name}_schema")()
        page = pages[f"reference/{name}-api.md"]
        for method, path, operation in http_page.operations(schema):
            section = page.split(f"### {method} {path}\n")[1].split("\n### ")[0]
            parameters = [item["name"] for item in operation.get("parameters", ())]

            assert [item for item in parameters if f"| `{item}` |" not in section] == []


def test_every_column_of_every_table_is_described(pages: dict[str, str]) -> None:
    page = pages["reference/tables.md"]
    for name, schema in ALL_SCHEMAS.items():
        section = page.split(f"## {name}\n")[1].split("\n## ")[0]

        assert in_first_column(section) == set(schema.names)


def test_every_metric_is_described(pages: dict[str, str]) -> None:
    text = (IngestMetrics().text() + QueryMetrics().text()).decode()

    assert in_first_column(pages["reference/metrics.md"]) == set(
        re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    )


def test_every_link_between_pages_leads_to_a_file() -> None:
    places = [f"adr/{path.name}" for path in (ROOT / "docs/adr").glob("*.md")]
    places += [path.name for path in (ROOT / "docs").glob("*.md")]
    for place in (*places, *BESIDE):
        source = ROOT / BESIDE.get(place, f"docs/{place}")

        adapt_links(source.read_text(), place)  # raises


@pytest.mark.long
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=300)

    assert (tmp_path / "reference/settings/index.html").is_file()
