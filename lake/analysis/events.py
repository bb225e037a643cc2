"""Occurrences on a page, the input of all rules, independent of the recorder.

`lake.analysis.recorder_notes` makes them from our recorder's notes, `lake.analysis.inferred` from
plain rrweb streams. `at_ms` is the browser's clock. Occurrences may arrive slightly out of order,
because a click is reported when its second has passed. Texts are scrubbed and cut as in the
tables. `x` and `y` are CSS px of the viewport.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol


class Click(NamedTuple):
    """One click. `is_interactive`: whether its target or an ancestor looks clickable.

    `reacted`: whether the page reacted within a second. `target` is the element's path.
    """

    page_id: str
    at_ms: float
    x: int | None
    y: int | None
    target: str | None
    text: str | None
    is_interactive: bool
    reacted: bool


class Burst(NamedTuple):
    """Three or more clicks in one place within half a second that had no effect."""

    page_id: str
    at_ms: float
    x: int | None
    y: int | None
    target: str | None
    text: str | None
    click_count: int


class FormStep(NamedTuple):
    """One step of a form. `form` is its path; `fields` the number filled in, of `abandoned`.

    `step` is `submit`, `invalid` (refused by the page), `failed` (answered with `status`),
    `succeeded` or `abandoned`.
    """

    page_id: str
    at_ms: float
    form: str
    step: str
    status: int | None = None
    fields: int | None = None


class Scroll(NamedTuple):
    """The scroll position of a document or an element (`node`), px."""

    page_id: str
    at_ms: float
    node: int
    x: float
    y: float


class OwnScroll(NamedTuple):
    """A page scrolls a document or an element (`node`) without the visitor."""

    page_id: str
    at_ms: float
    node: int


class Navigation(NamedTuple):
    """A page shows a URL, after a load or a change of its address. `url` is scrubbed.

    `is_back`: by the browser's Back or Forward; None where unknown.
    """

    page_id: str
    at_ms: float
    url: str
    width: int | None
    height: int | None
    is_back: bool | None = None


class Error(NamedTuple):
    """A JavaScript or console error."""

    page_id: str
    at_ms: float
    message: str


class NetworkRequest(NamedTuple):
    """A request of the page that failed (`status` 0 or from 400 on) or was slow.

    `at_ms` is the time of its end.
    """

    page_id: str
    at_ms: float
    method: str
    path: str
    status: int
    duration_ms: float


Occurrence = Click | Burst | FormStep | Scroll | OwnScroll | Navigation | Error | NetworkRequest


class Signal(NamedTuple):
    """One sign of frustration, a row of the table `signals`. `evidence`: its rule's figures."""

    kind: str
    page_id: str
    at_ms: float
    target: str | None
    text: str | None
    x: int | None
    y: int | None
    evidence: Mapping[str, object]


class Rule(Protocol):
    """Finds one kind of signals in the occurrences of one session, in bounded memory."""

    def see(self, occurrence: Occurrence) -> Iterable[Signal]:
        """Read the next occurrence; return the signals that it confirms."""

    def end(self) -> Iterable[Signal]:
        """Return the signals that only the session's end confirms."""
