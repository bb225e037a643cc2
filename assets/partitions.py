"""Partitions of the assets: the UTC day on which a session began."""

import dagster as dg

from lake.ids import FIRST_DAY

# Today is a partition too: a day is compacted while it lasts.
days = dg.DailyPartitionsDefinition(start_date=FIRST_DAY.isoformat(), end_offset=1, timezone="UTC")
