"""Lakes to test on: real ones, fresh for each test.

`settings` and `store` are a lake in a folder. A test that is marked `also_on_s3` runs a second time
on a lake in a bucket; `--s3` does that with all others, except those marked `folder`. `s3` is the
endpoint itself, for faults and counts. It starts when the first test asks for it and serves the
whole run; every lake in it has its own prefix.

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
    parser.addoption("--s3", action="store_true", help="run on S3 what is not `also_on_s3`")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Spare `-m fast` the imports of folders in which nothing is fast."""
    is_slow = any(collection_path == _TESTS / folder for folder in _WITHOUT_FAST)
    return True if is_slow and config.getoption("markexpr") == "fast" else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on a folder and on S3, or with `--s3` on S3 what did not run there."""
    if "lake_kind" not in metafunc.fixturenames:
        return
    on_s3 = pytest.param("s3", marks=pytest.mark.s3)
    marker = metafunc.definition.get_closest_marker
    is_both = marker("also_on_s3") is not None and marker("folder") is None
    if metafunc.config.getoption("--s3"):
        metafunc.parametrize("lake_kind", [] if is_both else [on_s3], indirect=True)
    elif is_both:
        metafunc.parametrize("lake_kind", ["local", on_s3], indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark fast and long tests and order the files; with `--s3` leave out the folder's."""
    for item in items:
        if _is_fast(item):
            item.add_marker("fast")
    for item in _beyond_samples(items):
        item.add_marker("long")
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


def _beyond_samples(items: list[pytest.Item]) -> Iterator[pytest.Item]:
    """Yield the cases of tests marked `sample(n)` but n, which are spread evenly."""
    cases: dict[tuple[Path, object, int], list[pytest.Item]] = defaultdict(list)
    for item in items:
        sample = item.get_closest_marker("sample")
        if sample and not item.get_closest_marker("long"):
            cases[item.path, getattr(item, "originalname", None), sample.args[0]].append(item)
    for (*_, count), alike in cases.items():
        step = max((len(alike) - 1) / max(count - 1, 1), 1)
        chosen = {round(number * step) for number in range(count)}
        yield from (item for number, item in enumerate(alike) if number not in chosen)


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
    is_s3 = item.get_closest_marker("s3") is not None
    has_lake = "lake_kind" in getattr(item, "fixturenames", ())
    return is_s3 and has_lake and item.get_closest_marker("folder") is None


@pytest.fixture
def lake_kind(request: pytest.FixtureRequest) -> str:
    """Return where the lake of the test is: "local" or "s3"."""
    kind: str = getattr(request, "param", "local")
    return kind


@pytest.fixture
def settings(request: pytest.FixtureRequest, lake_kind: str, tmp_path: Path) -> Settings:
    if lake_kind == "s3":
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


def eventually(is_so: Callable[[], bool], *, within_s: float = WAIT_S) -> None:
    """Wait until `is_so`; fail if it is not so in time.

    What takes longer is asked for less often, as the answer may cost what it waits for.
    """
    began = time.monotonic()
    while not is_so():
        waited_s = time.monotonic() - began
        assert waited_s < within_s, f"not so within {within_s:g} s"
        time.sleep(min(0.01 + waited_s / 20, 0.2))
