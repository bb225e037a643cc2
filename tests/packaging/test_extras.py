"""Dependencies are split by role, and a command names the extra that it lacks."""

import functools
import re
import sys
import tomllib
from collections import defaultdict
from importlib import metadata
from pathlib import Path

import grimp
import pytest
from typer.testing import CliRunner

from orchestration.cli import app, extras
from orchestration.cli.extras import MODULES, Extra, ExtraMissing

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OURS = ("lake", "ingest_api", "query_api", "assets", "orchestration")
# The longest prefix counts. `lake.http` and the shop's server are part of those who import them.
ROLES: dict[str, tuple[Extra, ...]] = {
    "lake": (),
    "lake.http": ("ingest",),
    "ingest_api": ("ingest",),
    "query_api": ("query",),
    "assets": ("dagster",),
    "orchestration": ("dagster",),
    "orchestration.cli": (),
    "orchestration.demo": ("demo",),
}

OF_S3FS = {"aiobotocore", "aiohttp", "botocore", "fsspec"}
OF_FASTAPI = {"pydantic", "starlette", "typing_extensions"}


@functools.cache
def modules_by_distribution() -> dict[str, set[str]]:
    """The top-level modules of each installed distribution, by its normalized name."""
    modules = defaultdict(set)
    for module, names in metadata.packages_distributions().items():
        for name in names:
            modules[name.lower().replace("_", "-")].add(module)
    return modules


def modules_of(requirements: list[str]) -> set[str]:
    """The top-level modules of what `requirements` name, extras of our own followed."""
    modules: set[str] = set()
    for requirement in requirements:
        name = re.split(r"[^\w-]", requirement.lower())[0]
        if name == "replaylake":
            for extra in requirement.split("[")[1].rstrip("]").split(","):
                modules |= modules_of(PROJECT["optional-dependencies"][extra])
        else:
            modules |= modules_by_distribution()[name]
    return {module for module in modules if not module.startswith("_")}


@pytest.mark.parametrize("extra", MODULES)
def test_modules_of_an_extra_are_those_of_pyproject(extra: Extra) -> None:
    assert set(MODULES[extra]) == modules_of(PROJECT["optional-dependencies"][extra])


def test_each_role_imports_only_what_its_extra_installs() -> None:
    graph = grimp.build_graph(*OURS, include_external_packages=True)
    allowed = {role: allowed_to(extras_of_role) for role, extras_of_role in ROLES.items()}
    wrong = [
        f"{module} imports {name}"
        for module in graph.modules
        if (role := role_of(module)) is not None
        for name in graph.find_modules_directly_imported_by(module)
        if name.split(".")[0] not in allowed[role]
    ]

    assert wrong == []


def role_of(module: str) -> str | None:
    return max((role for role in ROLES if f"{module}.".startswith(f"{role}.")), default=None)


def allowed_to(extras_of_role: tuple[Extra, ...]) -> set[str]:
    allowed = {*sys.stdlib_module_names, *OURS, *modules_of(PROJECT["dependencies"]), *OF_S3FS}
    for extra in extras_of_role:
        allowed |= modules_of(PROJECT["optional-dependencies"][extra])
    return allowed | OF_FASTAPI if "fastapi" in allowed else allowed


@pytest.mark.parametrize(
    ("command", "extra"), [("ingest", "ingest"), ("query", "query"), ("demo", "demo")]
)
def test_a_command_without_its_extra_names_it(
    monkeypatch: pytest.MonkeyPatch, command: str, extra: Extra
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "uvicorn" else object())

    outcome = CliRunner().invoke(app, [command])

    assert isinstance(outcome.exception, ExtraMissing)
    assert str(outcome.exception).endswith(f"pip install 'replaylake[{extra}]'")
    assert "uvicorn" in str(outcome.exception)


@pytest.mark.parametrize("extra", MODULES)
def test_an_installed_extra_is_not_reported_missing(extra: Extra) -> None:
    extras.require(extra)
