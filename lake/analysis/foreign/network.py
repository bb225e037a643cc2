"""What a page asked for, as rrweb's network plugin tells it, and the variants that others send.

Its times are the page's own clock; those of the event are the browser's. So a request is taken to
have ended when its event came, and to have begun its duration before.
"""

from collections.abc import Iterator
from typing import NamedTuple

from lake.analysis.foreign.mirror import Mirror
from lake.analysis.foreign.page_event import PageEvent
from lake.analysis.occurrences import Request
from lake.analysis.slow_response import DURATION_MS_MIN
from lake.chunks import PLUGIN
from lake.scrub import scrub_url

FAILED_FROM = 400
_PLUGIN = "rrweb/network@"
_SCRIPTED = frozenset(("fetch", "xmlhttprequest"))  # what scripts ask for; the rest loads the page
_REQUESTS_MAX = 200  # of one event
_EPOCH_MS_MIN = 1e11  # a time of an epoch's clock, not of a page's
