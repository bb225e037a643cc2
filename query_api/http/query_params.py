"""Query parameters of all routes: names, types and limits. Unknown parameters are refused."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from lake.reading.insights.frustration import GroupBy
from lake.reading.insights.heatmap import Viewport
from lake.reading.session_filters import LIMIT_MAX, SessionQuery
from lake.timestamps import parse_iso

_NUMBER_MAX = 2**53 - 1  # the largest integer that every JSON reader knows
_TEXT_MAX = 2048


def _instant(text: object) -> datetime:
    """Parse ISO 8601; without an offset it is UTC."""
    try:
        return parse_iso(str(text))
    except ValueError as error:
        raise ValueError(
            "give ISO 8601, such as 2026-11-23T09:26:40Z (a '+' in a URL is written %2B)"
        ) from error


Instant = Annotated[datetime, BeforeValidator(_instant)]
Text = Annotated[str, Field(max_length=_TEXT_MAX)]
Texts = Annotated[list[Text], Field(max_length=100)]
Count = Annotated[int, Field(ge=0, le=_NUMBER_MAX)]
Offset = Annotated[float, Field(ge=0, le=_NUMBER_MAX, allow_inf_nan=False)]
Signal = Literal[
    "rage_click",
    "dead_click",
    "form_frustration",
    "form_abandonment",
    "scroll_thrash",
    "error_click",
    "quick_back",
    "slow_response",
]


class StrictParameters(BaseModel):
    """Query parameters; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid")


class WebsiteParameters(StrictParameters):
    """The website, for keys of all websites on paths that name none."""

    website: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="From a key of all websites, where the path names none: which one."
    )


class PeriodParameters(StrictParameters):
    """Period in which the sessions began."""

    from_at: Instant | None = Field(None, alias="from", description="First instant, ISO 8601.")
    to_at: Instant | None = Field(
        None, alias="to", description="First instant after the last, ISO 8601."
    )


class LimitParameters(PeriodParameters):
    """Period in which the sessions began, and the number of results."""

    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX)] = 50


class SessionParameters(LimitParameters):
    """Filters, sort order and cursor of the session list."""

    device: Texts = Field([], description="desktop, mobile, tablet, bot or unknown; repeatable.")
    browser: Texts = Field([], description="Family; repeatable.")
    os: Texts = Field([], description="Family; repeatable.")
    country: Texts = Field([], description="ISO 3166-1 alpha-2; repeatable.")
    has_errors: bool | None = Field(None, alias="hasErrors")
    has_frustration: bool | None = Field(None, alias="hasFrustration")
    signal: list[Signal] = Field([], description="All of these; repeatable.")
    min_duration: Count | None = Field(None, alias="minDuration", description="ms")
    max_duration: Count | None = Field(None, alias="maxDuration", description="ms")
    min_pages: Count | None = Field(None, alias="minPages")
    url: Text = Field("", description="A part of any page's address.")
    visitor_id: Text = Field("", alias="visitorId")
    user_id: Text = Field("", alias="userId")
    live: bool | None = Field(None, description="Whether the session still goes on.")
    sort: Literal["recent", "duration", "errors", "frustration", "pages"] = "recent"
    cursor: Annotated[str, Field(max_length=_TEXT_MAX)] | None = Field(
        None, description="`nextCursor` of the page before, with the same filters and sort."
    )

    def query(self) -> SessionQuery:
        """Return the query for `lake.reading.session_list`."""
        return SessionQuery(
            from_at=self.from_at,
            to_at=self.to_at,
            device=_without_empty(self.device),
            browser=_without_empty(self.browser),
            os=_without_empty(self.os),
            country=_without_empty(self.country),
            has_errors=self.has_errors,
            has_frustration=self.has_frustration,
            signals=tuple(dict.fromkeys(self.signal)),
            min_duration_ms=self.min_duration,
            max_duration_ms=self.max_duration,
            min_pages=self.min_pages,
            url=self.url,
            visitor_id=self.visitor_id,
            user_id=self.user_id,
            live=self.live,
            sort=self.sort,
            limit=self.limit,
            cursor=self.cursor,
        )


class ReplayPart(StrictParameters):
    """Part of a session. Offsets are ms from its start."""

    from_ms: Offset | None = Field(
        None, description="Begin with what is needed to draw this moment: its last full snapshot."
    )
    to_ms: Offset | None = Field(None, description="The last moment wanted.")
    page: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="Only the events of this page load (`pageId` of the session's answer)."
    )


class ReplayParameters(ReplayPart, WebsiteParameters):
    """Part of a session, and its website."""


class FrustrationParameters(LimitParameters):
    """Signals of frustration, and the grouping of their counts."""

    by: GroupBy = Field("page", description="What the worst of are wanted.")
    kind: list[Signal] = Field([], description="Any of these; repeatable.")


class HeatmapParameters(PeriodParameters):
    """Page and viewport class of a heatmap."""

    url: Annotated[Text, Field(min_length=1)] = Field(
        description="As a session's `pageList` has it; query and fragment do not count."
    )
    viewport: Viewport | None = Field(
        None, description="By width: desktop from 1024 CSS px on, tablet from 768, else mobile."
    )


class AuditParameters(LimitParameters):
    """Period and cursor of the audit log."""

    cursor: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="`nextCursor` of the page before."
    )


def _without_empty(texts: list[str]) -> tuple[str, ...]:
    """Drop empty values, which forms send for blank fields."""
    return tuple(text for text in texts if text)
