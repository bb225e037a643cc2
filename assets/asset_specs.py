"""Specs of the assets in Dagster's graph: groups, owners, freshness and columns.

Columns come from `lake.tables.schemas`, so that they are described once.
"""

from collections.abc import Iterable
from datetime import timedelta

import dagster as dg

from lake.tables.schemas import SCHEMAS

OWNERS = ["team:replay"]

# Every working day has sessions; a day without any is worth a warning.
FRESHNESS_POLICY = dg.FreshnessPolicy.time_window(
    fail_window=timedelta(hours=26), warn_window=timedelta(hours=25)
)


def columns_of(table: str) -> dg.TableSchema:
    """Return a table's columns as Dagster shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                field.name,
                str(field.type),
                description=(field.metadata or {}).get(b"doc", b"").decode(),
                constraints=dg.TableColumnConstraints(nullable=field.nullable),
            )
            for field in SCHEMAS[table]
        ]
    )


def table_spec(table: str, description: str, deps: Iterable[str]) -> dg.AssetSpec:
    """Describe one of the lake's Delta tables."""
    return dg.AssetSpec(
        table,
        description=description,
        deps=list(deps),
        group_name="sessions",
        kinds={"deltalake", "parquet"},
        tags={"replaylake/level": "1"},
        owners=OWNERS,
        freshness_policy=FRESHNESS_POLICY,
        metadata={
            "dagster/column_schema": columns_of(table),
            "dagster/table_name": f"tables/{table}",
        },
    )
