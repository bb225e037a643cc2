"""Initial contents of the demo's lake: a website, its keys and six sample sessions."""

import random
from pathlib import Path
from typing import NamedTuple

import msgspec

from lake.control import api_keys, websites
from lake.errors import WebsiteMissing
from lake.ingest import user_agents
from lake.ingest.import_recording import import_recording
from lake.settings import Settings
from lake.storage.base import Store
from orchestration.demo.people import BROWSERS, NETWORKS

RECORDINGS = Path(__file__).parent.parent / "recordings"
_SAMPLES_ORIGIN = "http://shop.test"  # of the pages in the recordings
_HOUR_MS = 3_600_000
_HOURS_AGO = (2, 5, 9, 27, 49, 76)


class Demo(NamedTuple):
    """State of a demo for its next start."""

    lake: str
    website_id: str
    viewer_key: str
    admin_key: str
    session_id: str


def seed(store: Store, settings: Settings, note: Path, *, shop_port: int, now_ms: int) -> Demo:
    """Return the demo that is stored in `note`, or create one and store it.

    In both cases the shop at `shop_port` may record.

    Raises:
        StoreUnavailable.
    """
    origins = tuple(f"http://{host}:{shop_port}" for host in ("localhost", "127.0.0.1"))
    stored = _read(note)
    if stored is not None and stored.lake == store.url and _exists(store, stored.website_id):
        _allow_origins(store, stored.website_id, origins)
        return stored
    origins = (_SAMPLES_ORIGIN, *origins)
    site = websites.create(store, "Demo shop", plan="enterprise", origins=origins, now_ms=now_ms)
    websites.change(
        store,
        site.website_id,
        {
            "enable_session_replay": True,
            "session_replay_trigger": "all",
            "replay_sampling_rate": 1.0,
        },
    )
    viewer, admin = (
        api_keys.create(store, website_id=site.website_id, role=role, now_ms=now_ms)
        for role in ("viewer", "admin")
    )
    session_ids = _import_samples(store, settings, site.website_id, now_ms)
    made = Demo(store.url, site.website_id, viewer, admin, session_ids[0])
    note.write_bytes(msgspec.json.encode(made._asdict()))
    note.chmod(0o600)
    return made


def recordings() -> list[Path]:
    """Return the recordings that come with the project."""
    return sorted(RECORDINGS.glob("*.json.zst"))


def _import_samples(store: Store, settings: Settings, website_id: str, now_ms: int) -> list[str]:
    choice = random.Random(1)  # noqa: S311 - the samples look the same everywhere
    countries = user_agents.CountryLookup(settings.geo_path)
    session_ids = []
    for path, hours in zip(recordings(), _HOURS_AGO, strict=True):
        fitting = [item for item in BROWSERS if item.is_touch == ("touch" in path.name)]
        client = user_agents.describe_client(
            choice.choice(fitting).user_agent,
            {},
            country=countries.of(f"{choice.choice(NETWORKS)}.1"),
            visitor_id=f"{choice.getrandbits(128):032x}",
        )
        made = import_recording(
            store,
            settings,
            path,
            website_id=website_id,
            now_ms=now_ms,
            at_ms=now_ms - hours * _HOUR_MS,
            client=client,
        )
        session_ids += [item.session_id for item in made]
    countries.close()
    return session_ids


def _allow_origins(store: Store, website_id: str, origins: tuple[str, ...]) -> None:
    """Add origins to the website's; the shop may have another port than the last time."""
    had = websites.get(store, website_id).origins
    if new := [origin for origin in origins if origin not in had]:
        websites.change(store, website_id, {"origins": [*had, *new]})


def _read(note: Path) -> Demo | None:
    try:
        return Demo(**msgspec.json.decode(note.read_bytes(), type=dict[str, str]))
    except (FileNotFoundError, msgspec.DecodeError, TypeError):
        return None


def _exists(store: Store, website_id: str) -> bool:
    try:
        websites.get(store, website_id)
    except WebsiteMissing:
        return False
    return True
