"""Lakes to test on: real ones, fresh for each test.

`settings` and `store` are a lake in a folder; with `--s3` one in a bucket, which all tests can do
that are not marked `folder`. `lake_settings` and `any_store` run a test twice, on
a folder and on S3; `s3` is the endpoint itself, for faults and counts. It starts when the first
test asks for it, and is one for the whole run; every lake in it has its own prefix.

Files run in an order that keeps all workers busy until the end: those that wait for browsers
alternate with those that compute, and the fast ones come last, to fill the gaps.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lake.settings import Settings
from lake.storage.base import Store, open_store
from tests.s3.endpoint import S3Endpoint

WAIT_S = 60.0  # for anything, on a machine that is busy with other tests
_TESTS = Path(__file__).parent
_WITH_BROWSERS = ("recorder", "dashboard", "orchestration")
_WITH_LARGE_LAKES = ("hostile", "lake/operations", "lake/compaction", "docs", "packaging", "soak")
_WITHOUT_FAST = (*_WITH_BROWSERS, *_WITH_LARGE_LAKES)
# What a module that starts processes has imported.
_STARTERS = frozenset(("serving", "subprocess", "multiprocessing", "launched"))
_SLOW_FIXTURES = frozenset(("s3", "s3_server", "browser"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--s3", action="store_true", help="`settings` and `store` are on S3")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Spare `-m fast` the imports of folders in which nothing is fast."""
    is_slow = any(collection_path == _TESTS / folder for folder in _WITHOUT_FAST)
    return True if is_slow and config.getoption("markexpr") == "fast" else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the fast tests and order the files; with `--s3` leave out what needs no second run."""
    for item in items:
        if _is_fast(item):
            item.add_marker("fast")
    items[:] = _in_order(items)
    if config.getoption("--s3"):
        config.hook.pytest_deselected(items=[item for item in items if not _is_on_s3(item)])
        items[:] = filter(_is_on_s3, items)


def _is_fast(item: pytest.Item) -> bool:
    """Tell by its folder, by what its module imports and by its fixtures."""
    module = getattr(item, "module", None)
    fixtures = frozenset(getattr(item, "fixturenames", ()))
    return not (
        _is_below(item, _WITHOUT_FAST)
        or _STARTERS & vars(module).keys()
        or _SLOW_FIXTURES & fixtures
        or any(item.get_closest_marker(name) for name in ("s3", "slow", "long"))
    )


def _is_below(item: pytest.Item, folders: tuple[str, ...]) -> bool:
    return any(item.path.is_relative_to(_TESTS / folder) for folder in folders)


def _in_order(items: list[pytest.Item]) -> Iterator[pytest.Item]:
    files: dict[Path, list[pytest.Item]] = defaultdict(list)
    for item in items:
        files[item.path].append(item)
    groups: dict[str, list[list[pytest.Item]]] = defaultdict(list)
    for tests in sorted(files.values(), key=len, reverse=True):
        is_fast = all(item.get_closest_marker("fast") for item in tests)
        waits = _is_below(tests[0], _WITH_BROWSERS)
        groups["fast" if is_fast else "waits" if waits else "computes"].append(tests)
    fast = groups.pop("fast", [])
    ordered = [
        (number / len(group), tests)
        for group in groups.values()
        for number, tests in enumerate(group)
    ]
    for _, tests in sorted(ordered, key=lambda pair: pair[0]):
        yield from tests
    for tests in fast:
        yield from tests


def _is_on_s3(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return "settings" in fixtures and "lake_settings" not in fixtures


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.config.getoption("--s3"):
        endpoint: S3Endpoint = request.getfixturevalue("s3")
        return endpoint.settings()
    return Settings(lake=str(tmp_path / "lake"))


@pytest.fixture
def store(settings: Settings) -> Store:
    return open_store(settings)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Endpoint]:
    with S3Endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def s3(s3_server: S3Endpoint) -> Iterator[S3Endpoint]:
    s3_server.reset()
    yield s3_server
    s3_server.reset()


@pytest.fixture(params=["local", pytest.param("s3", marks=pytest.mark.s3)])
def lake_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "local":
        return Settings(lake=str(tmp_path / "lake"))
    endpoint: S3Endpoint = request.getfixturevalue("s3")
    return endpoint.settings()


@pytest.fixture
def any_store(lake_settings: Settings) -> Store:
    return open_store(lake_settings)


def eventually(is_so: Callable[[], bool], *, within_s: float = WAIT_S) -> None:
    """Wait until `is_so`; fail if it is not so in time.

    What takes longer is asked for less often, as the answer may cost what it waits for.
    """
    began = time.monotonic()
    while not is_so():
        waited_s = time.monotonic() - began
        assert waited_s < within_s, f"not so within {within_s:g} s"
        time.sleep(min(0.01 + waited_s / 20, 0.2))
