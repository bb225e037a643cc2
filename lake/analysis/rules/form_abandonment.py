"""Form abandonment: fields were filled in, and the form left without having been sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lake.analysis.events import FormStep, Navigation, Occurrence, Signal
from lake.analysis.forms import FORMS_MAX, Form, FormResolver


@dataclass
class _FormState:
    """What became of a form so far."""

    abandoned: FormStep | None = None
    is_sent: bool = False  # since it was left, by the browser, which tells no success
    has_succeeded: bool = False


class FormAbandonment:
    """One signal per form, where it was left last; a success in the session makes it none."""

    def __init__(self) -> None:
        self._forms = FormResolver()
        self._fates: dict[Form, _FormState] = {}

    def see(self, occurrence: Occurrence) -> Iterable[Signal]:
        """Follow what becomes of each form."""
        if isinstance(occurrence, Navigation):
            self._forms.see(occurrence)
        elif isinstance(occurrence, FormStep):
            form = self._forms.form_of(occurrence)
            if form in self._fates or len(self._fates) < FORMS_MAX:
                _apply_step(self._fates.setdefault(form, _FormState()), occurrence)
        return ()

    def end(self) -> Iterator[Signal]:
        """Return the forms that were left for good."""
        for fate in self._fates.values():
            step = fate.abandoned
            if step is None or fate.is_sent or fate.has_succeeded:
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


def _apply_step(fate: _FormState, step: FormStep) -> None:
    match step.step:
        case "submit":
            fate.is_sent = True
        case "invalid" | "failed":
            fate.is_sent = False
        case "succeeded":
            fate.has_succeeded = True
        case "abandoned" if step.fields != 0:
            fate.abandoned = step
            fate.is_sent = False
