"""The recorder's scripts as they are built: what each page downloads."""

import hashlib
from pathlib import Path

import pytest

RECORDER = Path(__file__).parents[2] / "ingest_api" / "recorder"

GZIPPED_BYTES_MAX = 32_500  # of the loader and the recorder together
PART_BYTES_MAX = 1_200


def gzipped_bytes(*names: str) -> int:
    return sum((RECORDER / "dist" / f"{name}.js.gz").stat().st_size for name in names)


def test_what_each_page_loads_stays_small() -> None:
    assert gzipped_bytes("r", "recorder") <= GZIPPED_BYTES_MAX


@pytest.mark.parametrize("name", ["triggers", "network", "gzip"])
def test_parts_stay_small(name: str) -> None:
    assert gzipped_bytes(name) <= PART_BYTES_MAX


def test_each_script_names_the_versions_of_those_that_it_loads() -> None:
    """A change of a part alone gives both others new names, so that no cache mixes builds."""
    loader, recorder = (
        (RECORDER / "dist" / f"{name}.js").read_text() for name in ("r", "recorder")
    )

    assert version(RECORDER / "dist" / "recorder.js") in loader
    for name in ("triggers", "network", "gzip"):
        assert version(RECORDER / "dist" / f"{name}.js") in recorder


def version(script: Path) -> str:
    return hashlib.sha256(script.read_bytes()).hexdigest()[:16]
