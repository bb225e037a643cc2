"""The audit log: who did what, durable before the answer; who watched what; how long it stays."""

import json
import re
import shutil
import sys
import threading
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from assets.resources import LakeResource
from lake.control import api_keys, audit_entries, legal_holds, share_links, websites
from lake.control.audit_entries import AuditLogEntry
from lake.errors import StoreUnavailable
from lake.operations.rebuild import rebuild
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from lake.tables import audit_log
from lake.tables.audit_log import AuditReader
from lake.tables.delta_table import Table
from lake.timestamps import iso
from orchestration.cli import main
from orchestration.cli.context import now_ms
from orchestration.jobs import maintenance
from query_api.app import create_app
from query_api.view_audit import ViewAudit
from tests.lake.operations.lakes import killed_at
from tests.query_api.recorded import NOW_MS, Clock, Lakeful, page
from tests.support.asgi import AppClient
from tests.support.processes import environ_of

pytestmark = pytest.mark.folder  # the store makes no difference here

DAY_MS = 86_400_000
_ENTRY = (
    b'{"entry_id":"%s","at":"2026-01-01T00:00:00.000Z","website_id":"w_a","actor":"cli",'
    b'"action":"x"}'
)


def waiting(store: Store) -> list[str]:
    """Keys of the objects that are not in the table yet."""
    return [item.key for item in store.list(keys.AUDIT)]


def all_of(store: Store, website_id: str) -> list[AuditLogEntry]:
    return AuditReader(store).entries(website_id, limit=audit_log.LIMIT_MAX).entries


def some(count: int, website_id: str = "w_a", *, at_ms: int = NOW_MS) -> list[AuditLogEntry]:
    return [
        audit_entries.entry(website_id, "cli", "settings-changed", None, {"n": n}, now_ms=at_ms + n)
        for n in range(count)
    ]


class Watch:
    """ASGI middleware: what the log has when an answer begins."""

    def __init__(self, app: ASGIApp, store: Store, seen: list[list[tuple[str, str]]]) -> None:
        self._app = app
        self._store = store
        self._seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and message["status"] < 300:
                lines = [
                    line
                    for key in waiting(self._store)
                    for line in self._store.get(key).splitlines()
                ]
                entries = [audit_entries._DECODER.decode(line) for line in lines]
                self._seen.append([(entry.action, entry.actor) for entry in entries])
            await send(message)

        await self._app(scope, receive, sent)


def test_a_change_is_in_the_log_before_its_answer_begins(lakeful: Lakeful) -> None:
    seen: list[list[tuple[str, str]]] = []
    app = create_app(lakeful.settings, lakeful.store, now_ms=lakeful.clock)
    app.add_middleware(Watch, store=lakeful.store, seen=seen)
    token = lakeful.key(role="admin")
    me, headers = str(api_keys.key_id_of(token)), {"authorization": f"Bearer {token}"}
    site = f"/api/websites/{lakeful.website.website_id}"
    session = lakeful.record(page(NOW_MS))
    with AppClient(app) as client:

        def call(method: str, url: str, body: object = None) -> Any:
            lakeful.clock.ms += 1  # entries of one ms have no order
            return client.request(method, url, headers=headers, json=body).json()

        call("PATCH", site, {"pages_min": 3})
        key = call("POST", f"{site}/keys", {"role": "viewer"})
        call("DELETE", f"{site}/keys/{key['keyId']}")
        share = call("POST", f"/api/replay/{session.session_id}/share")
        call("DELETE", f"/api/shares/{share['shareId']}")

        actions = ["settings-changed", "key-made", "key-revoked", "share-made", "share-revoked"]
        for number in range(5):
            assert seen[number] == [(action, me) for action in actions[: number + 1]]
        log = client.get(f"{site}/audit", headers=headers).json()

    newest = log["entries"]
    assert [item["action"] for item in reversed(newest)] == actions
    assert [item["target"] for item in reversed(newest)] == [
        None, key["keyId"], key["keyId"], share["shareId"], share["shareId"]
    ]  # fmt: skip
    assert newest[-1]["details"] == {"pages_min": 3}
    assert newest[-2]["details"] == {"role": "viewer"}
    assert newest[0]["details"]["session"] == session.session_id


def test_what_changed_nothing_is_not_in_the_log(client: AppClient, lakeful: Lakeful) -> None:
    site = f"/api/websites/{lakeful.website.website_id}"
    client.request("PATCH", site, headers=lakeful.headers(), json={"pages_min": 3})
    admin = lakeful.headers(role="admin")
    client.request("PATCH", site, headers=admin, json={"pages_min": 0})
    client.request("PATCH", site, headers=admin, json={"name": lakeful.website.name})
    client.post(f"{site}/keys", headers=admin, json={"role": "owner"})
    client.request("DELETE", f"{site}/keys/{'0' * 12}", headers=admin)
    client.post(f"{site}/erasures", headers=admin, json={})
    held = lakeful.website.website_id, lakeful.session().session_id
    legal_holds.release(lakeful.store, *held, by="cli", now_ms=NOW_MS)

    assert waiting(lakeful.store) == []


@pytest.mark.folder
def test_nothing_is_changed_that_the_log_cannot_tell(client: AppClient, lakeful: Lakeful) -> None:
    """The entry is written before the change."""
    website_id = lakeful.website.website_id
    site = f"/api/websites/{website_id}"
    session = lakeful.record(page(NOW_MS))
    replay = f"/api/replay/{session.session_id}"
    headers, token = lakeful.headers(role="admin"), lakeful.key()
    link = client.post(f"{replay}/share", headers=headers).json()["shareId"]
    requested: list[tuple[str, str, object]] = [
        ("PATCH", site, {"pages_min": 3}),
        ("POST", f"{site}/keys", {"role": "viewer"}),
        ("DELETE", f"{site}/keys/{api_keys.key_id_of(token)}", None),
        ("POST", f"{replay}/share", {}),
        ("DELETE", f"/api/shares/{link}", None),
        ("POST", f"{site}/erasures", {"sessions": [session.session_id]}),
        ("DELETE", replay, None),
    ]
    shutil.rmtree(Path(lakeful.settings.lake) / "audit")
    folder = Path(lakeful.settings.lake) / "audit"
    folder.symlink_to(folder)  # no folder can be made: an input/output error
    before = controlled(lakeful.store)

    answers = [client.request(method, url, headers=headers, json=body)
               for method, url, body in requested]  # fmt: skip
    for change in (
        lambda: legal_holds.place(
            lakeful.store, website_id, None, reason="x", by="cli", now_ms=NOW_MS
        ),
        lambda: api_keys.revoke(lakeful.store, str(api_keys.key_id_of(token)), now_ms=0, by="cli"),
    ):
        with pytest.raises(StoreUnavailable):
            change()

    assert [answer.status_code for answer in answers] == [503] * len(requested)
    assert controlled(lakeful.store) == before


def controlled(store: Store) -> dict[str, bytes]:
    """All control objects, but for when keys were used."""
    return {
        item.key: re.sub(rb'"last_used_at":[^,}]+', b"", store.get(item.key))
        for item in store.list("control/")
    }


def test_erasures_and_holds_are_in_the_log(client: AppClient, lakeful: Lakeful) -> None:
    """The visitors and users of the sessions are not."""
    website_id, clock = lakeful.website.website_id, lakeful.clock
    token = lakeful.key(role="admin")
    me, headers = str(api_keys.key_id_of(token)), {"authorization": f"Bearer {token}"}
    base = f"/api/websites/{website_id}"
    sessions = [lakeful.record(page(NOW_MS)) for _ in range(3)]
    visitor_id = sessions[0].client.visitor_id
    legal_holds.place(
        lakeful.store, website_id, sessions[0].session_id, reason="case 1", by="me", now_ms=clock.ms
    )
    refused = client.request("DELETE", f"/api/replay/{sessions[0].session_id}", headers=headers)
    assert refused.json()["kind"] == "held"
    clock.ms += 1
    legal_holds.release(
        lakeful.store, website_id, sessions[0].session_id, by="counsel", now_ms=clock.ms
    )
    requested = []
    for method, url, body in (
        ("DELETE", f"/api/replay/{sessions[0].session_id}", None),
        ("POST", f"{base}/erasures", {"sessions": [item.session_id for item in sessions[1:]]}),
        ("DELETE", f"{base}/visitors/{visitor_id}", None),
    ):
        clock.ms += 1
        requested.append(
            client.request(method, url, headers=headers, json=body).json()["erasureId"]
        )

    logged = all_of(lakeful.store, website_id)[::-1]
    assert [(item.action, item.actor, item.target) for item in logged] == [
        ("hold-placed", "me", sessions[0].session_id),
        ("hold-released", "counsel", sessions[0].session_id),
        *(("erasure-asked", me, erasure_id) for erasure_id in requested),
    ]
    assert logged[0].details == {"reason": "case 1"}
    assert [item.details for item in logged[2:]] == [
        {"sessions": 1, "people": 0}, {"sessions": 2, "people": 0}, {"sessions": 3, "people": 1}
    ]  # fmt: skip
    assert visitor_id.encode() not in b"".join(map(lakeful.store.get, waiting(lakeful.store)))


def test_the_log_holds_neither_secrets_nor_who_was_recorded(lakeful: Lakeful) -> None:
    headers = lakeful.headers(role="admin")
    site = f"/api/websites/{lakeful.website.website_id}"
    session = lakeful.record(page(NOW_MS))
    app = create_app(lakeful.settings, lakeful.store, now_ms=lakeful.clock)
    with AppClient(app, address="203.0.113.77") as client:
        key = client.post(f"{site}/keys", headers=headers, json={"role": "viewer"}).json()["key"]
        made = client.post(f"/api/replay/{session.session_id}/share", headers=headers).json()
        client.get(f"/api/shared/{made['token']}/replay")
        client.get(f"/api/replay/{session.session_id}", headers=headers)
    text = b"".join(lakeful.store.get(key) for key in waiting(lakeful.store)).decode()

    mine = headers["authorization"].removeprefix("Bearer ")
    for token in (key, mine, made["token"]):
        assert token.rpartition("_")[2] not in text
    assert session.client.visitor_id not in text
    assert "203.0.113.77" not in text
    assert session.session_id in text


def test_views_are_written_together_and_tell_who_watched(lakeful: Lakeful) -> None:
    """The app writes one object at shutdown for all views."""
    token = lakeful.key()
    me, headers = str(api_keys.key_id_of(token)), {"authorization": f"Bearer {token}"}
    sessions = [lakeful.record(page(NOW_MS)) for _ in range(3)]
    lakeful.compact(sessions[0].day)
    app = create_app(lakeful.settings, lakeful.store, now_ms=lakeful.clock)
    with AppClient(app) as client:
        for session in sessions:
            url = f"/api/replay/{session.session_id}"
            etag = client.get(url, headers=headers).headers["etag"]
            again = client.get(url, headers=headers | {"if-none-match": etag})
            assert again.status_code == 304
        client.get(f"/api/replay/{lakeful.session().session_id}", headers=headers)
        share = client.post(f"/api/replay/{sessions[0].session_id}/share",
                            headers=lakeful.headers(role="admin")).json()  # fmt: skip
        client.get(f"/api/shared/{share['token']}/replay")

    logged = all_of(lakeful.store, lakeful.website.website_id)
    views = {
        (item.actor, item.target): item.details for item in logged if item.action == "replay-viewed"
    }
    assert views == {
        **{(me, session.session_id): {"requests": 2} for session in sessions},
        (f"share {share['shareId']}", sessions[0].session_id): {"requests": 1},
    }
    assert len(waiting(lakeful.store)) == 2  # the link's, and one for all views


@pytest.mark.folder
def test_views_wait_for_a_store_that_fails(lakeful: Lakeful, client: AppClient) -> None:
    metrics = client.app.state.metrics
    views = ViewAudit(lakeful.store, lakeful.clock, metrics)
    views.note("w_a", "me", "s")
    folder = Path(lakeful.settings.lake) / "audit"
    folder.symlink_to(folder)  # no folder can be made: an input/output error
    views.flush()
    views.note("w_a", "me", "s")
    folder.unlink()
    views.flush()

    (view,) = all_of(lakeful.store, "w_a")
    assert (view.actor, view.target, view.details) == ("me", "s", {"requests": 2})
    assert "replaylake_views_lost_total 0.0" in metrics.text().decode()


def test_the_log_is_an_admins_and_of_one_website(client: AppClient, lakeful: Lakeful) -> None:
    other = lakeful.new_website()
    audit_entries.write(lakeful.store, some(2, other.website_id))
    audit_entries.write(lakeful.store, some(3, lakeful.website.website_id))
    url = f"/api/websites/{lakeful.website.website_id}/audit"
    theirs = f"/api/websites/{other.website_id}/audit"
    admin = lakeful.headers(role="admin")

    assert len(client.get(url, headers=admin).json()["entries"]) == 3
    assert client.get(url, headers=lakeful.headers()).json()["kind"] == "admin-needed"
    assert client.get(theirs, headers=admin).status_code == 404
    audit_log.compact_entries(lakeful.store, lakeful.settings, now_ms=NOW_MS)
    assert len(client.get(url, headers=admin).json()["entries"]) == 3


def test_pages_and_periods_cover_the_table_and_what_waits(
    client: AppClient, lakeful: Lakeful
) -> None:
    website_id = lakeful.website.website_id
    url = f"/api/websites/{website_id}/audit"
    admin = lakeful.headers(role="admin")
    made = [*some(7, website_id, at_ms=NOW_MS - 40 * DAY_MS), *some(5, website_id)]
    audit_entries.write(lakeful.store, made)
    audit_log.compact_entries(lakeful.store, lakeful.settings, now_ms=NOW_MS)
    late = some(6, website_id, at_ms=NOW_MS + 10)
    audit_entries.write(lakeful.store, late)
    wanted = [item.entry_id for item in reversed([*made, *late])]

    def ids_of(**asked: Any) -> list[str]:
        entry_ids: list[str] = []
        while True:
            page = client.get(url, headers=admin, params=asked).json()
            entry_ids += [item["entryId"] for item in page["entries"]]
            if page["nextCursor"] is None:
                return entry_ids
            assert len(page["entries"]) == asked["limit"]
            asked["cursor"] = page["nextCursor"]

    assert ids_of(limit=4) == wanted
    assert ids_of(limit=50) == wanted
    assert ids_of(limit=4, **{"from": iso(NOW_MS + 2), "to": iso(NOW_MS + 12)}) == [
        item.entry_id for item in reversed([*made[9:], *late[:2]])
    ]
    assert ids_of(limit=4, to=iso(NOW_MS)) == [item.entry_id for item in reversed(made[:7])]
    for cursor in ("x", "ffffffff-ffff-7be4-972c-9816fcdafaf7"):
        wrong = client.get(url, headers=admin, params={"cursor": cursor})
        assert (wrong.status_code, wrong.json()["kind"]) == (400, "cursor-malformed")


def test_a_page_goes_back_over_as_many_days_as_it_needs(store: Store, settings: Settings) -> None:
    made = [item for n in range(80, -1, -1) for item in some(2, at_ms=NOW_MS - n * DAY_MS)]
    audit_entries.write(store, made)
    audit_log.compact_entries(store, settings, now_ms=NOW_MS)
    assert waiting(store) == []
    log, listed, cursor = AuditReader(store), list[AuditLogEntry](), None
    while not listed or cursor is not None:
        page = log.entries("w_a", limit=50, cursor=cursor)
        listed += page.entries
        cursor = page.next_cursor

    assert listed == made[::-1]


def test_folding_twice_or_half_counts_an_entry_once(store: Store, settings: Settings) -> None:
    """The objects exist again, as after a crash between commit and deletion."""
    made = [*some(5), *some(5, at_ms=NOW_MS - 40 * DAY_MS), *some(2, "w_b")]
    audit_entries.write(store, made)
    bodies = {key: store.get(key) for key in waiting(store)}
    assert audit_log.compact_entries(store, settings, now_ms=NOW_MS).entry_count == 12
    assert waiting(store) == []
    for key, body in bodies.items():
        store.put(key, body)

    assert len(all_of(store, "w_a")) == 10
    assert audit_log.compact_entries(store, settings, now_ms=NOW_MS).object_count == len(bodies)
    assert waiting(store) == []
    assert all_of(store, "w_a") == sorted(made[:10], key=lambda item: item.entry_id, reverse=True)
    assert {file.part for file in Table(store, "audit").snapshot().files} == {
        "2026-10-09",
        "2026-11-18",
    }
    rows = Table(store, "audit").snapshot().scan().collect()
    assert sorted(rows["entry_id"]) == sorted(item.entry_id for item in made)


@pytest.mark.folder
@pytest.mark.parametrize("point", ["audit-before-commit", "audit-after-commit"])
def test_a_fold_that_is_killed_is_finished_by_the_next(
    store: Store, settings: Settings, point: str
) -> None:
    made = some(5)
    audit_entries.write(store, made)
    code = (
        "from lake.tables.audit_log import compact_entries;"
        "compact_entries(store, settings, now_ms=now_ms)"
    )
    killed_at(point, settings, code)

    assert all_of(store, "w_a") == made[::-1]
    audit_log.compact_entries(store, settings, now_ms=NOW_MS)
    assert waiting(store) == []
    assert all_of(store, "w_a") == made[::-1]


def test_folds_at_once_lose_and_double_nothing(store: Store, settings: Settings) -> None:
    made = some(40)
    for item in made:
        audit_entries.write(store, [item])
    errors: list[BaseException] = []

    def compact_log() -> None:
        try:
            audit_log.compact_entries(store, settings, now_ms=NOW_MS)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=compact_log) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert all_of(store, "w_a") == made[::-1]
    rows = Table(store, "audit").snapshot().scan().collect()
    assert sorted(rows["entry_id"]) == [item.entry_id for item in made]


def test_entries_go_when_they_are_older_than_the_log_is_kept(
    store: Store, settings: Settings
) -> None:
    days = settings.audit_days
    audit_entries.write(store, some(3))
    audit_entries.write(store, some(4, at_ms=NOW_MS + DAY_MS))
    audit_log.compact_entries(store, settings, now_ms=NOW_MS + DAY_MS)
    audit_entries.write(store, some(2, at_ms=NOW_MS - 3 * DAY_MS))  # late, and too old by then

    retained = audit_log.compact_entries(store, settings, now_ms=NOW_MS + days * DAY_MS)
    erased = audit_log.compact_entries(store, settings, now_ms=NOW_MS + (days + 1) * DAY_MS)

    assert (retained.dropped_count, erased.dropped_count) == (2, 3)
    assert [item.at for item in all_of(store, "w_a")] == [
        iso(NOW_MS + DAY_MS + n) for n in reversed(range(4))
    ]


def test_a_rebuild_leaves_the_log_alone(store: Store, settings: Settings) -> None:
    """The log cannot be rebuilt from other data."""
    made = some(4)
    audit_entries.write(store, made[:2])
    audit_log.compact_entries(store, settings, now_ms=NOW_MS)
    audit_entries.write(store, made[2:])

    rebuild(store, settings)

    assert all_of(store, "w_a") == made[::-1]


@pytest.mark.parametrize(
    "body",
    [
        b'{"entry_id": 1',
        b"\xff",
        b"[" * 100_000,
        _ENTRY % b"x",
        _ENTRY % b"01a1ee56-5e00-7be4-972c-9816fcdafaf7",
        _ENTRY % b"ffffffff-ffff-7be4-972c-9816fcdafaf7",
    ],
)
def test_an_object_that_is_damaged_hides_no_other(
    store: Store, settings: Settings, body: bytes
) -> None:
    made = some(3)
    audit_entries.write(store, made[:2])
    (damaged,) = waiting(store)
    audit_entries.write(store, made[2:])
    store.put(damaged, body)

    assert all_of(store, "w_a") == made[2:]
    assert audit_log.compact_entries(store, settings, now_ms=NOW_MS).damaged_count == 1
    assert waiting(store) == [damaged]
    assert all_of(store, "w_a") == made[2:]


def test_an_entry_is_dated_by_the_day_on_which_it_was_made(store: Store) -> None:
    audit_entries.write(store, [*some(1), *some(1, at_ms=NOW_MS - DAY_MS)])

    assert [key.split("/")[1:3] for key in waiting(store)] == [
        ["website=w_a", "date=2026-11-17"],
        ["website=w_a", "date=2026-11-18"],
    ]
    assert AuditReader(store).entries("w_a", from_at=datetime(2026, 11, 18, tzinfo=UTC)).entries[
        0
    ].at == (iso(NOW_MS))


Run = Callable[..., str]


@pytest.fixture
def run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Run:
    """The command line on this lake; returns what it printed."""

    def run_main(*arguments: str) -> str:
        for name, value in environ_of(settings).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["replaylake", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capfd.readouterr()
        assert not end.value.code, err
        return out

    return run_main


def test_the_command_line_is_in_the_log_and_shows_it(run: Run, store: Store) -> None:
    """Also actions on all websites."""
    site = websites.create(store, "Shop", origins=("*",), now_ms=now_ms()).website_id
    session = Lakeful(store, Settings(), Clock(now_ms())).record(
        page(now_ms()), websites.get(store, site), began_ms=now_ms() - 60_000
    )
    run("website", "set", site, "pages_min=3", "origins=https://shop.example")
    token = run("key", "create", "--website", site, "--role", "viewer").strip()
    run("key", "revoke", token)
    link = run("share", "create", session.session_id, "--website", site).strip()
    share_id = str(share_links.share_id_of(link))
    assert share_id in run("share", "list", "--website", site)
    assert run("share", "revoke", link).strip() == share_id
    every = run("key", "create", "--website", "*", "--role", "admin").strip()
    run("hold", "place", "--website", site, "--reason", "case 1")
    run("hold", "release", "--website", site, "--by", "counsel")
    (receipt,) = json.loads(run("erase", "--session", session.session_id, "--json"))

    document = json.loads(run("audit", "--website", site, "--json"))
    actions = [
        "settings-changed", "key-made", "key-revoked", "share-made", "share-revoked",
        "hold-placed", "hold-released", "erasure-asked",
    ]  # fmt: skip
    assert [item["action"] for item in document] == actions[::-1]
    assert [item["actor"] for item in document] == ["cli", "counsel", *["cli"] * 6]
    assert document[0]["target"] == receipt["erasure_id"]
    assert document[-1]["details"] == {"pages_min": 3, "origins": ["https://shop.example"]}
    (of_all,) = json.loads(run("audit", "--website", "*", "--json"))
    assert (of_all["action"], of_all["target"]) == ("key-made", api_keys.key_id_of(every))
    assert "hold-placed" in run("audit", "--website", site, "--fold", "--limit", "3")
    assert waiting(store) == []
    assert json.loads(run("audit", "--website", site, "--json")) == document
    assert len(json.loads(run("audit", "--website", site, "--json", "--limit", "2"))) == 2


def test_the_nightly_job_folds_the_log(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ_of(settings).items():
        monkeypatch.setenv(name, value)
    audit_entries.write(store, some(2, at_ms=now_ms()))

    with dg.instance_for_test() as instance:
        done = maintenance.execute_in_process(instance=instance, resources={"lake": LakeResource()})

    assert done.success
    assert waiting(store) == []
    assert len(all_of(store, "w_a")) == 2
