"""Everything on one machine: both services, Dagster, a website with visitors, sample sessions.

Nothing here is needed to run a lake. What each module does stands in its first line.
"""

from orchestration.demo.running import run

__all__ = ["run"]
