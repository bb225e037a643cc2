"""Websites: their plan, origins and settings, one JSON object each, changed by compare-and-swap.

What a plan allows and for how long its sessions are kept is told here too. Services do not read
websites from here for every request: see `lake.control`, which remembers them.
"""

import math
import re
import secrets
import string
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_type_hints

import msgspec

from lake import ids, keys
from lake.errors import Damaged, IdMalformed, ObjectMissing, SettingInvalid, WebsiteMissing
from lake.store import Store
from lake.times import iso, utc_day

ID_LENGTH = 12
_ID_LETTERS = string.ascii_lowercase + string.digits  # one case: a folder may ignore case
_ORIGIN = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?")


class Plan(NamedTuple):
    """What a website's plan allows."""

    name: str
    retention_days: int
    records: bool
    network_panel: bool


PLANS = {
    plan.name: plan
    for plan in (
        Plan("free", 7, records=False, network_panel=False),  # what was imported by hand
        Plan("pro", 60, records=True, network_panel=False),
        Plan("scale", 120, records=True, network_panel=False),
        Plan("enterprise", 180, records=True, network_panel=True),
    )
}

_Patterns = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=200)], ...],
    msgspec.Meta(max_length=50),
]


class FeatureFlags(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether and what a website records. The rate is of sessions, in `all` mode only."""

    enable_session_replay: bool = False
    session_replay_trigger: Literal["all", "errors_only", "smart"] = "smart"
    replay_sampling_rate: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.02


class Privacy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the recorder hides beyond what it always hides."""

    mask_emails: bool = True
    require_consent: bool = False
    mask_patterns: bool = True


class Smart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What makes `smart` mode keep a session. `url_patterns` are parts of a page's address."""

    errors: bool = True
    rage_clicks: bool = True
    dead_clicks: bool = True
    form_abandonment: bool = True
    url_patterns: _Patterns = ("cart", "checkout", "pricing")
    pages_min: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5
    engaged_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 60


class Website(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One website. `origins` are those of its pages; `*` among them lets any page in."""

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
        """Whether chunks of this website are wanted at all."""
        return self.feature_flags.enable_session_replay and PLANS[self.plan].records


_SECTIONS = {"feature_flags": FeatureFlags, "privacy": Privacy, "smart": Smart}
_TOP = ("name", "plan", "origins")


def _places() -> dict[str, tuple[str | None, Any]]:
    """Every setting's flat name, with its section and type."""
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
    """Make a website with a new random id and the product's defaults (recording off).

    Raises:
        SettingInvalid: An unknown plan, an empty name or something that is no origin.
    """
    while True:
        letters = "".join(secrets.choice(_ID_LETTERS) for _ in range(ID_LENGTH))
        website = _changed(
            Website(website_id=f"w_{letters}", name="new", created_at=iso(now_ms)),
            {"name": name, "plan": plan, "origins": origins},
        )
        key = keys.website_key(website.website_id)
        if store.put_new(key, msgspec.json.encode(website), token=secrets.token_hex(16)):
            return website


def get(store: Store, website_id: str) -> Website:
    """Read a website.

    Raises:
        WebsiteMissing: There is none, or the id has not the form of one.
    """
    return _read(store, website_id)[0]


def list_all(store: Store) -> list[Website]:
    """Read every website, oldest first."""
    found = []
    for item in store.list(keys.WEBSITES):
        try:
            found.append(_decode(store.get(item.key), item.key))
        except ObjectMissing:
            continue  # deleted since the listing
    return sorted(found, key=lambda website: (website.created_at, website.website_id))


def change(store: Store, website_id: str, changes: Mapping[str, object]) -> Website:
    """Set settings by their flat names (`SETTINGS`), all or none; concurrent changes both stay.

    Values may be text too, as a command line has them: `true`, `0.1`, `cart,checkout`.

    Raises:
        WebsiteMissing: There is no such website.
        SettingInvalid: A name or a value is wrong; the message says what to give.
    """
    while True:
        website, version = _read(store, website_id)
        changed = _changed(website, changes)
        key = keys.website_key(website_id)
        if store.swap(key, msgspec.json.encode(changed), version=version):
            return changed


def first_day_kept(website: Website, *, now_ms: int) -> date:
    """Return the first UTC day whose sessions are still kept; those begun before are expired.

    By the plan that the website has now, so that an upgrade keeps what a downgrade would drop.
    A session is served until its last day ends.
    """
    return utc_day(now_ms) - timedelta(days=PLANS[website.plan].retention_days)


def allows_origin(website: Website, origin: str | None) -> bool:
    """Tell whether a page of `origin` may record; none and `null` may only where `*` may."""
    return "*" in website.origins or (origin is not None and origin in website.origins)


def _read(store: Store, website_id: str) -> tuple[Website, str]:
    try:
        key = keys.website_key(ids.check_website_id(website_id))
        body, version = store.get_versioned(key)
    except (IdMalformed, ObjectMissing) as error:
        raise WebsiteMissing(f"no website has the id {website_id[:64]!r}") from error
    return _decode(body, key), version


def _decode(body: bytes, key: str) -> Website:
    try:
        return msgspec.json.decode(body, type=Website)
    except msgspec.DecodeError as error:
        raise Damaged(f"{key} is no website: {error}") from error


def _changed(website: Website, changes: Mapping[str, object]) -> Website:
    sections: dict[str | None, dict[str, Any]] = {}
    for name, value in changes.items():
        if name not in SETTINGS:
            raise SettingInvalid(f"no setting is named {name!r}; there are: {', '.join(SETTINGS)}")
        sections.setdefault(SETTINGS[name][0], {})[name] = _value(name, value)
    top = sections.pop(None, {})
    for section, values in sections.items():
        assert section is not None
        top[section] = msgspec.structs.replace(getattr(website, section), **values)
    return msgspec.structs.replace(website, **top)


def _value(name: str, value: object) -> object:
    kind = SETTINGS[name][1]
    given: object = value
    if kind == _Patterns:
        if isinstance(value, str):
            given = [part.strip() for part in value.split(",") if part.strip()]
        if name == "origins" and isinstance(given, list | tuple):
            given = [_origin(part) for part in given]
    try:
        found: object = msgspec.convert(given, kind, strict=not isinstance(value, str))
    except msgspec.ValidationError as error:
        raise SettingInvalid(f"{name} is {value!r}: give {_hint(kind)} ({error})") from error
    if isinstance(found, float) and math.isnan(found):
        raise SettingInvalid(f"{name} is {value!r}: give {_hint(kind)}")
    return found


def _origin(text: object) -> str:
    origin = text.strip().lower().rstrip("/") if isinstance(text, str) else ""
    if origin != "*" and not _ORIGIN.fullmatch(origin):
        raise SettingInvalid(
            f"origin is {text!r}: give what a browser sends, such as https://shop.example or "
            "http://localhost:3000 (no path), or * for any page"
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
