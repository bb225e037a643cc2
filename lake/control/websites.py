"""Websites: their plan, origins and settings, one JSON object each, changed by compare-and-swap.

Plans are in `lake.control.plans`. Services read websites through `lake.control.cache`.
"""

import math
import re
import secrets
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec

from lake import ids
from lake.control import audit_entries
from lake.control.plans import PLANS, plans_of
from lake.errors import IdMalformed, ObjectMissing, SettingInvalid, WebsiteMissing
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.storage.json_documents import JsonDocuments
from lake.timestamps import iso, utc_day

ID_LENGTH = 12
_ID_LETTERS = string.ascii_lowercase + string.digits  # one case: a folder may ignore case
_ORIGIN = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?")


_Patterns = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=200)], ...],
    msgspec.Meta(max_length=50),
]


class FeatureFlags(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Recording settings of a website. The sampling rate is of sessions, in `all` mode only."""

    enable_session_replay: bool = False
    session_replay_trigger: Literal["all", "errors_only", "smart"] = "smart"
    replay_sampling_rate: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.02


class Privacy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Privacy settings of the recorder, beyond what it always masks.

    `mask_text` hides in texts what has the shape of a secret, all numbers and e-mail addresses too,
    or every word.
    """

    mask_emails: bool = True
    require_consent: bool = False
    mask_patterns: bool = True
    mask_text: Literal["patterns", "numbers", "all"] = "patterns"


class Smart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions under which `smart` mode keeps a session. `url_patterns` are parts of a URL."""

    errors: bool = True
    rage_clicks: bool = True
    dead_clicks: bool = True
    form_abandonment: bool = True
    url_patterns: _Patterns = ("cart", "checkout", "pricing")
    pages_min: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5
    engaged_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 60


class Website(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One website. `origins` are those of its pages; `*` allows any page."""

    website_id: str
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    plan: Literal["free", "pro", "scale", "enterprise"] = "pro"
    origins: _Patterns = ()
    feature_flags: FeatureFlags = FeatureFlags()
    privacy: Privacy = Privacy()
    smart: Smart = Smart()
    created_at: str

    @property
    def records(self) -> bool:
        """Whether this website records sessions."""
        return self.feature_flags.enable_session_replay and PLANS[self.plan].records


_DOCUMENTS = JsonDocuments(Website, "website", lambda record: [keys.website_key(record.website_id)])
_SECTIONS = {"feature_flags": FeatureFlags, "privacy": Privacy, "smart": Smart}
_TOP = ("name", "plan", "origins")


def _places() -> dict[str, tuple[str | None, Any]]:
    """Return every setting's flat name, with its section and type."""
    types = get_type_hints(Website, include_extras=True)
    places: dict[str, tuple[str | None, Any]] = {name: (None, types[name]) for name in _TOP}
    for section, struct in _SECTIONS.items():
        for name, kind in get_type_hints(struct, include_extras=True).items():
            places[name] = (section, kind)
    return places


SETTINGS = _places()


def create(
    store: Store, name: str, *, plan: str = "pro", origins: tuple[str, ...] = (), now_ms: int
) -> Website:
    """Create a website with a new random id and the product's defaults (recording off).

    Raises:
        SettingInvalid: An unknown plan, an empty name or an invalid origin.
    """
    while True:
        letters = "".join(secrets.choice(_ID_LETTERS) for _ in range(ID_LENGTH))
        website = _changed(
            Website(website_id=f"w_{letters}", name="new", created_at=iso(now_ms)),
            {"name": name, "plan": plan, "origins": origins},
        )
        if _DOCUMENTS.create(store, keys.website_key(website.website_id), website):
            return website


def get(store: Store, website_id: str) -> Website:
    """Read a website.

    Raises:
        WebsiteMissing: There is none, or the id is malformed.
    """
    with _missing(website_id):
        return _DOCUMENTS.read(store, keys.website_key(ids.check_website_id(website_id)))


def list_ids(store: Store) -> Iterator[str]:
    """Yield every website's id, without reading any."""
    for item in store.list(keys.WEBSITES):
        yield keys.document_name(keys.WEBSITES, item.key)


def list_all(store: Store) -> list[Website]:
    """Read every website, oldest first."""
    all_websites = _DOCUMENTS.all(store, keys.WEBSITES)
    return sorted(all_websites, key=lambda website: (website.created_at, website.website_id))


def change(
    store: Store,
    website_id: str,
    changes: Mapping[str, object],
    *,
    by: str | None = None,
    now_ms: int | None = None,
) -> Website:
    """Change settings by their flat names (`SETTINGS`), all or none; concurrent changes both apply.

    Values may be text too, as a command line has them: `true`, `0.1`, `cart,checkout`.

    Args:
        by: The actor for the audit log, with `now_ms`; None writes no entry.

    Raises:
        WebsiteMissing: There is no such website.
        SettingInvalid: A name or a value is wrong; the message says what to give.
        StoreUnavailable: Nothing was changed, or whether it was is unknown.
    """

    def tell(after: Website) -> None:
        if by is not None:
            assert now_ms is not None
            details = {name: _plain(after, name) for name in changes}
            audit_entries.record(
                store, website_id, by, "settings-changed", None, details, now_ms=now_ms
            )

    with _missing(website_id):
        key = keys.website_key(ids.check_website_id(website_id))
        return _DOCUMENTS.change(store, key, lambda website: _changed(website, changes), first=tell)


def first_retained_day(website: Website, settings: Settings, *, now_ms: int) -> date:
    """Return the first UTC day whose sessions are retained; those that began before are expired.

    It depends on the website's plan now, so that an upgrade retains older sessions at once. A
    session is served until its last day ends.
    """
    return utc_day(now_ms) - timedelta(days=plans_of(settings)[website.plan].retention_days)


def allows_origin(website: Website, origin: str | None) -> bool:
    """Whether a page of `origin` may record; a missing or `null` origin needs `*`."""
    return "*" in website.origins or (origin is not None and origin in website.origins)


@contextmanager
def _missing(website_id: str) -> Iterator[None]:
    try:
        yield
    except (IdMalformed, ObjectMissing) as error:
        raise WebsiteMissing(f"no website has the id {website_id[:64]!r}") from error


def _changed(website: Website, changes: Mapping[str, object]) -> Website:
    sections: dict[str | None, dict[str, Any]] = {}
    for name, value in changes.items():
        if name not in SETTINGS:
            raise SettingInvalid(
                f"no setting is named {name!r}; there are: {', '.join(SETTINGS)}", name=name
            )
        sections.setdefault(SETTINGS[name][0], {})[name] = _value(name, value)
    top = sections.pop(None, {})
    for section, values in sections.items():
        assert section is not None
        top[section] = msgspec.structs.replace(getattr(website, section), **values)
    after = msgspec.structs.replace(website, **top)
    return website if after == website else after


def _plain(website: Website, name: str) -> object:
    """Return a setting's value as JSON has it."""
    section = SETTINGS[name][0]
    value: object = getattr(getattr(website, section) if section else website, name)
    return msgspec.to_builtins(value)


def _value(name: str, value: object) -> object:
    kind = SETTINGS[name][1]
    given: object = value
    if kind == _Patterns:
        if isinstance(value, str):
            given = [part.strip() for part in value.split(",") if part.strip()]
        if name == "origins" and isinstance(given, list | tuple):
            given = [_origin(part) for part in given]
    try:
        converted: object = msgspec.convert(given, kind, strict=not isinstance(value, str))
    except msgspec.ValidationError as error:
        message = f"{name} is {value!r}: give {_hint(kind)} ({error})"
        raise SettingInvalid(message, name=name) from error
    if isinstance(converted, float) and math.isnan(converted):
        raise SettingInvalid(f"{name} is {value!r}: give {_hint(kind)}", name=name)
    return converted


def _origin(text: object) -> str:
    origin = text.strip().lower().rstrip("/") if isinstance(text, str) else ""
    if origin != "*" and not _ORIGIN.fullmatch(origin):
        raise SettingInvalid(
            f"origin is {text!r}: give what a browser sends, such as https://shop.example or "
            "http://localhost:3000 (no path), or * for any page",
            name="origins",
        )
    # A browser leaves the scheme's own port out.
    return origin.removesuffix(":443" if origin.startswith("https:") else ":80")


def _hint(kind: Any) -> str:
    if kind == _Patterns:
        return "a list of up to 50 texts, on the command line comma-separated"
    limits, bare = _limits(kind)
    if bare is bool:
        return "true or false"
    if bare is str:
        return "a text of 1 to 200 characters"
    if bare in (int, float):
        what = "a whole number" if bare is int else "a number"
        return f"{what} from {limits.ge} to {limits.le}"
    return "one of " + ", ".join(get_args(bare))


def _limits(kind: Any) -> tuple[msgspec.Meta, Any]:
    metadata = getattr(kind, "__metadata__", None)
    return (metadata[0], get_args(kind)[0]) if metadata else (msgspec.Meta(), kind)
