from datetime import date
from threading import Thread

import pytest

from lake.control import websites
from lake.errors import Damaged, SettingInvalid, WebsiteMissing
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store

NOW_MS = 1_795_000_000_000  # 2026-11-18T11:06:40Z


def test_a_new_website_records_nothing_until_enabled(store: Store) -> None:
    made = websites.create(store, "Shop", origins=("https://Shop.example/",), now_ms=NOW_MS)

    assert websites.get(store, made.website_id) == made
    assert made.website_id.startswith("w_")
    assert len(made.website_id) == 14
    assert (made.plan, made.origins) == ("pro", ("https://shop.example",))
    assert made.created_at == "2026-11-18T11:06:40.000Z"
    assert not made.records
    flags = made.feature_flags
    assert (flags.session_replay_trigger, flags.replay_sampling_rate) == ("smart", 0.02)


def test_the_free_plan_records_nothing_even_when_enabled(store: Store) -> None:
    made = websites.create(store, "Shop", now_ms=NOW_MS)
    changed = websites.change(store, made.website_id, {"enable_session_replay": True})
    assert changed.records

    assert not websites.change(store, made.website_id, {"plan": "free"}).records


def test_settings_are_changed_by_flat_names_and_by_text(store: Store) -> None:
    website_id = websites.create(store, "Shop", now_ms=NOW_MS).website_id
    changes = {
        "enable_session_replay": "true",
        "session_replay_trigger": "all",
        "replay_sampling_rate": "1",
        "mask_emails": "false",
        "url_patterns": "cart, pay",
        "pages_min": "3",
        "origins": "https://a.example:443,http://localhost:3000",
        "name": "12",
        "plan": "enterprise",
    }
    websites.change(store, website_id, changes)
    response = websites.get(store, website_id)

    assert response.feature_flags == websites.FeatureFlags(
        enable_session_replay=True, session_replay_trigger="all", replay_sampling_rate=1.0
    )
    assert not response.privacy.mask_emails
    assert response.smart.url_patterns == ("cart", "pay")
    assert response.smart.pages_min == 3
    assert response.origins == ("https://a.example", "http://localhost:3000")
    assert (response.name, response.plan) == ("12", "enterprise")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("enable_session_replay", "perhaps", "true or false"),
        ("enable_session_replay", 2, "true or false"),
        ("session_replay_trigger", "none", "all, errors_only, smart"),
        ("mask_text", "some", "patterns, numbers, all"),
        ("replay_sampling_rate", 1.5, "a number from 0 to 1"),
        ("replay_sampling_rate", "nan", "a number from 0 to 1"),
        ("replay_sampling_rate", "x", "a number from 0 to 1"),
        ("plan", "gold", "free, pro, scale, enterprise"),
        ("name", "", "1 to 200"),
        ("origins", ["https://a.example/path"], "no path"),
        ("origins", [1], "no path"),
        ("origins", 1, "a list"),
        ("pages_min", "0", "a whole number from 1 to 1000"),
        ("website_id", "x", "no setting is named 'website_id'; there are: name, plan"),
    ],
)
def test_a_wrong_value_is_refused_with_what_to_give(
    store: Store, name: str, value: object, says: str
) -> None:
    made = websites.create(store, "Shop", now_ms=NOW_MS)
    with pytest.raises(SettingInvalid, match=says) as caught:
        websites.change(store, made.website_id, {"mask_emails": False, name: value})

    assert caught.value.name == name
    assert name.removesuffix("s") in str(caught.value)
    assert websites.get(store, made.website_id) == made


def test_changes_made_at_once_are_all_kept(store: Store) -> None:
    website_id = websites.create(store, "Shop", now_ms=NOW_MS).website_id
    names = ["mask_emails", "mask_patterns", "errors", "rage_clicks", "dead_clicks"]
    threads = [
        Thread(target=websites.change, args=(store, website_id, {name: False})) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    response = websites.get(store, website_id)
    values = [getattr(response.privacy, name, None) for name in names[:2]]
    assert values + [getattr(response.smart, name) for name in names[2:]] == [False] * 5


@pytest.mark.parametrize("website_id", ["w_000000000000", "", "../x", "a/b", "\0", "x" * 300, "é"])
@pytest.mark.attack(32)
def test_an_unknown_or_malformed_id_is_missing(store: Store, website_id: str) -> None:
    """Attack 32."""
    with pytest.raises(WebsiteMissing):
        websites.get(store, website_id)
    with pytest.raises(WebsiteMissing):
        websites.change(store, website_id, {})


def test_all_websites_are_listed_oldest_first(store: Store) -> None:
    made = [websites.create(store, f"n{i}", now_ms=NOW_MS + i) for i in range(3)]

    assert websites.list_all(store) == made


def test_reading_a_damaged_website_raises_damaged(store: Store) -> None:
    store.put(keys.website_key("w_x"), b"{")
    with pytest.raises(Damaged, match="w_x"):
        websites.get(store, "w_x")


def test_a_session_is_kept_until_the_last_of_its_days_ends(store: Store) -> None:
    made = websites.create(store, "Shop", plan="pro", now_ms=NOW_MS)

    assert websites.first_retained_day(made, Settings(), now_ms=NOW_MS) == date(2026, 9, 19)
    longer = Settings(plan_days="free=1, pro=400")
    assert websites.first_retained_day(made, longer, now_ms=NOW_MS) == date(2025, 10, 14)
    with pytest.raises(SettingInvalid, match="PLAN=DAYS"):
        websites.first_retained_day(made, Settings(plan_days="gold=3"), now_ms=NOW_MS)
    scale = websites.change(store, made.website_id, {"plan": "scale"})
    assert websites.first_retained_day(scale, Settings(), now_ms=NOW_MS) == date(2026, 7, 21)


@pytest.mark.attack(40)
def test_only_configured_origins_are_allowed(store: Store) -> None:
    """Attack 40."""
    own = websites.create(store, "Shop", origins=("https://a.example",), now_ms=NOW_MS)
    anyone = websites.create(store, "Demo", origins=("*",), now_ms=NOW_MS)

    assert websites.allows_origin(own, "https://a.example")
    for origin in (None, "null", "", "http://a.example", "https://a.example.evil", "*"):
        assert not websites.allows_origin(own, origin)
        assert websites.allows_origin(anyone, origin)
