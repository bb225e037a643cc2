"""Dagster definitions of the lake, loaded by `workspace.yaml`."""

import os

import dagster as dg

from assets.checks import CHECKS
from assets.resources import LakeResource
from assets.retention import expired_sessions
from assets.scores import scores
from assets.segments import raw_segments
from assets.session_tables import compacted
from assets.summaries import daily_summary
from orchestration.jobs import checks, compact, erasure, maintenance, rescore, retention
from orchestration.schedules import SCHEDULES
from orchestration.sensors import compact_when_due, erase_when_asked

os.umask(0o077)  # as on the command line: files of delta-rs are private too

defs = dg.Definitions(
    assets=[raw_segments, compacted, daily_summary, expired_sessions, scores],
    asset_checks=CHECKS,
    jobs=[compact, retention, rescore, checks, maintenance, erasure],
    schedules=SCHEDULES,
    sensors=[compact_when_due, erase_when_asked],
    resources={"lake": LakeResource()},
    # One process per step would cost five times as much as the step.
    executor=dg.in_process_executor,
)
