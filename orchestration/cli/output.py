"""Output of commands: tables and JSON on stdout, progress and errors on stderr."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import msgspec


class ProgressReporter(Protocol):
    """Shows the progress of long work. `total` is None where it is unknown."""

    def __call__(self, text: str, done: float = 0, total: float | None = None) -> None:
        """Show the current step."""


def print_error(text: str) -> None:
    """Print an error as one line on stderr."""
    print(f"replaylake: {_plain(' '.join(text.split()))}", file=sys.stderr)


def print_note(text: str) -> None:
    """Print a remark for a person on stderr."""
    print(text, file=sys.stderr)


def print_json(value: object) -> None:
    """Print one JSON document on a line of its own."""
    print(msgspec.json.encode(value, enc_hook=str).decode(), flush=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; as wide as it needs to be where stdout is not a terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    console = Console() if sys.stdout.isatty() else Console(width=250)
    console.print(table)


@contextmanager
def progress() -> Iterator[ProgressReporter]:
    """Show a progress bar on stderr while the block works, if that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as bars:
        task = bars.add_task("", total=None)

        def step(text: str, done: float = 0, total: float | None = None) -> None:
            bars.update(task, description=text, completed=done, total=total)

        yield step


def _cell(value: object) -> str:
    from rich.markup import escape

    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if value is None:
        return "-"
    return escape("\n".join(_plain(line) for line in str(value).splitlines()))


def _plain(text: str) -> str:
    """Replace control characters: names and addresses come from anybody."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
