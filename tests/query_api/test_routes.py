"""The JSON of the lists and of one session, to the letter of the contract."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from lake.raw.chunk_facts import Client
from lake.tables import session_rows
from lake.tables.delta_table import Table
from lake.tables.schemas import SIGNAL_KINDS
from query_api import schemas
from tests.query_api.recorded import NOW_MS, Lakeful, moves, note, page, script_error
from tests.support.asgi import AppClient
from tests.support.lakes import rows


def get(client: AppClient, lakeful: Lakeful, path: str = "", **params: Any) -> dict[str, Any]:
    """GET a path below the website with a good key."""
    url = f"/api/websites/{lakeful.website.website_id}{path}"
    answer = client.get(url, params=params, headers=lakeful.headers())
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def check_shape(kind: Any, value: object) -> None:
    """Compare an answer with what OpenAPI says of it, no field more, none less."""
    TypeAdapter(kind).validate_python(value, strict=True, extra="forbid")


UNSCORED: dict[str, object] = {
    "hasFrustration": False,
    "frustrationScore": None,
    "signals": {},
    "activeMs": None,
    "activity": None,
}
CLIENT = Client(
    visitor_id="v" * 32,
    device_type="mobile",
    device_model="Pixel 8",
    browser_name="Chrome",
    browser_version="130",
    os_name="Android",
    os_version="15",
    country="DE",
)


@pytest.mark.parametrize("is_compacted", [False, True])
@pytest.mark.also_on_s3
def test_a_session_in_the_list_has_every_field_of_the_contract(
    client: AppClient, lakeful: Lakeful, is_compacted: bool
) -> None:
    user = {"tag": "replaylake.identify", "payload": {"id": "ann"}}
    start = NOW_MS - 3_600_000
    events = [
        *page(start, "https://shop.example/?token=abc"),
        {"type": 5, "timestamp": start + 2, "data": user},
        {"type": 3, "timestamp": start + 3, "data": {"source": 2, "type": 2, "id": 2}},
        script_error(start + 10),
        *page(start + 1000, "https://shop.example/cart"),
        *moves(start + 2000, 2),
    ]
    session = lakeful.session(began_ms=start + 77, client=CLIENT)
    lakeful.append(session.chunks(events))
    if is_compacted:
        lakeful.compact(session.day)

    answer = get(client, lakeful, "/sessions")

    check_shape(schemas.SessionList, answer)
    (row,) = answer["sessions"]
    scored = {name: row.pop(name) for name in UNSCORED}
    if is_compacted:
        assert list(scored["signals"]) == list(SIGNAL_KINDS)
        assert scored["hasFrustration"] == any(scored["signals"].values())
        assert len(scored["activity"]) == 60
        assert scored["activeMs"] >= 0
        assert scored["frustrationScore"] >= 0
    else:
        assert scored == UNSCORED
    assert answer == {
        "sessions": [
            {
                "sessionId": session.session_id,
                "visitorId": "v" * 32,
                "userId": "ann",
                "startedAt": "2026-11-18T10:06:40.077Z",
                "duration": 2100,
                "pageViews": 2,
                "hasErrors": True,
                "errorCount": 1,
                "viewport": {"width": 1280, "height": 720},
                "device": {"type": "mobile", "model": "Pixel 8"},
                "browser": {"name": "Chrome", "version": "130"},
                "os": {"name": "Android", "version": "15"},
                "country": "DE",
                "initialUrl": "https://shop.example/?token=***",
                "exitUrl": "https://shop.example/cart",
                "clickCount": 1,
                "eventCount": 9,
                "isLive": False,
                "isComplete": True,
                "bytes": len(json.dumps(events)),
            }
        ],
        "nextCursor": None,
        "total": 1,
    }


@pytest.mark.also_on_s3
def test_one_session_tells_its_pages_errors_gaps_and_frames(
    client: AppClient, lakeful: Lakeful
) -> None:
    start = NOW_MS - 3_600_000
    session = lakeful.session(began_ms=start)
    first, second = session.new_page(), session.new_page()
    chunks = [
        *session.chunks([*page(start), script_error(start + 500)], page_id=first),
        *session.chunks(page(start + 1000, "https://shop.example/b"), page_id=second),
        *session.chunks(moves(start + 2000, 1), page_id=second),
        *session.chunks(moves(start + 3000, 2), page_id=second),
    ]
    lakeful.append([*chunks[:2], *chunks[3:]])
    url = f"/sessions/{session.session_id}"

    waiting = get(client, lakeful, url)
    lakeful.compact(session.day)
    compacted = get(client, lakeful, url)

    check_shape(schemas.SessionDetail, compacted)
    listed = get(client, lakeful, "/sessions")["sessions"][0]
    assert listed == {name: compacted[name] for name in listed}
    assert compacted["pageList"] == [
        {
            "pageId": first,
            "url": "https://shop.example/",
            "title": None,
            "atMs": 0,
            "duration": 1000,
            "clickCount": 0,
        },
        {
            "pageId": second,
            "url": "https://shop.example/b",
            "title": None,
            "atMs": 1000,
            "duration": 2100,
            "clickCount": 0,
        },
    ]
    (error,) = compacted["errorEvents"]
    assert (error["atMs"], error["message"], error["pageId"]) == (500, "x is undefined", first)
    assert "cart.js" in error["stack"]
    says = "Chunk 1 of this page did not arrive: the replay jumps over what happened then."
    gap = {"pageId": second, "kind": "missing-chunks", "firstSeq": 1, "lastSeq": 1, "says": says}
    assert compacted["gaps"] == [gap]
    assert compacted["isComplete"] is False
    (frame,) = compacted["frames"]
    assert (frame["fromMs"], frame["toMs"], frame["hasSnapshot"]) == (0, 3100, True)
    assert compacted["firstAtMs"] == start
    assert (compacted["signalEvents"], compacted["trigger"]) == ([], None)
    assert waiting == as_waiting(compacted)


def as_waiting(compacted: dict[str, Any]) -> dict[str, Any]:
    """Detail of a session without the results of analysis."""
    pages = [page | {"clickCount": None} for page in compacted["pageList"]]
    return compacted | UNSCORED | {"frames": [], "pageList": pages}


def test_recorder_notes_are_equal_before_and_after_compaction(
    client: AppClient, lakeful: Lakeful
) -> None:
    """A route of a single-page app is a page; two pages of a session may overlap."""
    start, shop = NOW_MS - 3_600_000, "https://shop.example"
    session = lakeful.session(began_ms=start)
    first, second = session.new_page(), session.new_page()
    notes = [
        *page(start, f"{shop}/"),
        note(start + 1, "page", url=f"{shop}/", title="Shop", width=1280, height=720),
        note(start + 500, "page", url=f"{shop}/#/cart", title="Cart", width=1280, height=720),
        *page(start + 600, f"{shop}/#/cart"),  # a checkpoint
        script_error(start + 700, "later", source="rejection"),
        note(start + 700, "trigger", kind="error", detail="later"),
        note(start + 800, "page", url=f"{shop}/", title="", width=1280, height=720),
        note(start + 900, "page", url=f"{shop}/", title="Shop (2)", width=1280, height=720),
    ]
    other = [
        *page(start + 650, f"{shop}/b"),
        note(start + 651, "trigger", kind="rage_click", detail=""),
        *[script_error(start + 660 + i, f"{i}", source=s) for i, s in enumerate(["console", "?"])],
    ]
    chunks = session.chunks(notes, page_id=first) + session.chunks(other, page_id=second, size=2)
    url = f"/sessions/{session.session_id}"
    lakeful.append(chunks[1:])
    lakeful.append(chunks[:1])
    waiting = get(client, lakeful, url)
    lakeful.compact(session.day)
    compacted = get(client, lakeful, url)
    table = rows(lakeful.store, "pages")

    assert waiting == as_waiting(compacted)
    assert [(p["url"], p["title"], p["atMs"]) for p in compacted["pageList"]] == [
        (f"{shop}/", "Shop", 0),
        (f"{shop}/#/cart", "Cart", 500),
        (f"{shop}/b", None, 650),
        (f"{shop}/", "Shop (2)", 800),
    ]
    assert [row["title"] for row in sorted(table, key=lambda row: row["page_no"])] == [
        item["title"] for item in compacted["pageList"]
    ]
    assert compacted["pageViews"] == 4
    assert compacted["trigger"] == "error"
    assert [e["source"] for e in compacted["errorEvents"]] == ["console", "page", "rejection"]


def test_parameters_reach_the_lake_by_their_names(client: AppClient, lakeful: Lakeful) -> None:
    start = NOW_MS - 3_600_000
    events = [*page(start, "https://shop.example/cart"), script_error(start + 10)]
    session = lakeful.session(began_ms=start, client=CLIENT)
    lakeful.append(session.chunks(events))
    lakeful.record(page(start), began_ms=start - 1000)
    for params in (
        {"from": "2026-11-18T10:06:40Z"},
        {"from": "2026-11-18T11:06:40+01:00"},
        {"device": ["tablet", "mobile"]},
        {"browser": "chrome"},
        {"os": "android"},
        {"country": "de"},
        {"hasErrors": "true"},
        {"minDuration": "10"},
        {"url": "/CART"},
        {"visitorId": "v" * 32},
        {"limit": "1"},
        {"sort": "errors", "limit": "1"},
    ):
        response = get(client, lakeful, "/sessions", **params)["sessions"]
        assert [item["sessionId"] for item in response] == [session.session_id], params
    for params in (
        {"to": "2026-11-18"},
        {"hasFrustration": "true"},
        {"signal": "rage_click"},
        {"maxDuration": "0"},
        {"minPages": "2"},
        {"userId": "bob"},
        {"live": "true"},
    ):
        assert get(client, lakeful, "/sessions", **params)["total"] == 0, params


def test_every_signal_kind_is_counted_filtered_and_located(
    client: AppClient, lakeful: Lakeful
) -> None:
    start = NOW_MS - 3_600_000
    sessions = [
        lakeful.record(page(start, "https://shop.example/cart"), began_ms=start + number)
        for number in range(len(SIGNAL_KINDS))
    ]
    lakeful.compact(sessions[0].day)
    for kind, session in zip(SIGNAL_KINDS, sessions, strict=True):
        key = (session.website_id, session.session_id)
        table = Table(lakeful.store, "sessions")
        (row,) = session_rows.rows_of(table.snapshot(), [key]).to_dicts()
        part = {key: row.pop("part")}
        row |= {f"{counted}_count": 3 * (counted == kind) for counted in SIGNAL_KINDS}
        session_rows.replace(table, table.snapshot(), part, [row])
        table = Table(lakeful.store, "signals")
        row = {name: row[name] for name in ("website_id", "session_id", "started_at")}
        row |= {"signal_no": 0, "kind": kind, "page_id": "p", "at_ms": start + 7, "x": 3, "y": 4}
        row |= {"url": "https://shop.example/cart", "target": "main > a", "text": "Buy"}
        row |= {"evidence": '{"clicks":[1,2.5],"form":null}'}
        session_rows.replace(table, table.snapshot(), part, [row])
    lakeful.clock.tick()

    for kind, session in zip(SIGNAL_KINDS, sessions, strict=True):
        response = get(client, lakeful, "/sessions", signal=kind)
        (session_row,) = response["sessions"]
        assert (session_row["sessionId"], session_row["hasFrustration"]) == (
            session.session_id,
            True,
        )
        assert session_row["signals"] == dict.fromkeys(SIGNAL_KINDS, 0) | {kind: 3}
        detail = get(client, lakeful, f"/sessions/{session.session_id}")
        check_shape(schemas.SessionDetail, detail)
        assert detail["signalEvents"] == [
            {
                "kind": kind,
                "atMs": 7,
                "pageId": "p",
                "url": "https://shop.example/cart",
                "target": "main > a",
                "text": "Buy",
                "x": 3,
                "y": 4,
                "evidence": {"clicks": [1, 2.5], "form": None},
            }
        ]


def test_page_clicks_are_null_until_no_chunk_is_pending(
    client: AppClient, lakeful: Lakeful
) -> None:
    start = NOW_MS - 3_600_000
    click = {"type": 3, "timestamp": start + 9, "data": {"source": 2, "type": 2, "id": 2}}
    session = lakeful.session(began_ms=start)
    events = [
        *page(start),
        click,
        *page(start + 50, "https://shop.example/b"),
        *moves(start + 60, 9),
    ]
    chunks = session.chunks(events, size=6)
    lakeful.append(chunks[:1])
    lakeful.compact(session.day)
    url = f"/sessions/{session.session_id}"

    assert [item["clickCount"] for item in get(client, lakeful, url)["pageList"]] == [1, 0]
    lakeful.append(chunks[1:])
    assert [item["clickCount"] for item in get(client, lakeful, url)["pageList"]] == [None, None]


def test_a_page_that_cannot_be_drawn_is_told_in_words(client: AppClient, lakeful: Lakeful) -> None:
    session = lakeful.session()
    lakeful.append(session.chunks(moves(NOW_MS, 9), size=2)[3:])

    gaps = get(client, lakeful, f"/sessions/{session.session_id}")["gaps"]
    assert [(gap["kind"], gap["says"]) for gap in gaps] == [
        (
            "missing-chunks",
            "Chunks 0 to 2 of this page did not arrive: the replay jumps over what happened then.",
        ),
        ("no-snapshot", "No full picture of this page arrived: it cannot be drawn."),
    ]


@pytest.mark.also_on_s3
def test_next_cursor_leads_through_all_pages(client: AppClient, lakeful: Lakeful) -> None:
    for number in range(5):
        lakeful.record(page(NOW_MS), began_ms=NOW_MS - number)
    starts: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = get(client, lakeful, "/sessions", limit=2, **cursor)
        starts += [item["startedAt"] for item in answer["sessions"]]
        assert answer["total"] == 5
        if answer["nextCursor"] is None:
            break
        cursor = {"cursor": answer["nextCursor"]}

    assert len(starts) == 5
    assert starts == sorted(starts, reverse=True)


@pytest.mark.parametrize(
    ("params", "name", "kind"),
    [
        ({"foo": "1"}, "foo", "parameter-unknown"),
        ({"Device": "mobile"}, "Device", "parameter-unknown"),
        ({"has_errors": "true"}, "has_errors", "parameter-unknown"),
        ({"limit": "0"}, "limit", "parameter-malformed"),
        ({"limit": "201"}, "limit", "parameter-malformed"),
        ({"limit": "ten"}, "limit", "parameter-malformed"),
        ({"sort": "name"}, "sort", "parameter-malformed"),
        ({"from": "yesterday"}, "from", "parameter-malformed"),
        ({"from": "1795000000000"}, "from", "parameter-malformed"),
        ({"from": "0001-01-01T00:00:00+23:59"}, "from", "parameter-malformed"),
        ({"hasErrors": "perhaps"}, "hasErrors", "parameter-malformed"),
        ({"signal": "joy"}, "signal", "parameter-malformed"),
        ({"minDuration": "-1"}, "minDuration", "parameter-malformed"),
        ({"minDuration": "1e999"}, "minDuration", "parameter-malformed"),
        ({"maxDuration": "NaN"}, "maxDuration", "parameter-malformed"),
        ({"minPages": str(2**70)}, "minPages", "parameter-malformed"),
        ({"url": "x" * 3000}, "url", "parameter-malformed"),
        ({"device": ["x"] * 101}, "device", "parameter-malformed"),
    ],
)
def test_a_parameter_that_is_unknown_or_wrong_is_named(
    client: AppClient, lakeful: Lakeful, params: dict[str, Any], name: str, kind: str
) -> None:
    """Fault 34 in part: invalid numbers."""
    url = f"/api/websites/{lakeful.website.website_id}/sessions"
    answer = client.get(url, params=params, headers=lakeful.headers())

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["kind"], answer.json()["parameter"]) == (kind, name)
    assert name in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/sessions/{}",
        "",
        "/errors",
        "/errors/x",
        "/frustration",
        "/heatmap?url=x",
        "/pages",
        "/days",
    ],
)
def test_every_route_refuses_what_it_does_not_know(
    client: AppClient, lakeful: Lakeful, path: str
) -> None:
    session = lakeful.record(page(NOW_MS))
    url = f"/api/websites/{lakeful.website.website_id}{path.format(session.session_id)}"
    answer = client.get(f"{url}{'&' if '?' in url else '?'}foo=", headers=lakeful.headers())

    assert (answer.status_code, answer.json().get("parameter")) == (400, "foo")


def test_a_cursor_of_another_list_is_a_clear_error(client: AppClient, lakeful: Lakeful) -> None:
    url = f"/api/websites/{lakeful.website.website_id}/sessions"
    answer = client.get(url, params={"cursor": "invented"}, headers=lakeful.headers())

    assert (answer.status_code, answer.json()["kind"]) == (400, "cursor-malformed")


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(document.cookie)",
        "https://shop.example/\u202egpj.exe",
        "https://shop.example/<script>alert(1)</script>",
        "https://shop.example/\r\nset-cookie: a=b\x1b[31m",
    ],
)
@pytest.mark.attack(26, 27, 30)
def test_what_a_page_calls_itself_stays_text(
    client: AppClient, lakeful: Lakeful, href: str
) -> None:
    """Attacks 26, 27 and 30 as far as JSON goes: one string in a JSON document, nothing else."""
    session = lakeful.record([*page(NOW_MS, href), script_error(NOW_MS, href)])
    lakeful.compact(session.day)
    website = f"/api/websites/{lakeful.website.website_id}"
    for path in (f"/sessions/{session.session_id}", "/sessions", "/errors"):
        answer = client.get(website + path, headers=lakeful.headers())

        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers
        assert not {"\r", "\n", "\x1b"} & set(answer.text)
    shown = client.get(f"{website}/sessions", headers=lakeful.headers()).json()
    assert shown["sessions"][0]["initialUrl"] == href


@pytest.mark.also_on_s3
def test_errors_are_grouped_and_each_leads_to_its_moment(
    client: AppClient, lakeful: Lakeful
) -> None:
    start = NOW_MS - 3_600_000
    for number in range(2):
        events = [*page(start), script_error(start + 100, f"item {number} is gone")]
        lakeful.record(events, began_ms=start + number)
    last = lakeful.record([*page(start), script_error(start + 9, "other")], began_ms=start + 5000)
    lakeful.compact(last.day)

    groups = get(client, lakeful, "/errors")

    check_shape(schemas.ErrorGroups, groups)
    assert [
        (group["message"], group["count"], group["sessions"]) for group in groups["errors"]
    ] == [
        ("other", 1, 1),
        ("item 1 is gone", 2, 2),
    ]
    fingerprint = groups["errors"][1]["fingerprint"]
    response = get(client, lakeful, f"/errors/{fingerprint}")
    check_shape(schemas.Occurrences, response)
    assert response["total"] == 2
    assert [group["atMs"] for group in response["occurrences"]] == [100, 100]
    assert response["occurrences"][0]["seenAt"] == "2026-11-18T10:06:40.101Z"
    assert get(client, lakeful, f"/errors/{fingerprint}", limit=1)["total"] == 2
    assert get(client, lakeful, "/errors", to="2026-11-18")["total"] == 0
    assert get(client, lakeful, "/errors/unknown")["occurrences"] == []


@pytest.mark.also_on_s3
def test_an_expired_session_is_nowhere(client: AppClient, lakeful: Lakeful) -> None:
    """Invariant I9: served until its last day ends, and from then on as if it had never been."""
    old = NOW_MS - 60 * 86_400_000
    session = lakeful.record([*page(old), script_error(old)], began_ms=old)
    lakeful.compact(session.day)
    urls = [f"/sessions/{session.session_id}", "/sessions", "/errors"]
    website = f"/api/websites/{lakeful.website.website_id}"

    def answers() -> list[Any]:
        matches = [client.get(website + url, headers=lakeful.headers()) for url in urls]
        return [match.json().get("total", match.status_code) for match in matches]

    assert answers() == [200, 1, 1] or answers()[1:] == [1, 1]
    assert client.get(f"/api/replay/{session.session_id}", headers=lakeful.headers()).is_success
    midnight = (NOW_MS // 86_400_000 + 1) * 86_400_000
    lakeful.clock.ms = midnight - 1
    assert answers()[1:] == [1, 1]
    lakeful.clock.ms = midnight
    assert answers() == [404, 0, 0]
    erased = client.get(f"/api/replay/{session.session_id}", headers=lakeful.headers())
    assert erased.status_code == 404


def test_the_reference_names_every_route_without_scripts(
    client: AppClient,
) -> None:
    answer = client.get("/docs")

    assert answer.status_code == 200
    assert "http:" not in answer.text
    assert "https:" not in answer.text
    assert "<script" not in answer.text
    for path in client.get("/openapi.json").json()["paths"]:
        assert path in answer.text


def test_what_does_not_exist_is_a_problem_too(client: AppClient) -> None:
    for method, path, status in (
        ("GET", "/nope", 404),
        ("POST", "/healthz", 405),
        ("DELETE", "/api/websites/x", 405),
    ):
        answer = client.request(method, path)

        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


def test_probes_and_counters_answer_without_a_key(client: AppClient, lakeful: Lakeful) -> None:
    get(client, lakeful, "/sessions")

    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
    text = client.get("/metrics").text
    line = (
        'replaylake_query_seconds_count{route="/api/websites/{website_id}/sessions",status="200"} 1'
    )
    assert line in text
    assert lakeful.website.website_id not in text
