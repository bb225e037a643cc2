"""Notes of our recorder, read as occurrences.

The recorder observes listeners, reactions and the browser's form validation, which rrweb events do
not contain. Where it left notes, nothing is inferred (`lake.analysis.inferred` does that for other
recorders). `ingest_api/recorder/src/privacy/notes.ts` lists the payloads.
"""

from collections.abc import Iterator

from lake.analysis.events import Burst, Click, FormStep, NetworkRequest, Occurrence, OwnScroll
from lake.raw.redaction import scrub_text

PREFIX = "replaylake."
TARGET_LENGTH_MAX = 300
TEXT_LENGTH_MAX = 80
STEPS = ("submit", "invalid", "failed", "succeeded", "abandoned")
_NUMBER_MAX = 2**31 - 1
_LATE_MS_MAX = 60_000  # a page that hangs reports late


def read(page_id: str, at_ms: float, tag: str, payload: object) -> Iterator[Occurrence]:
    """Yield the occurrence of a note, nothing for payloads of another shape."""
    if not isinstance(payload, dict):
        return
    match tag.removeprefix(PREFIX):
        case "click":
            yield Click(
                page_id,
                _time(payload.get("at_ms"), at_ms),
                int_or_none(payload.get("x")),
                int_or_none(payload.get("y")),
                text_or_none(payload.get("target"), TARGET_LENGTH_MAX),
                text_or_none(payload.get("text"), TEXT_LENGTH_MAX),
                payload.get("interactive") is not False,
                payload.get("reacted") is not False,
            )
        case "rage_click":
            yield Burst(
                page_id,
                _time(payload.get("at_ms"), at_ms),
                int_or_none(payload.get("x")),
                int_or_none(payload.get("y")),
                text_or_none(payload.get("target"), TARGET_LENGTH_MAX),
                text_or_none(payload.get("text"), TEXT_LENGTH_MAX),
                int_or_none(payload.get("count")) or 0,
            )
        case "own_scroll":
            yield OwnScroll(page_id, at_ms, int_or_none(payload.get("id")) or 0)
        case "form" if payload.get("step") in STEPS:
            form = text_or_none(payload.get("form"), TARGET_LENGTH_MAX) or "form"
            status, fields = int_or_none(payload.get("status")), int_or_none(payload.get("fields"))
            yield FormStep(page_id, at_ms, form, payload["step"], status, fields)
        case "network":
            yield NetworkRequest(
                page_id,
                at_ms,
                text_or_none(payload.get("method"), 16) or "GET",
                text_or_none(payload.get("path"), TARGET_LENGTH_MAX) or "",
                int_or_none(payload.get("status")) or 0,
                float(int_or_none(payload.get("duration_ms")) or 0),
            )


def int_or_none(value: object) -> int | None:
    """Return a number as an int that fits a column, None for other values."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if -_NUMBER_MAX <= value <= _NUMBER_MAX else None


def text_or_none(value: object, length_max: int) -> str | None:
    """Return a text scrubbed and cut, None where it is empty or no text."""
    return (scrub_text(value, length_max) or None) if isinstance(value, str) else None


def _time(value: object, at_ms: float) -> float:
    """Return a click's own time, or the note's where the former is implausible."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value if 0 <= at_ms - value <= _LATE_MS_MAX else at_ms
    return at_ms
