"""The machine under a benchmark: cores, peak memory, scratch folders; and tables of results."""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

MB = 1_000_000
_console = Console(width=110, highlight=False)


def pin(core: int) -> None:
    """Keep this process, and those it starts, on one core."""
    os.sched_setaffinity(0, {core})


def pinned(core: int) -> list[str]:
    """The beginning of a command line whose process shall stay on one core."""
    return ["taskset", "-c", str(core)]


def cores() -> tuple[int, int]:
    """Cores of the measured process and of its load generator; equal on a one-core machine."""
    cpus = sorted(os.sched_getaffinity(0))
    return cpus[-1], cpus[0]


def peak_rss_bytes(pid: int | str = "self") -> int:
    """The most memory that a process ever had (VmHWM), since `forget_peak` if that was called."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(pid)


def forget_peak(pid: int) -> None:
    """Begin to look for the peak anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


@contextmanager
def scratch() -> Iterator[Path]:
    """Temporary folder on TMPDIR's disk, removed at the end."""
    with tempfile.TemporaryDirectory(
        prefix="replaylake-bench-", ignore_cleanup_errors=True
    ) as name:
        yield Path(name)


def quantile(values: Sequence[float], q: float) -> float:
    """The smallest of `values` that at least a share `q` of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; the first column to the left, the others to the right."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    _console.print(table)


def say(text: str) -> None:
    """Print the progress of a benchmark to stderr, apart from its tables."""
    print(text, file=sys.stderr, flush=True)


def verdict(ok: bool) -> str:
    """Return "met" or "MISSED"."""
    return "met" if ok else "MISSED"
