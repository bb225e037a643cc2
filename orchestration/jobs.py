"""Dagster jobs. `sensors` and `schedules` decide when they run."""

from typing import Any

import dagster as dg

from assets.resources import LakeResource
from lake.erasure import execute_pending_requests
from lake.operations.maintenance import maintain
from lake.storage.failures import Failures
from orchestration import run_history

# With the checks of these assets, so that a run checks its own output.
compact = dg.define_asset_job(
    "compact",
    selection=dg.AssetSelection.assets(
        "session_files", "sessions", "pages", "errors", "signals", "daily_summary"
    ),
    description="Compact a day's pending chunks into files and tables, and summarise the day.",
)

retention = dg.define_asset_job(
    "retention",
    selection=dg.AssetSelection.assets("expired_sessions"),
    description="Remove sessions past their websites' retention.",
)

rescore = dg.define_asset_job(
    "rescore",
    selection=dg.AssetSelection.assets("scores"),
    description="Score sessions of older versions by the current rules, from their files.",
)

checks = dg.define_asset_job(
    "checks",
    selection=dg.AssetSelection.all_asset_checks(),
    description="Run all asset checks.",
)


@dg.op(description="Cold layout, vacuum, checkpoints, logs, orphans, old salts.")
def maintain_lake(context: dg.OpExecutionContext, lake: LakeResource) -> dict[str, Any]:
    """Run the lake's maintenance."""
    done = maintain(
        lake.open(), lake.settings(), now_ms=lake.now_ms(), report=context.log.info
    )._asdict()
    context.add_output_metadata({name: str(value) for name, value in done.items()})
    for what, why in done.pop("failed").items():
        context.log.error("%s: failed, the next run retries: %s", what, why)
    return done


@dg.op(ins={"done": dg.In(dg.Nothing)}, description="Delete old runs and free their space.")
def prune_run_history(context: dg.OpExecutionContext, lake: LakeResource) -> None:
    """Delete old runs from Dagster's records."""
    pruned = run_history.prune(
        context.instance, days=lake.settings().run_history_days, now_s=lake.now_ms() / 1000
    )
    context.log.info(f"{pruned.run_count} runs dropped, {pruned.freed_bytes} bytes freed")
    context.add_output_metadata(pruned._asdict())


@dg.op(description="Remove all data of pending erasures.")
def execute_erasures(context: dg.OpExecutionContext, lake: LakeResource) -> None:
    """Execute all pending erasures. The sensor requests another run for those that remain.

    Erasures of one website that fail do not stop the others; the run fails after them.
    """
    failures = Failures()
    receipts = execute_pending_requests(
        lake.open(),
        lake.settings(),
        now_ms=lake.now_ms,
        report=context.log.info,
        failures=failures,
    )
    remaining = [receipt.erasure_id for receipt in receipts if receipt.done_at is None]
    for receipt in receipts:
        if receipt.failed:
            context.log.error(
                "erasure %s of %s: %s", receipt.erasure_id, receipt.website_id, receipt.failed
            )
    context.add_output_metadata(
        {
            "erasures": len(receipts),
            "sessions": sum(receipt.session_count for receipt in receipts),
            "session_files": sum(receipt.file_count for receipt in receipts),
            "bytes": sum(receipt.file_bytes for receipt in receipts),
            "chunks": sum(receipt.chunk_count for receipt in receipts),
            "former_table_files": sum(receipt.table_file_count for receipt in receipts),
            "left_for_the_next_run": remaining,
            "held": [receipt.erasure_id for receipt in receipts if receipt.held],
            "failed": [receipt.erasure_id for receipt in receipts if receipt.failed],
        }
    )
    failures.raise_first()


@dg.job(description="Execute pending erasures: rows, files, chunks, table history.")
def erasure() -> None:
    """Run by the sensor."""
    execute_erasures()


@dg.job(description="Nightly maintenance of the lake and of Dagster's own records.")
def maintenance() -> None:
    """Run by the nightly schedule."""
    prune_run_history(done=maintain_lake())
