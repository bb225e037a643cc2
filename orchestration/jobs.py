"""What Dagster can run. When it does stands in `sensors` and `schedules`."""

from typing import Any

import dagster as dg

from lake.maintenance import maintain
from orchestration import history
from orchestration.resources import LakeResource

# With the checks of these assets: what a run wrote is looked at by the same run.
compact = dg.define_asset_job(
    "compact",
    selection=dg.AssetSelection.assets(
        "session_files", "sessions", "pages", "errors", "signals", "daily_summary"
    ),
    description="Bring what waits of a day into session files and tables, and summarise the day.",
)

retention = dg.define_asset_job(
    "retention",
    selection=dg.AssetSelection.assets("expired_sessions"),
    description="Remove sessions that their websites no longer keep.",
)

checks = dg.define_asset_job(
    "checks",
    selection=dg.AssetSelection.all_asset_checks(),
    description="Look at the lake's health, as far as that is cheap.",
)


@dg.op(description="Cold layout, vacuum, checkpoints, logs, orphans, old salts.")
def maintain_lake(context: dg.OpExecutionContext, lake: LakeResource) -> dict[str, Any]:
    """Do the lake's own housekeeping."""
    done = maintain(
        lake.open(), lake.settings(), now_ms=lake.now_ms(), report=context.log.info
    )._asdict()
    context.add_output_metadata({name: str(value) for name, value in done.items()})
    return done


@dg.op(ins={"done": dg.In(dg.Nothing)}, description="Drop old runs and give their space back.")
def prune_run_history(context: dg.OpExecutionContext, lake: LakeResource) -> None:
    """Keep Dagster's own records small."""
    pruned = history.prune(
        context.instance, days=lake.settings().run_history_days, now_s=lake.now_ms() / 1000
    )
    context.log.info(f"{pruned.run_count} runs dropped, {pruned.freed_bytes} bytes freed")
    context.add_output_metadata(pruned._asdict())


@dg.job(description="What keeps the lake, and Dagster's own records, small and quick.")
def maintenance() -> None:
    """Nightly."""
    prune_run_history(done=maintain_lake())
