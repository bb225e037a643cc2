from pathlib import Path

import pytest

from lake.control import api_keys, websites
from lake.control.cache import ControlCache
from lake.errors import StoreUnavailable
from lake.settings import Settings
from lake.storage.base import Store, open_store

NOW_MS = 1_795_000_000_000


class Clock:
    """A clock that goes on only when it is told to."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def control(store: Store, settings: Settings, clock: Clock) -> ControlCache:
    return ControlCache(store, settings, clock)


def test_a_change_is_seen_when_the_cache_time_is_over(
    store: Store, control: ControlCache, clock: Clock
) -> None:
    made = websites.create(store, "Shop", now_ms=NOW_MS)
    assert control.website(made.website_id) == made
    changed = websites.change(store, made.website_id, {"name": "New"})

    clock.s = 9.9
    assert control.website(made.website_id) == made
    clock.s = 10.0
    assert control.website(made.website_id) == changed


def test_a_missing_website_is_cached_no_longer_than_others(
    store: Store, control: ControlCache, clock: Clock
) -> None:
    assert control.website("w_none") is None
    peeked = control.peek_website("w_none")
    assert peeked is not None
    assert peeked.value is None
    clock.s = 10.0
    assert control.peek_website("w_none") is None
    assert control.website("../x") is None


@pytest.mark.fault(45)
def test_a_cached_key_is_valid_until_its_revocation_is_read(
    store: Store, control: ControlCache, clock: Clock
) -> None:
    """Fault 45: a key is revoked while it is in use."""
    website_id = websites.create(store, "Shop", now_ms=NOW_MS).website_id
    token = api_keys.create(store, website_id=website_id, role="viewer", now_ms=NOW_MS)
    record = control.key(token)
    assert record is not None
    assert control.key(token[:-1] + ("0" if token[-1] != "0" else "1")) is None
    assert control.key("nonsense") is None
    api_keys.revoke(store, record.key_id, now_ms=NOW_MS)

    clock.s = 10.0
    assert control.key(token) is None


def test_outdated_values_stay_valid_while_the_store_fails(tmp_path: Path, clock: Clock) -> None:
    settings = Settings(lake=str(tmp_path / "lake"))
    store = open_store(settings)
    control = ControlCache(store, settings, clock)
    made = websites.create(store, "Shop", now_ms=NOW_MS)
    assert control.website(made.website_id) == made
    folder = tmp_path / "lake/control/websites"
    path = folder / f"{made.website_id}.json"
    body = path.read_bytes()
    path.unlink()
    path.symlink_to(path)  # reading it is an input/output error (ELOOP), as of a broken disk

    clock.s = 50.0
    assert control.website(made.website_id) == made
    clock.s = 100.1
    with pytest.raises(StoreUnavailable):
        control.website(made.website_id)
    path.unlink()
    path.write_bytes(body)
    assert control.website(made.website_id) == made
