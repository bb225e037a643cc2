"""Form frustration: one form failed twice or more in a session.

A failure is a refusal by validation or an error response. A submission is the beginning of the same
attempt and does not count.
"""

from collections.abc import Iterable, Iterator

from lake.analysis.events import FormStep, Navigation, Occurrence, Signal
from lake.analysis.forms import FORMS_MAX, Form, FormResolver

ATTEMPTS_MIN = 2  # the product's definition
_FAILURES = ("invalid", "failed")


class FormFrustration:
    """One signal per form, at its second failure, with the number of failures."""

    def __init__(self) -> None:
        self._forms = FormResolver()
        self._counts: dict[Form, int] = {}
        self._first: dict[Form, list[FormStep]] = {}  # ATTEMPTS_MIN of each form

    def see(self, occurrence: Occurrence) -> Iterable[Signal]:
        """Count a failure."""
        if isinstance(occurrence, Navigation):
            self._forms.see(occurrence)
        elif isinstance(occurrence, FormStep) and occurrence.step in _FAILURES:
            form = self._forms.form_of(occurrence)
            if form in self._counts or len(self._counts) < FORMS_MAX:
                self._counts[form] = self._counts.get(form, 0) + 1
                first = [*self._first.get(form, []), occurrence]
                self._first[form] = sorted(first, key=lambda s: s.at_ms)[:ATTEMPTS_MIN]
        return ()

    def end(self) -> Iterator[Signal]:
        """Return the signals of forms with enough failures."""
        for form, count in self._counts.items():
            if count >= ATTEMPTS_MIN:
                step = self._first[form][-1]
                yield Signal(
                    "form_frustration",
                    step.page_id,
                    step.at_ms,
                    step.form,
                    None,
                    None,
                    None,
                    {"attempts": count},
                )
