"""What happened on a page, as the rules see it: the same whichever recorder told it.

Our recorder's notes become these in `lake.analysis.recorder_notes`, plain rrweb streams in
`lake.analysis.inferred`. Rules read nothing else. `at_ms` is the browser's clock; an occurrence may
come a little later than those that follow it, as a click is told when its second has passed.
Texts are as they are stored: scrubbed and cut. `x` and `y` are CSS px of the viewport.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol


class Click(NamedTuple):
    """One click. `is_interactive`: whether its target, or what that is in, invites to one.

    `reacted`: whether the page answered within a second. `target` is the element's path.
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
    """Three clicks or more in one place within half a second that did not help."""

    page_id: str
    at_ms: float
    x: int | None
    y: int | None
    target: str | None
    text: str | None
    click_count: int


class FormStep(NamedTuple):
    """What became of a form. `form` is its path; `fields` how many were filled in, of `abandoned`.

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
    """The place to which a document or an element (`node`) is scrolled now, px."""

    page_id: str
    at_ms: float
    node: int
    x: float
    y: float


class OwnScroll(NamedTuple):
    """A page scrolls a document or an element (`node`) by itself, as our recorder saw."""

    page_id: str
    at_ms: float
    node: int


class Navigation(NamedTuple):
    """A page is shown, by a load or a change of its address. `url` is scrubbed.

    `is_back`: by the browser's Back or Forward; None where nobody told.
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
    """A request of the page's that failed (`status` 0 or from 400 on) or was slow.

    `at_ms` is when it ended.
    """

    page_id: str
    at_ms: float
    method: str
    path: str
    status: int
    duration_ms: float


Occurrence = Click | Burst | FormStep | Scroll | OwnScroll | Navigation | Error | NetworkRequest


class Signal(NamedTuple):
    """One sign of frustration; a row of the table `signals`. `evidence` is what the rule saw."""

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
        """Look at the next one; return what is sure now."""

    def end(self) -> Iterable[Signal]:
        """Return what the session's end makes sure."""
