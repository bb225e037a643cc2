"""The command line, `replaylake`: each command parses its options, calls `lake` and prints.

Results go to stdout, progress and notes to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage.
Heavy modules are imported inside commands, so that `--help` is quick.
"""

import os
import sys

import typer

from lake.errors import LakeError, SettingInvalid
from orchestration.cli import (
    audit,
    compact,
    erase,
    holds,
    import_export,
    keys,
    operations,
    quarantine,
    serve,
    shares,
    sourcemap,
    websites,
)
from orchestration.cli.output import print_error

app = typer.Typer(
    name="replaylake",
    help="A session replay lakehouse. REPLAY_LAKE names the lake (`replaylake settings`).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve.demo)
app.command()(serve.ingest)
app.command()(serve.query)
app.command()(compact.compact)
app.add_typer(websites.app, name="website")
app.add_typer(keys.app, name="key")
app.add_typer(shares.app, name="share")
app.command()(audit.audit)
app.add_typer(holds.app, name="hold")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(sourcemap.app, name="sourcemap")
app.command(name="import")(import_export.import_)
app.command()(import_export.export)
app.command()(erase.erase)
app.command()(operations.retention)
app.command()(operations.maintain)
app.command()(operations.rebuild)
app.command()(operations.rescore)
app.command()(operations.check)
app.command()(operations.repair)
app.command()(operations.preflight)
app.command()(operations.settings)


def main() -> None:
    """Run one command and exit. Files that it creates are private to their user."""
    os.umask(0o077)
    try:
        app()
    except BrokenPipeError:
        # The reader of our output is gone; Python would print another error while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except SettingInvalid as error:
        print_error(str(error))
        sys.exit(2)
    except (LakeError, OSError) as error:
        print_error(str(error))
        sys.exit(1)
