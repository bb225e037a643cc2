import ast
from datetime import date
from pathlib import Path

import pytest

import lake
from lake.storage import keys
from lake.storage.keys import SessionFileKey

DAY = date(2026, 11, 23)
SESSION = "01a1ee56-5e00-7be4-972c-9816fcdafaf7"
FOLDERS = ("raw/", "sessions/", "quarantine/", "tables/", "control/", "audit/")


def test_a_built_key_parses_to_its_parts() -> None:
    segment, session = keys.segment_key(DAY, "s"), SessionFileKey(DAY, "w_a", SESSION, "0f")
    session_key = keys.session_file_key(*session)

    assert keys.parse_segment_key(segment) == (DAY, "s")
    assert keys.parse_segment_key(keys.quarantined_segment_key(DAY, "s")) == (DAY, "s")
    assert keys.parse_session_file_key(session_key) == session
    assert keys.parse_quarantined_file_key(keys.quarantined_object_key(session_key)) == session
    assert keys.parse_salt_key(keys.salt_key(DAY)) == DAY
    assert keys.parse_audit_key(keys.audit_key("w_a", DAY, SESSION)) == DAY
    assert keys.parse_erasure_key(keys.erasure_key("w_a", "e")) == ("w_a", "e")
    assert keys.parse_tombstones_key(keys.tombstones_key("w_a")) == "w_a"
    assert keys.document_name(keys.WEBSITES, keys.website_key("w_a")) == "w_a"


@pytest.mark.parametrize(
    "key", ["", "raw/date=2026-13-01/s.parquet", "raw/s.parquet", "control/salts/2026-02-30.json"]
)
def test_a_key_of_another_form_parses_to_none(key: str) -> None:
    assert keys.parse_segment_key(key) is None
    assert keys.parse_session_file_key(key) is None
    assert keys.parse_salt_key(key) is None


def test_folders_are_named_and_skipped_in_key_order() -> None:
    prefix = keys.session_prefix(DAY)
    key = keys.session_file_key(DAY, "w_a", SESSION, "0f")

    assert keys.folder_under(prefix, key) == "w_a"
    assert keys.subfolder(prefix, "w_a") == keys.session_prefix(DAY, "w_a")
    assert keys.session_under(keys.session_prefix(DAY, "w_a"), key) == SESSION
    assert key < keys.after_folder(prefix, "w_a") < keys.session_prefix(DAY, "w_b")


def test_no_other_module_of_the_lake_builds_a_key() -> None:
    root = Path(lake.__file__).parent
    built = []
    for path in sorted(root.rglob("*.py")):
        if path == Path(keys.__file__):
            continue
        tree = ast.parse(path.read_text())
        prose = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        built += [
            f"{path.relative_to(root)}:{node.lineno}: {node.value}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in prose
            and node.value.startswith(FOLDERS)
        ]

    assert built == []
