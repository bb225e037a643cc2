"""The recorder's scripts as they are built: what each page downloads."""

from pathlib import Path

DIST = Path(__file__).parents[2] / "ingest_api" / "recorder" / "dist"

GZIPPED_BYTES_MAX = 30_000  # of the loader and the recorder together


def test_both_scripts_stay_below_30_kb_gzipped() -> None:
    assert sum((DIST / f"{name}.js.gz").stat().st_size for name in ("r", "recorder")) <= (
        GZIPPED_BYTES_MAX
    )
