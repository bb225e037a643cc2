from typing import cast

import pytest

from lake.control import api_keys, websites
from lake.errors import Missing, SettingInvalid, WebsiteMissing
from lake.storage import keys
from lake.storage.base import Store
from lake.timestamps import iso

NOW_MS = 1_795_000_000_000


def test_a_key_is_shown_once_and_kept_as_a_hash(store: Store) -> None:
    website_id = websites.create(store, "Shop", now_ms=NOW_MS).website_id
    token = api_keys.create(store, website_id=website_id, role="viewer", now_ms=NOW_MS)
    (record,) = api_keys.list_all(store)

    assert token.startswith(f"rl_{record.key_id}_")
    assert (record.website_id, record.role, record.revoked_at) == (website_id, "viewer", None)
    assert api_keys.verify(record, token)
    assert token.rpartition("_")[2].encode() not in store.get(keys.api_key_key(record.key_id))


def test_a_key_with_any_wrong_part_is_refused(store: Store) -> None:
    website_id = websites.create(store, "Shop", now_ms=NOW_MS).website_id
    token = api_keys.create(store, website_id=website_id, role="admin", now_ms=NOW_MS)
    other = api_keys.create(store, website_id=website_id, role="admin", now_ms=NOW_MS)
    record = api_keys.get(store, api_keys.key_id_of(token) or "")

    for wrong in (other, token[:-1], token + "0", token.upper(), "", "rl_", "é"):
        assert not api_keys.verify(record, wrong)
    assert not api_keys.verify(None, token)


def test_a_revoked_key_stays_revoked(store: Store) -> None:
    website_id = websites.create(store, "Shop", now_ms=NOW_MS).website_id
    token = api_keys.create(store, website_id=website_id, role="viewer", now_ms=NOW_MS)
    key_id = api_keys.key_id_of(token) or ""
    revoked = api_keys.revoke(store, key_id, now_ms=NOW_MS + 1)

    assert api_keys.revoke(store, key_id, now_ms=NOW_MS + 2) == revoked
    assert not api_keys.verify(api_keys.get(store, key_id), token)


def test_a_key_needs_a_website_and_a_role(store: Store) -> None:
    with pytest.raises(WebsiteMissing):
        api_keys.create(store, website_id="w_no", role="viewer", now_ms=NOW_MS)
    with pytest.raises(SettingInvalid, match="viewer or admin"):
        api_keys.create(store, website_id="w_no", role="owner", now_ms=NOW_MS)
    for key_id in ("0" * 12, "../x", ""):
        with pytest.raises(Missing):
            api_keys.revoke(store, key_id, now_ms=NOW_MS)


def test_a_key_of_all_websites_needs_none(store: Store) -> None:
    token = api_keys.create(store, website_id=api_keys.ALL_WEBSITES, role="viewer", now_ms=NOW_MS)
    record = api_keys.get(store, api_keys.key_id_of(token) or "")

    assert record.is_for_all
    assert api_keys.verify(record, token)


def test_the_last_use_is_kept_to_the_hour(store: Store) -> None:
    token = api_keys.create(store, website_id=api_keys.ALL_WEBSITES, role="viewer", now_ms=NOW_MS)
    key_id = api_keys.key_id_of(token) or ""
    hour_ms = api_keys.USED_EVERY_MS

    def used(at_ms: int) -> str | None:
        api_keys.record_use(store, key_id, now_ms=at_ms)
        return api_keys.get(store, key_id).last_used_at

    assert used(NOW_MS) == iso(NOW_MS)
    assert used(NOW_MS + hour_ms - 1) == iso(NOW_MS)
    assert used(NOW_MS + hour_ms) == iso(NOW_MS + hour_ms)


def test_use_of_a_revoked_key_keeps_it_revoked(store: Store) -> None:
    """Also if it is revoked between the read and the write."""
    token = api_keys.create(store, website_id=api_keys.ALL_WEBSITES, role="viewer", now_ms=NOW_MS)
    key_id = api_keys.key_id_of(token) or ""

    class Slow:
        """The store, in which the key is revoked after the first read."""

        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        def get_versioned(self, key: str) -> tuple[bytes, str]:
            versioned = store.get_versioned(key)
            api_keys.revoke(store, key_id, now_ms=NOW_MS)
            return versioned

    api_keys.record_use(cast(Store, Slow()), key_id, now_ms=NOW_MS)

    record = api_keys.get(store, key_id)
    assert (record.revoked_at, record.last_used_at) == (iso(NOW_MS), None)
    assert not api_keys.verify(record, token)
