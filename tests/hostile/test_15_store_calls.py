"""Store calls of one website's routes do not depend on the data of other websites."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from lake import erasure, ids
from lake.control import api_keys, audit_entries, legal_holds, share_links
from lake.control.websites import Website
from lake.erasure import ErasureTargets
from lake.errors import LimitReached, ObjectMissing
from lake.reading.lake_snapshot import Lake
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from query_api.app import create_app
from tests.query_api.recorded import NOW_MS, Clock, Lakeful, Session, page
from tests.support.asgi import AppClient

DAY_MS = 86_400_000
_COUNTED = ("put_new", "put", "get", "get_range", "get_tail", "get_versioned", "swap", "delete")


class Counting:
    """A store that counts its calls, one for each thousand names of a listing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._guard = threading.Lock()
        self.calls = Counter[str]()

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[Any]:
        self._count("list")
        for number, item in enumerate(self._store.list(prefix, start_after=start_after), 1):
            if number % 1000 == 0:
                self._count("list")
            yield item

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in _COUNTED:
            return method

        def counted(*arguments: Any, **options: Any) -> Any:
            self._count(name)
            return method(*arguments, **options)

        return counted

    def _count(self, name: str) -> None:
        with self._guard:
            self.calls[name] += 1


@contextmanager
def counting(lakeful: Lakeful) -> Iterator[tuple[AppClient, Counting]]:
    store = Counting(lakeful.store)
    app = create_app(lakeful.settings, store, now_ms=lakeful.clock)
    with AppClient(app) as client:
        yield client, store


def fill(lakeful: Lakeful, website: Website, count: int) -> None:
    """Give a website keys, links, audit entries, erasures, holds and source maps."""
    store, website_id = lakeful.store, website.website_id
    reader = Lake(store, lakeful.settings, lakeful.clock)
    for number in range(count):
        api_keys.create(store, website_id=website_id, role="viewer", now_ms=NOW_MS, by="test")
        session_id = ids.uuid7(NOW_MS, number)
        make_share(lakeful, website_id, session_id)
        legal_holds.place(store, website_id, session_id, reason="r", by="test", now_ms=NOW_MS)
        store.put(keys.source_map_key(website_id, f"{number:032x}"), b"{}")
        targets = ErasureTargets(sessions=(ids.uuid7(NOW_MS - 1, number),))
        erasure.request_erasure(reader, website_id, targets, by="test")


def make_share(lakeful: Lakeful, website_id: str, session_id: str) -> share_links.Share:
    made, _ = share_links.create(
        lakeful.store, lakeful.settings, website_id, session_id, by="test", now_ms=NOW_MS
    )
    return made


def calls_by_route(lakeful: Lakeful, website: Website, session: Session) -> dict[str, Counter[str]]:
    """Count the store calls of each route on its second request."""
    token = {"authorization": f"Bearer {lakeful.key(website, 'admin')}"}
    base = f"/api/websites/{website.website_id}"
    requests: list[tuple[str, str, dict[str, Any]]] = [
        *(
            ("GET", path, {})
            for path in (
                "/api/me", "/api/websites", base, f"{base}/keys", f"{base}/audit",
                f"{base}/erasures", f"{base}/sessions", f"{base}/errors", f"{base}/days",
                f"{base}/sessions/{session.session_id}", f"/api/replay/{session.session_id}",
                f"/api/replay/{session.session_id}/shares",
            )
        ),
        ("POST", f"{base}/keys", {"json": {"role": "viewer"}}),
        ("POST", f"/api/replay/{session.session_id}/share", {}),
        ("PATCH", base, {"json": {"replay_sampling_rate": 0.5}}),
        ("POST", f"{base}/erasures", {"json": {"sessions": [ids.uuid7(NOW_MS, 99)]}}),
        ("DELETE", f"{base}/keys/abcdefghijkl", {}),
        ("DELETE", "/api/shares/abcdefghijkl", {}),
    ]  # fmt: skip
    calls = {}
    with counting(lakeful) as (client, store):
        for _ in range(2):
            for method, path, options in requests:
                store.calls.clear()
                answer = client.request(method, path, headers=token, **options)
                assert answer.status_code < 500, answer.text
                calls[f"{method} {path}"] = Counter(store.calls)
    return calls


def test_calls_of_the_store_do_not_grow_with_another_website(lakeful: Lakeful) -> None:
    """Of this website the number is the same in both measurements; the other's grows."""
    mine, other = lakeful.website, lakeful.new_website()
    session = lakeful.record(page(NOW_MS - 600_000))
    lakeful.compact(session.day)
    calls_by_route(lakeful, mine, session)  # makes what it asks for later
    second = lakeful.new_website()
    twin = lakeful.record(page(NOW_MS - 600_000), second)
    lakeful.compact(twin.day)
    calls_by_route(lakeful, second, twin)
    before = calls_by_route(lakeful, mine, session)

    fill(lakeful, other, 25)
    after = calls_by_route(lakeful, second, twin)

    def plain(
        calls: dict[str, Counter[str]], website: Website, recorded: Session
    ) -> dict[str, int]:
        names = ((website.website_id, "W"), (recorded.session_id, "S"))
        made = {}
        for path, counts in calls.items():
            for old, new in names:
                path = path.replace(old, new)
            made[path] = counts.total()
        return made

    assert plain(after, second, twin) == plain(before, mine, session)
    assert max(counts.total() for counts in after.values()) < 60


def test_lists_are_of_one_website(lakeful: Lakeful) -> None:
    other = lakeful.new_website()
    session = lakeful.record(page(NOW_MS - 600_000))
    fill(lakeful, other, 3)
    make_share(lakeful, lakeful.website.website_id, session.session_id)
    wanted = make_share(lakeful, other.website_id, session.session_id)
    key = lakeful.key(other)

    assert share_links.of_website(lakeful.store, other.website_id, session.session_id) == [wanted]
    assert len(share_links.of_website(lakeful.store, other.website_id)) == 4
    website_keys = api_keys.of_website(lakeful.store, other.website_id)
    assert len(website_keys) == 4
    assert website_keys[-1].key_id == api_keys.key_id_of(key) or key
    assert {key.website_id for key in website_keys} == {other.website_id}


def as_an_older_version(lakeful: Lakeful) -> None:
    """Remove what older versions did not write."""
    for prefix in (keys.KEY_INDEX, keys.SHARE_INDEX):
        lakeful.store.delete([item.key for item in lakeful.store.list(prefix)])
        lakeful.store.delete([f"{prefix.removesuffix('/')}.json"])


def forget_that_it_is_complete() -> None:
    """As in a new process."""
    for module in (api_keys, share_links):
        module._INDEX._complete.clear()


def test_keys_and_links_of_older_versions_are_listed(lakeful: Lakeful) -> None:
    website_id = lakeful.website.website_id
    fill(lakeful, lakeful.website, 3)
    fill(lakeful, lakeful.new_website(), 3)
    made = [
        api_keys.of_website(lakeful.store, website_id),
        share_links.of_website(lakeful.store, website_id),
    ]
    as_an_older_version(lakeful)
    forget_that_it_is_complete()

    assert api_keys.of_website(lakeful.store, website_id) == made[0]
    assert share_links.of_website(lakeful.store, website_id) == made[1]
    # One that an older process makes later is listed after the next maintenance.
    (late,) = made[0][:1]
    lakeful.store.delete([keys.key_index_key(website_id, late.key_id)])
    api_keys.delete_old_revoked(lakeful.store, now_ms=NOW_MS)
    assert api_keys.of_website(lakeful.store, website_id) == made[0]


def test_audit_entries_of_older_versions_are_read(lakeful: Lakeful, client_of: Any) -> None:
    entry = audit_entries.entry(lakeful.website.website_id, "me", "key-made", "k", now_ms=NOW_MS)
    import msgspec

    old_key = f"{keys.AUDIT}date=2026-11-18/{entry.entry_id}.ndjson"
    lakeful.store.put(old_key, msgspec.json.encode(entry) + b"\n")

    answer = client_of().get(
        f"/api/websites/{lakeful.website.website_id}/audit", headers=lakeful.headers(role="admin")
    )
    assert [row["entryId"] for row in answer.json()["entries"]] == [entry.entry_id]


@pytest.fixture
def client_of(lakeful: Lakeful) -> Iterator[Callable[[], AppClient]]:
    app = create_app(lakeful.settings, lakeful.store, now_ms=lakeful.clock)
    with AppClient(app) as client:
        yield lambda: client


def test_keys_and_links_are_limited_by_website(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    limited = replace(settings, website_keys_max=4, website_shares_max=3)
    lakeful = Lakeful(store, limited, Clock())
    session = lakeful.record(page(NOW_MS - 600_000))
    other = lakeful.new_website()
    headers = lakeful.headers(role="admin")
    base = f"/api/websites/{lakeful.website.website_id}"
    app = create_app(limited, store, now_ms=lakeful.clock)

    with AppClient(app) as client:
        for path, body, fits, name in (
            (f"{base}/keys", {"role": "viewer"}, 3, "REPLAY_WEBSITE_KEYS_MAX"),
            (f"/api/replay/{session.session_id}/share", {}, 3, "REPLAY_WEBSITE_SHARES_MAX"),
        ):
            answers = [client.post(path, json=body, headers=headers) for _ in range(fits + 2)]
            assert [answer.status_code for answer in answers] == [201] * fits + [409] * 2
            assert answers[-1].json()["kind"] == "limit-reached"
            assert name in answers[-1].json()["detail"]
        # Another website has its own limit.
        theirs = lakeful.headers(other, role="admin")
        answer = client.post(
            f"/api/websites/{other.website_id}/keys", json={"role": "viewer"}, headers=theirs
        )
        assert answer.status_code == 201
        # A revoked key counts until it is forgotten.
        listed = client.get(f"{base}/keys", headers=headers).json()["keys"]
        assert len(listed) == 4
        api_keys.revoke(store, listed[-1]["keyId"], now_ms=NOW_MS)
        api_keys.delete_old_revoked(store, now_ms=NOW_MS + 29 * DAY_MS)
        assert client.post(f"{base}/keys", json={"role": "viewer"}, headers=headers).is_error
        assert api_keys.delete_old_revoked(store, now_ms=NOW_MS + 31 * DAY_MS) == 1
        repeated = client.post(f"{base}/keys", json={"role": "viewer"}, headers=headers)
        assert repeated.status_code == 201


def test_key_limit_holds_under_concurrent_requests(lakeful: Lakeful) -> None:
    website_id = lakeful.website.website_id

    def make(_: int) -> bool:
        try:
            api_keys.create(
                lakeful.store, website_id=website_id, role="viewer", now_ms=NOW_MS, keys_max=5
            )
        except LimitReached:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        made = sum(pool.map(make, range(16)))
    assert made <= 5
    assert len(api_keys.of_website(lakeful.store, website_id)) == made


def test_an_entry_without_a_key_means_nothing_and_is_swept(lakeful: Lakeful) -> None:
    website_id = lakeful.website.website_id
    entry = keys.key_index_key(website_id, "abcdefghijkl")
    api_keys.of_website(lakeful.store, website_id)
    lakeful.store.put(entry, b"{}")

    assert api_keys.of_website(lakeful.store, website_id) == []
    (item,) = lakeful.store.list(keys.key_index_prefix(website_id))
    written_ms = int(item.modified_at.timestamp() * 1000)
    api_keys.delete_old_revoked(lakeful.store, now_ms=written_ms)
    assert lakeful.store.get(entry)
    api_keys.delete_old_revoked(lakeful.store, now_ms=written_ms + 2 * 3_600_000)
    with pytest.raises(ObjectMissing):
        lakeful.store.get(entry)
