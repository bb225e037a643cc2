"""Everything on one machine: both services, Dagster, a website with visitors, sample sessions.

Nothing here is needed to run a lake.
"""

from orchestration.demo.running import run

__all__ = ["run"]
