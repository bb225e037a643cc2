"""Form abandonment: fields were filled in, and the form was left without being sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lake.analysis.events import FormStep, Navigation, Occurrence, Signal
from lake.analysis.forms import FORMS_MAX, Form, FormResolver


@dataclass
class _FormState:
    """The state of a form so far."""

    abandoned: FormStep | None = None
    is_sent: bool = False  # since it was left; the browser reports no success
    has_succeeded: bool = False


class FormAbandonment:
    """One signal per form, where it was left last; none if it succeeded in the session."""

    def __init__(self) -> None:
        self._forms = FormResolver()
        self._states: dict[Form, _FormState] = {}

    def see(self, occurrence: Occurrence) -> Iterable[Signal]:
        """Update the state of a form."""
        if isinstance(occurrence, Navigation):
            self._forms.see(occurrence)
        elif isinstance(occurrence, FormStep):
            form = self._forms.form_of(occurrence)
            if form in self._states or len(self._states) < FORMS_MAX:
                _apply_step(self._states.setdefault(form, _FormState()), occurrence)
        return ()

    def end(self) -> Iterator[Signal]:
        """Return the signals of forms that were left for good."""
        for state in self._states.values():
            step = state.abandoned
            if step is None or state.is_sent or state.has_succeeded:
                continue
            yield Signal(
                "form_abandonment",
                step.page_id,
                step.at_ms,
                step.form,
                None,
                None,
                None,
                {"fields": step.fields},
            )


def _apply_step(state: _FormState, step: FormStep) -> None:
    match step.step:
        case "submit":
            state.is_sent = True
        case "invalid" | "failed":
            state.is_sent = False
        case "succeeded":
            state.has_succeeded = True
        case "abandoned" if step.fields != 0:
            state.abandoned = step
            state.is_sent = False
