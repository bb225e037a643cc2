"""Identity of forms: the same form is recognised after a reload and in any state.

A form is identified by its path and the URL of its page without query. The rules
`form_frustration` and `form_abandonment` decide what its steps mean.
"""

import re
from typing import NamedTuple

from lake.analysis.events import FormStep, Navigation

FORMS_MAX = 1000  # of one session; only a generated page has more
_PAGES_MAX = 64  # whose addresses are remembered: those that were shown last
_ADDRESSES_MAX = 8  # of one page, for steps that are reported late
# Reported up to a second late, when a router may show another address already.
_REPORTED_LATE = ("succeeded", "abandoned")
_LATE_MS = 1100
# Classes that come and go while a form is filled in, refused and sent, or its dialog opened.
_STATES = re.compile(
    r"\.(?:(?:was|is|has|ng|v)-[\w-]+|(?:in)?valid(?:ated)?|errors?|submitt(?:ed|ing)|loading|busy"
    r"|dirty|touched|pristine|active|open|opened|show|shown|in|focus|focused|disabled)(?![\w-])"
)
_BEFORE_QUERY = re.compile(r"[^?#]*")


class Form(NamedTuple):
    """One form of a session. `address` has no query, `path` no state classes."""

    address: str
    path: str


class FormResolver:
    """Resolves steps to forms, by the addresses that each page showed."""

    def __init__(self) -> None:
        self._pages: dict[str, list[tuple[float, str]]] = {}

    def see(self, view: Navigation) -> None:
        """Record the address that a page shows."""
        shown = self._pages.pop(view.page_id, [])
        if len(self._pages) >= _PAGES_MAX:
            del self._pages[next(iter(self._pages))]
        self._pages[view.page_id] = [*shown, (view.at_ms, address_of(view.url))][-_ADDRESSES_MAX:]

    def form_of(self, step: FormStep) -> Form:
        """Return the form of a step, by the address that its page showed at that time."""
        shown = self._pages.get(step.page_id, [(0.0, "")])
        at_ms = step.at_ms - (_LATE_MS if step.step in _REPORTED_LATE else 0)
        before = [address for since, address in shown if since <= at_ms]
        return Form(before[-1] if before else shown[0][1], _STATES.sub("", step.form))


def address_of(url: str) -> str:
    """Return a URL without query, fragment and trailing slash."""
    before = _BEFORE_QUERY.match(url)
    return before[0].rstrip("/") if before else ""
