"""Names in the pages of `docs/` exist: settings, metrics, commands, make targets, pages."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from typer.main import get_command

from ingest_api.metrics import IngestMetrics as IngestMetrics
from lake.settings import Settings, env_name
from orchestration.cli import app
from query_api.auth import COOKIE
from query_api.metrics import QueryMetrics as QueryMetrics

ROOT = Path(__file__).parents[2]
DOCS = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
SETTINGS = {env_name(field.name) for field in fields(Settings)}
COMMANDS = set(getattr(get_command(app), "commands", ()))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
METRICS = set(
    re.findall(
        r"^# TYPE (replaylake_\w+)",
        (IngestMetrics().text() + QueryMetrics().text()).decode(),
        re.MULTILINE,
    )
)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_names_in_the_docs_exist(path: Path) -> None:
    text = path.read_text()
    metrics = {re.sub(r"_(count|sum|bucket)$", "", name) for name in _all(r"replaylake_\w+", text)}
    links = _all(r"\]\(([^)#:]+)\)", text)

    assert _all(r"REPLAY_[A-Z_]+", text) <= SETTINGS
    assert metrics <= METRICS | {COOKIE}
    assert _all(r"`replaylake ([a-z]+)", text) <= COMMANDS
    assert _all(r"`make ([a-z-]+)", text) <= TARGETS
    assert [link for link in links if not (path.parent / link).exists()] == []


def _all(pattern: str, text: str) -> set[str]:
    return set(re.findall(pattern, text))
