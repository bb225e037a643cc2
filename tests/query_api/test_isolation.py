"""Websites do not see, change or learn of each other, at every door that `/openapi.json` names.

Invariant I7, attacks 44 and 45. A route is covered the day it is born: one whose path has a
parameter that `Tenant.ids` does not know fails here, and says what to teach.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lake import erasure, ids
from lake.control import api_keys, legal_holds, share_links
from lake.control.websites import Website
from lake.raw.chunk_facts import Client
from lake.reading.lake_snapshot import Lake
from lake.settings import Settings
from lake.storage.base import Store
from query_api.app import create_app
from tests.query_api.recorded import NOW_MS, Clock, Lakeful, moves, note, page, script_error
from tests.support.asgi import AppClient
from tests.support.lakes import rows
from tests.support.query_api import without_rate_limits

pytestmark = pytest.mark.folder  # the store makes no difference here

_WHOLE = ("raw/", "sessions/", "tables/", "quarantine/")


@dataclass
class Tenant:
    """One website with something of everything, all of it marked with one word that nobody sends.

    `ids` are by the names that path parameters have: teach it what a new one may be.
    """

    website: Website
    word: str
    ids: dict[str, str] = field(default_factory=dict)
    more: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)  # what its own viewer need not see anywhere

    @property
    def names(self) -> list[str]:
        """Every id of it."""
        return [*self.ids.values(), *self.more, *self.unseen]


class World(NamedTuple):
    """Two websites, `mine` and `theirs`, and ids of the same forms that nobody has."""

    lakeful: Lakeful
    client: AppClient
    mine: Tenant
    theirs: Tenant
    nobodys: dict[str, str]

    def headers(self, tenant: Tenant, role: str = "admin") -> dict[str, str]:
        """A key of its own each time: some door may revoke the one that knocks."""
        return self.lakeful.headers(tenant.website, role)


class Door(NamedTuple):
    """One operation of the document."""

    method: str
    path: str
    parameters: tuple[str, ...]
    queries: tuple[str, ...]
    has_body: bool
    is_public: bool

    def url(self, values: dict[str, str]) -> str:
        return self.path.format(**{name: values[name] for name in self.parameters})


@pytest.fixture
def world(store: Store, settings: Settings, clock: Clock) -> Iterator[World]:
    lakeful = Lakeful(store, without_rate_limits(settings), clock)
    mine, theirs = tenant(lakeful, "mineral"), tenant(lakeful, "theirsecret")
    nobodys = {
        "website_id": "w_" + "0" * 12,
        "session_id": lakeful.session().session_id,
        "fingerprint": "0" * len(theirs.ids["fingerprint"]),
        "visitor_id": "0" * 32,
        "user_id": f"user-{'0' * 32}",
        "key_id": "0" * 12,
        "erasure_id": ids.new_uuid7(NOW_MS),
        "share_id": "0" * 12,
        "token": f"rs_{'0' * 12}_{'0' * 48}",
    }
    with AppClient(create_app(lakeful.settings, store, now_ms=clock)) as client:
        yield World(lakeful, client, mine, theirs, nobodys)


def tenant(lakeful: Lakeful, word: str) -> Tenant:
    """Make a website with a session in a file, one that grows, one that waits and one erased."""
    website = lakeful.new_website()
    digest = hashlib.sha256(word.encode()).hexdigest()
    client, user_id = Client(visitor_id=digest[:32]), f"user-{digest[32:]}"
    start = NOW_MS - 3_600_000
    events = [
        *page(start, f"https://{word}.example/?q={word}", text=word),
        note(start + 2, "page", url=f"https://{word}.example/cart", title=f"{word} cart"),
        note(start + 3, "identify", id=user_id),
        script_error(start + 5, f"{word} is not a function"),
        *moves(start + 10, 20),
    ]
    done, grows, waits, erased = (
        lakeful.session(website, began_ms=start + n, client=client) for n in range(4)
    )
    lakeful.append(
        [*done.chunks(events, size=9), *grows.chunks(events, size=9)[:2], *erased.chunks(events)]
    )
    lakeful.compact(done.day)
    lake = Lake(lakeful.store, lakeful.settings, lakeful.clock)
    targets = erasure.ErasureTargets(sessions=(erased.session_id,))
    receipt = erasure.request_erasure(lake, website.website_id, targets, by="a test")
    legal_holds.place(
        lakeful.store, website.website_id, done.session_id, reason=word, by=word, now_ms=NOW_MS
    )
    lakeful.append([*grows.chunks(events, size=9)[2:], *waits.chunks(events)])
    (fingerprint,) = {
        row["fingerprint"]
        for row in rows(lakeful.store, "errors")
        if row["website_id"] == website.website_id
    }
    share, token = share_links.create(
        lakeful.store,
        lakeful.settings,
        website.website_id,
        done.session_id,
        by="a test",
        now_ms=NOW_MS,
    )
    made = Tenant(website, word)
    made.ids = {
        "website_id": website.website_id,
        "session_id": done.session_id,
        "fingerprint": fingerprint,
        "visitor_id": client.visitor_id,
        "user_id": user_id,
        "key_id": str(api_keys.key_id_of(lakeful.key(website))),
        "erasure_id": receipt.erasure_id,
        "share_id": share.share_id,
        "token": token,
    }
    made.more = [grows.session_id, waits.session_id, *done.page_seqs]
    made.unseen = [erased.session_id, token]
    return made


def doors(world: World) -> list[Door]:
    """Return every operation of the document, reading ones first, deleting ones last."""
    made = []
    for path, methods in world.client.get("/openapi.json").json()["paths"].items():
        parameters = tuple(re.findall(r"\{(\w+)\}", path))
        for name in parameters:
            if not {name} <= world.theirs.ids.keys() & world.nobodys.keys():
                pytest.fail(
                    f"{path} has a parameter {name!r} that this test does not know: teach "
                    "tests/query_api/test_isolation.py what it is, in `tenant` and in `world`"
                )
        for method, said in methods.items():
            queries = tuple(p["name"] for p in said.get("parameters", ()) if p["in"] == "query")
            is_public = not said.get("security")
            made.append(
                Door(method.upper(), path, parameters, queries, "requestBody" in said, is_public)
            )
    order = ("GET", "PUT", "PATCH", "POST", "DELETE")
    return sorted(made, key=lambda door: order.index(door.method))


def knock(
    world: World,
    door: Door,
    values: dict[str, str],
    headers: dict[str, str],
    body: object = None,
    query: dict[str, str] | None = None,
) -> httpx.Response:
    """Ask, and check what must hold of any answer."""
    content = json.dumps(body or {}) if door.has_body else None
    answer = world.client.request(
        door.method, door.url(values), headers=headers, params=query, content=content
    )
    world.client.http.cookies.clear()
    world.lakeful.clock.tick()
    assert answer.status_code < 500, (door, answer.text)
    assert answer.status_code != 429, (door, "raise the limits of this test")
    return answer


def leaks(world: World, answer: httpx.Response, label: str) -> list[str]:
    """Return what an answer holds of the others that nobody told it."""
    shown = answer.text + repr(answer.headers)
    names = [name for name in world.theirs.names if name not in label]
    return [word for word in [world.theirs.word, *names] if word in shown]


def state_of(world: World) -> dict[str, str]:
    """Everything that is stored of them, by key. What sessions are is nobody's to change here."""
    store, website_id = world.lakeful.store, world.theirs.ids["website_id"]
    bodies = {item.key: store.get(item.key) for item in store.list("")}
    return {
        key: hashlib.sha256(body).hexdigest()
        for key, body in bodies.items()
        if key.startswith(_WHOLE) or website_id in key or website_id.encode() in body
    }


def test_a_new_door_that_nobody_taught_this_test_is_told(world: World) -> None:
    world.client.app.add_api_route("/api/things/{thing_id}", lambda thing_id: thing_id)

    with pytest.raises(pytest.fail.Exception, match=r"'thing_id'.*: teach"):
        doors(world)


@pytest.mark.attack(44, 45)
def test_what_is_anothers_is_answered_like_what_is_nobodys(world: World) -> None:
    """For each route and each foreign id: equal status and bytes, apart from the requested id."""
    for door in doors(world):
        headers = world.headers(world.mine)
        for name in door.parameters:
            if name == "token":
                continue  # who has it is let in: it is a key, and no id
            answers = []
            for requested in (world.theirs.ids[name], world.nobodys[name]):
                values = world.mine.ids | {name: requested}
                answer = knock(world, door, values, headers)
                assert leaks(world, answer, requested) == [], (door, name)
                answers.append((answer.status_code, plain(answer, requested)))
            assert answers[0] == answers[1], (door, name)
            assert name != "website_id" or answers[0][0] == 404, door
        if door.parameters and not door.is_public:
            foreign, missing = (
                knock(world, door, values, headers) for values in (world.theirs.ids, world.nobodys)
            )
            assert foreign.status_code == missing.status_code, door
            assert foreign.headers.keys() == missing.headers.keys(), door


@pytest.mark.attack(45)
def test_a_key_of_one_website_names_no_other_in_a_query(world: World) -> None:
    """The path has ids of the key's own website, the query another website."""
    before = state_of(world)
    asking = [door for door in doors(world) if "website" in door.queries]
    assert {door.method for door in asking} >= {"GET", "POST", "DELETE"}
    for door in asking:
        answers = []
        for who in (world.theirs.ids, world.nobodys):
            headers, requested = world.headers(world.mine), who["website_id"]
            answer = knock(world, door, world.mine.ids, headers, query={"website": requested})
            assert leaks(world, answer, requested) == [], door
            answers.append((answer.status_code, plain(answer, requested)))
        assert answers[0] == answers[1], door
        assert answers[0][0] == 404, door
    assert state_of(world) == before


def plain(answer: httpx.Response, asked: str) -> str:
    """An answer without what was asked for, and without ids and times that are new each time."""
    text = answer.text.replace(asked, "ASKED")
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}", "ID", text)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)


def test_every_door_opens_for_its_own_website(world: World) -> None:
    """Otherwise the other tests would pass without proving anything."""
    shown = ""
    for door in doors(world):
        headers = world.headers(world.theirs)
        body = None
        if door.path == "/api/session":
            headers["x-requested-with"] = "replaylake"
            body = {"key": world.lakeful.key(world.theirs.website)}
        answer = knock(world, door, world.theirs.ids, headers, body)
        assert answer.status_code not in (401, 403, 404), (door, answer.text)
        shown += answer.text if door.method == "GET" else ""

    seen = {world.theirs.word, *world.theirs.names} - {*world.theirs.unseen}
    assert [name for name in seen if name not in shown] == []


def test_a_key_gets_and_changes_nothing_of_another_website(world: World) -> None:
    """With any requests to any routes, in any order."""
    by_key = [door for door in doors(world) if "token" not in door.parameters]
    everybody = [*world.mine.names, *world.theirs.names, *world.nobodys.values()]
    words = st.sampled_from([*everybody, "", "x", "true", "1", "*", "../x", world.mine.word])
    values = st.recursive(
        words | st.booleans() | st.integers(-1, 2**53) | st.none(),
        lambda inner: st.lists(inner, max_size=2),
        max_leaves=3,
    )
    bodies = st.dictionaries(st.sampled_from(_BODY_NAMES), values, max_size=4) | values
    mine = world.mine.ids["website_id"]
    before = state_of(world)
    recorded: list[str] = []  # in requests that may have left something behind

    @given(data=st.data())
    @hypothesis_settings(max_examples=100, deadline=None, database=None)
    def check(data: st.DataObject) -> None:
        door = data.draw(st.sampled_from(by_key))
        ids_drawn = {
            name: data.draw(
                st.sampled_from([who.ids[name] for who in (world.mine, world.mine, world.theirs)])
                | words.filter(lambda word: word and "/" not in word)
            )
            for name in door.parameters
        }
        names = st.sampled_from([*door.queries, "unknown"][: len(door.queries) or None])
        query = data.draw(st.dictionaries(names, words, max_size=3))
        body = data.draw(bodies)
        role = data.draw(st.sampled_from(["viewer", "admin", "admin"]))
        headers = world.headers(world.mine, role)
        if data.draw(st.booleans()):
            headers |= {"if-none-match": "*", "range": "bytes=0-9"}
        requested = repr((ids_drawn, query, body))
        if door.method != "GET":
            recorded.append(requested)

        answer = knock(world, door, ids_drawn, headers, body, query)

        assert leaks(world, answer, requested + "".join(recorded)) == [], (door, answer.text)
        if ids_drawn.get("website_id", mine) != mine:
            assert answer.status_code == 404, (door, answer.text)

    check()
    assert state_of(world) == before


_BODY_NAMES = (
    "name", "plan", "origins", "website_id", "websiteId", "sessions", "session_id", "sessionId",
    "visitor_id", "visitorId", "user_id", "userId", "key_id", "keyId", "role", "expires_at", "days",
    "enable_session_replay", "privacy", "smart",
)  # fmt: skip
