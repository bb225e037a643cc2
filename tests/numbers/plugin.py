"""A pytest plugin that prints the outcome of each fault and attack, by number.

    python -m pytest -p tests.numbers.plugin -m "fault or attack"

Exits with 1 if a number has no test that passed, or one that failed. With `pytest-xdist` too: what
a test shows travels with its report.
"""

from collections import Counter, defaultdict

import pytest

from tests.numbers.markers import ALL, Number, files_by_number

_PROPERTY = "numbers"
_passed: Counter[Number] = Counter()
_failed: dict[Number, list[str]] = defaultdict(list)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Write a test's numbers into its reports."""
    shown = [(mark.name, n) for name in ("fault", "attack") for mark in item.iter_markers(name)
             for n in mark.args]  # fmt: skip
    item.user_properties.append((_PROPERTY, shown))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count a test that passed or failed; set-up and tear-down can only fail."""
    shown = {
        Number(kind, n)
        for name, pairs in report.user_properties
        if name == _PROPERTY and isinstance(pairs, list)
        for kind, n in pairs
    }
    for number in shown:
        if report.failed:
            _failed[number].append(report.nodeid)
        elif report.when == "call" and report.passed:
            _passed[number] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    files = files_by_number()
    terminalreporter.section("faults and attacks by number")
    for number in ALL:
        name = f"{number.kind} {number.number}"
        where = ", ".join(path.removeprefix("tests/") for path in files.get(number, []))
        terminalreporter.line(f"{name:<10} {_state(number):<15} {number.text}  ({where or '-'})")
    for number in sorted(_failed):
        for nodeid in dict.fromkeys(_failed[number]):
            terminalreporter.line(f"failed: {number.kind} {number.number}: {nodeid}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail if a number is not shown."""
    is_worker = hasattr(session.config, "workerinput")
    if not is_worker and any(_state(number) in ("missing", "FAILED") for number in ALL):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _state(number: Number) -> str:
    if _failed[number]:
        return "FAILED"
    if _passed[number]:
        return f"{_passed[number]} passed"
    return "missing" if number.is_expected else "not there yet"
