"""Plans: the features of a website, and the retention of its sessions.

A table with defaults. An operator may set other days (`REPLAY_PLAN_DAYS`).
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from lake.errors import SettingInvalid
from lake.settings import Settings

_DAYS = re.compile(r"([a-z]+)=([1-9]\d{0,4})")


class Plan(NamedTuple):
    """Features and retention of a plan."""

    name: str
    retention_days: int
    records: bool
    network_panel: bool


PLANS: Mapping[str, Plan] = {
    plan.name: plan
    for plan in (
        Plan("free", 7, records=False, network_panel=False),  # what was imported by hand
        Plan("pro", 60, records=True, network_panel=False),
        Plan("scale", 120, records=True, network_panel=False),
        Plan("enterprise", 180, records=True, network_panel=True),
    )
}


def plans_of(settings: Settings) -> Mapping[str, Plan]:
    """Return the plans with the days that the settings give them.

    Raises:
        SettingInvalid: `REPLAY_PLAN_DAYS` names no plan, or no number of days.
    """
    return _plans(settings.plan_days)


@lru_cache
def _plans(plan_days: str) -> Mapping[str, Plan]:
    plans = dict(PLANS)
    for part in filter(None, (part.strip() for part in plan_days.split(","))):
        match = _DAYS.fullmatch(part)
        if match is None or match[1] not in plans:
            raise SettingInvalid(
                f"REPLAY_PLAN_DAYS has {part!r}: give PLAN=DAYS of {', '.join(PLANS)}, "
                "such as pro=60,scale=120"
            )
        plans[match[1]] = plans[match[1]]._replace(retention_days=int(match[2]))
    return plans
