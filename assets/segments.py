"""The segments that ingest writes, as an external asset."""

import dagster as dg

from assets.asset_specs import OWNERS

raw_segments = dg.AssetSpec(
    "raw_segments",
    description=(
        "Chunks as their recorders sent them, a group commit to an object, under `raw/date=…/`. "
        "Readers see them seconds after the visitor's click; compaction consumes them."
    ),
    group_name="ingest",
    kinds={"parquet"},
    tags={"replaylake/level": "0"},
    owners=OWNERS,
)
