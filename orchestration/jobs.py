"""What Dagster can run. When it does stands in `sensors` and `schedules`."""

from typing import Any

import dagster as dg

from assets.resources import LakeResource
from lake.erasure import execute_pending_requests
from lake.operations.maintenance import maintain
from lake.storage.failures import Failures
from orchestration import run_history

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

rescore = dg.define_asset_job(
    "rescore",
    selection=dg.AssetSelection.assets("scores"),
    description="Score old sessions by the rules of this version, from their files.",
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
    for what, why in done.pop("failed").items():
        context.log.error("%s: not done, tried again by the next run: %s", what, why)
    return done


@dg.op(ins={"done": dg.In(dg.Nothing)}, description="Drop old runs and give their space back.")
def prune_run_history(context: dg.OpExecutionContext, lake: LakeResource) -> None:
    """Keep Dagster's own records small."""
    pruned = run_history.prune(
        context.instance, days=lake.settings().run_history_days, now_s=lake.now_ms() / 1000
    )
    context.log.info(f"{pruned.run_count} runs dropped, {pruned.freed_bytes} bytes freed")
    context.add_output_metadata(pruned._asdict())


@dg.op(description="Remove every byte of what was asked to be erased.")
def execute_erasures(context: dg.OpExecutionContext, lake: LakeResource) -> None:
    """Do all that wait. What had to be left goes on waiting, and the sensor asks again.

    A website whose erasures fail leaves the others alone; the run counts as failed once all others
    are done.
    """
    failures = Failures()
    done = execute_pending_requests(
        lake.open(),
        lake.settings(),
        now_ms=lake.now_ms,
        report=context.log.info,
        failures=failures,
    )
    left = [one.erasure_id for one in done if one.done_at is None]
    for one in done:
        if one.failed:
            context.log.error("erasure %s of %s: %s", one.erasure_id, one.website_id, one.failed)
    context.add_output_metadata(
        {
            "erasures": len(done),
            "sessions": sum(one.session_count for one in done),
            "session_files": sum(one.file_count for one in done),
            "bytes": sum(one.file_bytes for one in done),
            "chunks": sum(one.chunk_count for one in done),
            "former_table_files": sum(one.table_file_count for one in done),
            "left_for_the_next_run": left,
            "held": [one.erasure_id for one in done if one.held],
            "failed": [one.erasure_id for one in done if one.failed],
        }
    )
    failures.raise_first()


@dg.job(description="Erase what visitors asked to be erased: rows, files, chunks, table history.")
def erasure() -> None:
    """Asked for by the sensor."""
    execute_erasures()


@dg.job(description="What keeps the lake, and Dagster's own records, small and quick.")
def maintenance() -> None:
    """Nightly."""
    prune_run_history(done=maintain_lake())
