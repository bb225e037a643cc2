"""A query API in this process, on a lake in a folder with one website."""

from tests.support.query_api import client, clock, lakeful

__all__ = ["client", "clock", "lakeful"]
