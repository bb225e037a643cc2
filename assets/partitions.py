"""How the lake is partitioned: by the UTC day on which a session began."""

from datetime import date

import dagster as dg

# Before it no session can have begun: the longest retention reaches back half a year from the
# project's first day.
FIRST_DAY = date(2026, 1, 1)

# Today is a partition too: a day is compacted while it goes on.
days = dg.DailyPartitionsDefinition(start_date=FIRST_DAY.isoformat(), end_offset=1, timezone="UTC")
