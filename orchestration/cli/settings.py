"""`replaylake settings`: every setting, where it comes from, and why it is what it is."""

from dataclasses import fields

from lake.settings import Settings, env_name, from_environ
from orchestration.cli.options import AsJson
from orchestration.cli.output import print_json, print_table

_SECRET = ("aws_access_key_id", "aws_secret_access_key")


def settings(as_json: AsJson = False) -> None:
    """Show all settings: environment variable, value in use, default and reason."""
    values = from_environ()
    columns = ("variable", "value", "default", "reason")
    rows = []
    for field in fields(Settings):
        value = getattr(values, field.name)
        shown = "(set)" if value and field.name in _SECRET else value
        rows.append((env_name(field.name), shown, field.default, field.metadata["reason"]))
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, [[str(value) for value in row] for row in rows])  # as they are typed
