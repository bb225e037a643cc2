"""`lake/FORMAT.md` says what the code does, column by column."""

import re
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

import lake
from lake.control import api_keys, websites
from lake.raw.chunk_facts import ChunkFacts, Client, RecordedView, ViewCut
from lake.raw.segment_schema import FORMAT, SCHEMA
from lake.sessions import session_file
from lake.sessions.session_file import SessionFrame, SessionHeader
from lake.storage import keys
from lake.tables.schemas import DERIVED, SCHEMAS

PAGE = (Path(lake.__file__).parent / "FORMAT.md").read_text()


def rows_between(name: str) -> list[list[str]]:
    """The cells of the table that stands between two marks."""
    text = PAGE.split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0]
    lines = text.strip().split("\n")[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def of_field(field: pa.Field) -> list[str]:
    doc = field.metadata[b"doc"].decode()
    return [f"`{field.name}`", str(field.type), doc + ("; may be null" if field.nullable else "")]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_column_of_a_table_is_described(name: str) -> None:
    assert rows_between(f"table {name}") == [of_field(field) for field in SCHEMAS[name]]


def test_every_column_of_a_segment_is_described() -> None:
    described = [cells[:2] for cells in rows_between("segment")]

    assert described == [[f"`{field.name}`", str(field.type)] for field in SCHEMA]
    assert f"`replaylake.segment` = `{FORMAT}`" in PAGE


def test_every_struct_of_a_session_file_is_described() -> None:
    structs: dict[str, type[msgspec.Struct]] = {
        "chunk facts": ChunkFacts,
        "cut": ViewCut,
        "view": RecordedView,
        "client": Client,
        "frame": SessionFrame,
    }
    described = {cells[0]: re.findall(r"`(\w+)`", cells[1]) for cells in rows_between("structs")}

    assert described == {name: list(kind.__struct_fields__) for name, kind in structs.items()}
    header = PAGE.split("**Header.**")[1].split("Structs are arrays")[0]
    assert all(f"`{name}`" in header for name in SessionHeader.__struct_fields__)
    assert f"| `format` | {session_file.FORMAT};" in header


def test_every_field_of_a_control_object_is_described() -> None:
    section = PAGE.split("## Control objects")[1]
    kinds: list[type[msgspec.Struct]] = [
        websites.Website,
        websites.Smart,
        websites.FeatureFlags,
        websites.Privacy,
        api_keys.ApiKey,
    ]
    for kind in kinds:
        assert all(f"`{name}`" in section for name in kind.__struct_fields__)


def test_every_prefix_and_the_commit_order_are_described() -> None:
    prefixes = [
        value for name, value in vars(keys).items() if name.isupper() and not name.startswith("_")
    ]

    assert len(prefixes) > 5
    assert all(f"`{prefix}" in PAGE for prefix in prefixes)
    order = ", ".join(f"`{name}`" for name in DERIVED[:-1]) + f" and `{DERIVED[-1]}`, in this order"
    assert order in PAGE
