"""Hostile names of pages, visitors and callers stay text in every answer and table."""

import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lake.ingest import user_agents
from tests.query_api.recorded import NOW_MS, Lakeful, note, page, script_error
from tests.support import lakes
from tests.support.asgi import AppClient

pytestmark = pytest.mark.folder  # the store makes no difference here

HOSTILE = [
    pytest.param(
        "javascript:alert(document.cookie)", id="javascript", marks=pytest.mark.attack(26)
    ),
    pytest.param(
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        id="script",
        marks=pytest.mark.attack(27),
    ),
    pytest.param(
        '=HYPERLINK("https://evil.example","open me")', id="formula", marks=pytest.mark.attack(28)
    ),
    pytest.param("+1+cmd|' /C calc'!A0", id="command", marks=pytest.mark.attack(28)),
    pytest.param("a\r\nset-cookie: a=b\x1b[31m\x07", id="lines", marks=pytest.mark.attack(29)),
    pytest.param(
        "https://shop.example/\u202egpj.exe", id="right to left", marks=pytest.mark.attack(30)
    ),
]
TOKEN = "tok-4711"


def answers(client: AppClient, lakeful: Lakeful, session_id: str) -> list[Any]:
    """The list, one session and the errors, as a browser gets them."""
    website = f"/api/websites/{lakeful.website.website_id}"
    bodies = []
    for path in ("/sessions", f"/sessions/{session_id}", "/errors"):
        answer = client.get(website + path, headers=lakeful.headers())
        assert answer.status_code == 200
        assert_plain(answer.headers, "application/json")
        assert not {"\r", "\n", "\x1b", "\x07"} & set(answer.text)
        bodies.append(answer.json())
    return bodies


def assert_plain(headers: Any, media_type: str) -> None:
    """No browser makes a page, a download or a cookie of it."""
    assert headers["content-type"] == media_type
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert not {"set-cookie", "content-disposition", "location", "link"} & headers.keys()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_one_string_and_one_table_cell(
    client: AppClient, lakeful: Lakeful, text: str
) -> None:
    hints = {"sec-ch-ua-model": f'"{text}"', "sec-ch-ua-platform": f'"{text}"'}
    who = user_agents.describe_client(text, hints, country=None, visitor_id="v" * 32)
    events = [
        *page(NOW_MS, text),
        note(NOW_MS + 1, "page", url=text, title=text),
        note(NOW_MS + 2, "identify", id=text),
        script_error(NOW_MS + 3, text),
    ]
    session = lakeful.record(events, client=who)

    for _ in range(2):  # waiting, then compacted
        listed, detail, groups = answers(client, lakeful, session.session_id)
        (session_row,) = listed["sessions"]
        assert (
            session_row["initialUrl"],
            session_row["userId"],
            detail["pageList"][0]["title"],
        ) == (text,) * 3
        assert detail["errorEvents"][0]["message"] == text
        lakeful.compact(session.day)
    assert groups["errors"][0]["message"] == text
    assert [row["url"] for row in lakes.rows(lakeful.store, "pages")] == [text]
    assert [row["title"] for row in lakes.rows(lakeful.store, "pages")] == [text]
    assert [row["message"] for row in lakes.rows(lakeful.store, "errors")] == [text]
    (row,) = lakes.rows(lakeful.store, "sessions")
    assert (row["initial_url"], row["user_id"]) == (text, text)
    for name in ("device_model", "os_name", "browser_name"):
        assert not set(row[name] or "") & set("\r\n\x1b\x07\u202e")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_that_an_error_names_comes_out_as_json(
    client: AppClient, lakeful: Lakeful, text: str
) -> None:
    headers = lakeful.headers(role="admin")
    url = f"/api/websites/{lakeful.website.website_id}"
    refused = [
        client.get(f"{url}/sessions", params={text: "1"}, headers=headers),
        client.get(f"{url}/sessions", params={"from": text}, headers=headers),
        client.request("PATCH", url, headers=headers, json={text: 1}),
        client.request("PATCH", url, headers=headers, json={"session_replay_trigger": text}),
        client.get(f"{url}/sessions", headers={"authorization": b"Bearer " + text.encode()}),
    ]

    for answer in refused:
        assert answer.status_code in (400, 403)
        assert_plain(answer.headers, "application/problem+json")
        assert answer.json()["kind"]
        assert not {"\r", "\n", "\x1b", "\x07"} & set(answer.text)


@pytest.mark.attack(28)
def test_nothing_is_answered_as_a_spreadsheet(client: AppClient) -> None:
    """JSON, NDJSON and HTML have no formulas. Whoever adds CSV adds quoting, and its test here."""
    document = client.get("/openapi.json").json()
    kinds = {
        kind
        for methods in document["paths"].values()
        for said in methods.values()
        for answer in said["responses"].values()
        for kind in answer.get("content", {})
    }

    assert kinds <= {
        "application/json",
        "application/problem+json",
        "application/x-ndjson",
        "text/plain",
        "text/html",  # a saved session
    }


@pytest.mark.attack(31)
def test_a_token_in_a_url_is_only_in_the_recorders_payload(
    client: AppClient, lakeful: Lakeful
) -> None:
    """The recorder masks events before it sends them; all that the server makes of them, too."""
    url = f"https://shop.example/?token={TOKEN}&page=2#/x?api_key={TOKEN}"
    events = [
        *page(NOW_MS, url),
        note(NOW_MS + 1, "page", url=url, title="Shop"),
        script_error(NOW_MS + 3, "failed"),
    ]
    session = lakeful.record(events)
    recorded = [answers(client, lakeful, session.session_id)]
    (segment,) = lakeful.store.list("raw/")
    small = pq.read_table(pa.BufferReader(lakeful.store.get(segment.key))).drop_columns(["payload"])
    lakeful.compact(session.day)
    recorded.append(answers(client, lakeful, session.session_id))

    (row,) = lakes.rows(lakeful.store, "sessions")
    assert row["initial_url"] == "https://shop.example/?token=***&page=2#/x?api_key=***"
    made = [*recorded, small.to_pylist(), lakes.all_rows(lakeful.store)]
    made.append(lakes.stored(lakeful.store, row).header)
    assert TOKEN not in json.dumps(made, default=str)
    for item in lakeful.store.list("tables/"):
        assert TOKEN.encode() not in lakeful.store.get(item.key)
