"""The lake as Dagster hands it to assets, checks and sensors. What it is stands in the environment.

The one place in Dagster's code that reads the clock.
"""

import time

import dagster as dg

from lake.settings import Settings, from_environ
from lake.store import Store, open_store


class LakeResource(dg.ConfigurableResource[None]):
    """The lake that `REPLAY_LAKE` names, with the settings of the environment."""

    def settings(self) -> Settings:
        """Read the settings."""
        return from_environ()

    def open(self) -> Store:
        """Open the lake's store."""
        return open_store(self.settings())

    def now_ms(self) -> int:
        """Return the time, ms since the Unix epoch."""
        return time.time_ns() // 1_000_000
