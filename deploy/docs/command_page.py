"""Reference of the command line, from its parser."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from deploy.docs.markdown import code, table
from orchestration.cli import app

_INTRODUCTION = """\
# Command line

`replaylake COMMAND --help` prints the same. Results go to stdout, progress and errors to stderr.
Exit codes: 0 done, 1 failed, 2 wrong usage or no lake.

"""


def page() -> str:
    """Return the page: one section per command, subcommands included."""
    return _INTRODUCTION + "\n".join(_section(*command) for command in commands())


def commands() -> Iterator[tuple[Any, Any]]:
    """Yield each command with its context, in the order of `--help`."""
    root = get_command(app)
    yield from _below(root, root.make_context("replaylake", [], resilient_parsing=True))


def _below(group: Any, context: Any) -> Iterator[tuple[Any, Any]]:
    for name, command in group.commands.items():
        inner = command.make_context(name, [], parent=context, resilient_parsing=True)
        if hasattr(command, "commands"):
            yield from _below(command, inner)
        else:
            yield command, inner


def _section(command: Any, context: Any) -> str:
    records = [record for item in command.params if (record := item.get_help_record(context))]
    usage = command.get_usage(context).removeprefix("Usage: ")
    text = f"## {context.command_path}\n\n{command.help}\n\n```text\n{usage}\n```\n"
    if records:
        text += "\n" + table(("parameter", "meaning"), ((code(name), doc) for name, doc in records))
    return text
