"""The command line: `replaylake`. One module to an idea; each command parses, calls `lake`, prints.

What a command found goes to stdout, what it tells meanwhile to stderr. Exit codes: 0 done,
1 failed, 2 wrong usage. Heavy modules are imported inside commands, so that `--help` is quick.
"""

import os
import sys

import typer

from lake.errors import LakeError, SettingInvalid
from orchestration.cli import (
    audit,
    care,
    compacting,
    demo,
    erasing,
    holds,
    keys,
    quarantine,
    recordings,
    serving,
    shares,
    sourcemap,
    websites,
)
from orchestration.cli.printing import complain
from orchestration.cli.settings import settings

app = typer.Typer(
    name="replaylake",
    help="A session replay lakehouse. The lake is where REPLAY_LAKE says (`replaylake settings`).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo.demo)
app.command()(serving.ingest)
app.command()(serving.query)
app.command()(compacting.compact)
app.add_typer(websites.app, name="website")
app.add_typer(keys.app, name="key")
app.add_typer(shares.app, name="share")
app.command()(audit.audit)
app.add_typer(holds.app, name="hold")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(sourcemap.app, name="sourcemap")
app.command(name="import")(recordings.import_)
app.command()(recordings.export)
app.command()(erasing.erase)
app.command()(care.retention)
app.command()(care.maintain)
app.command()(care.rebuild)
app.command()(care.rescore)
app.command()(care.check)
app.command()(care.repair)
app.command()(care.preflight)
app.command()(settings)


def main() -> None:
    """Run one command and exit. Files are their user's alone, also those that delta-rs makes."""
    os.umask(0o077)
    try:
        app()
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except SettingInvalid as error:
        complain(str(error))
        sys.exit(2)
    except (LakeError, OSError) as error:
        complain(str(error))
        sys.exit(1)
