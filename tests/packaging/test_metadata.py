"""Version, changelog and type information agree with `pyproject.toml`."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
VERSION = PROJECT["project"]["version"]
PACKAGES = [
    name.rstrip("*") for name in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
]


def test_changelog_begins_with_the_current_version() -> None:
    versions = re.findall(r"^## \[([\d.]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert versions[0] == VERSION


@pytest.mark.parametrize("folder", ["ingest_api/recorder", "query_api/dashboard"])
def test_bundles_have_the_version_of_the_project(folder: str) -> None:
    for name in ("package.json", "package-lock.json"):
        assert json.loads((ROOT / folder / name).read_text())["version"] == VERSION


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_ship_py_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()
