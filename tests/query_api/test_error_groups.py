"""Groups of errors and their occurrences, of what is compacted and of what waits."""

import json
from typing import Any

import pytest

from lake.erasure import requests
from lake.erasure.requests import ErasureTargets
from lake.raw.chunk_facts import Client
from lake.reading import pending_errors
from lake.reading.error_groups import error_groups, error_occurrences
from lake.reading.lake_snapshot import Lake
from lake.reading.pending_errors import read_pending_errors
from lake.source_maps import store as source_maps
from query_api import schemas
from tests.query_api.recorded import NOW_MS, Lakeful, Session, moves, note, page, script_error
from tests.query_api.test_routes import check_shape, get
from tests.support.asgi import AppClient

pytestmark = pytest.mark.folder  # the store makes no difference here

DAY_MS = 86_400_000
START = NOW_MS - 3_600_000


def reader(lakeful: Lakeful) -> Lake:
    return Lake(lakeful.store, lakeful.settings, lakeful.clock)


def errors(lakeful: Lakeful) -> list[dict[str, Any]]:
    return error_groups(reader(lakeful), lakeful.website).rows


@pytest.fixture
def session(lakeful: Lakeful) -> Session:
    """One session with an error in each of two chunks, that waits."""
    made = lakeful.session(began_ms=START, client=Client(visitor_id="ann"))
    events = [*page(START), script_error(START + 10, "first"), *moves(START + 20, 2)]
    lakeful.append(made.chunks([*events, script_error(START + 900, "second")], size=4))
    return made


def test_an_error_that_waits_is_told_as_it_is_once_compacted(
    client: AppClient, lakeful: Lakeful, session: Session
) -> None:
    def answers() -> list[dict[str, Any]]:
        groups = get(client, lakeful, "/errors")
        names = [group["fingerprint"] for group in groups["errors"]]
        return [groups, *(get(client, lakeful, f"/errors/{name}") for name in names)]

    waiting = answers()
    lakeful.compact(session.day)

    assert waiting == answers()
    assert [group["message"] for group in waiting[0]["errors"]] == ["second", "first"]
    assert [group["atMs"] for group in waiting[1]["occurrences"]] == [900]
    check_shape(schemas.ErrorGroups, waiting[0])
    check_shape(schemas.Occurrences, waiting[1])


def test_pending_and_compacted_errors_form_one_group(lakeful: Lakeful, session: Session) -> None:
    lakeful.compact(session.day)
    late = [script_error(START + 2000, "first"), *moves(START + 2100, 1)]
    again = session.chunks(late)
    lakeful.append(again)
    lakeful.append(again)  # sent twice

    rows = {row["message"]: row for row in errors(lakeful)}

    assert (rows["first"]["count"], rows["first"]["session_count"]) == (2, 1)
    assert rows["second"]["count"] == 1


def test_an_older_late_chunk_moves_all_offsets(lakeful: Lakeful) -> None:
    session = lakeful.session(began_ms=START)
    chunks = session.chunks([*page(START), *page(START + 500), script_error(START + 900)], size=2)
    lakeful.append(chunks[1:])
    lakeful.compact(session.day)
    lakeful.append(chunks[:1])
    (group,) = errors(lakeful)

    occurrences = error_occurrences(reader(lakeful), lakeful.website, group["fingerprint"])

    assert [row["offset_ms"] for row in occurrences.rows] == [900]


def test_days_are_those_on_which_errors_were_seen(client: AppClient, lakeful: Lakeful) -> None:
    midnight = NOW_MS - NOW_MS % DAY_MS
    for began_ms, visitor in ((midnight - 1000, "ann"), (midnight + 1000, "bob")):
        events = [*page(began_ms), *[script_error(began_ms + 2000, "no", source="error")] * 2]
        lakeful.record(events, began_ms=began_ms, client=Client(visitor_id=visitor))
    began_ms = midnight - 5 * DAY_MS
    old = lakeful.record(
        [*page(began_ms), script_error(began_ms + 1, "no", source="console")], began_ms=began_ms
    )
    lakeful.compact(old.day)

    (group,) = get(client, lakeful, "/errors")["errors"]

    assert group["byDay"] == [
        {"date": "2026-11-13", "count": 1, "sessions": 1},
        {"date": "2026-11-18", "count": 4, "sessions": 2},
    ]
    assert (group["count"], group["sessions"], group["visitors"]) == (5, 3, 3)
    assert group["source"] == "error"
    requested = get(client, lakeful, "/errors", **{"from": "2026-11-18"})["errors"]
    assert [day["count"] for day in requested[0]["byDay"]] == [2]
    assert get(client, lakeful, "/errors", to="2026-11-13")["errors"] == []
    detail = get(client, lakeful, f"/errors/{group['fingerprint']}", limit=1)
    assert (detail["byDay"], detail["total"]) == (group["byDay"], 5)


def test_a_place_stands_for_a_stack_that_nobody_told(client: AppClient, lakeful: Lakeful) -> None:
    place = {"file": "https://shop.example/a.js?token=abc", "line": 3, "column": 7}
    for number in range(2):
        recorded = place | {"file": f"https://shop.example/{'ab'[number]}.js?token=abc"}
        event = note(START + 5, "error", message="no", stack="", source="error", **recorded)
        lakeful.record([*page(START), event], began_ms=START + number)

    groups = get(client, lakeful, "/errors")["errors"]

    assert len(groups) == 2
    response = get(client, lakeful, f"/errors/{groups[1]['fingerprint']}")["occurrences"]
    assert response[0]["stack"] == "    at https://shop.example/a.js?token=***:3:7"


def test_erased_visitors_have_no_errors_from_pending_chunks(
    lakeful: Lakeful, session: Session
) -> None:
    other = lakeful.record(
        [*page(START), script_error(START, "theirs")], client=Client(visitor_id="bob")
    )
    lake = reader(lakeful)
    assert error_groups(lake, lakeful.website).total == 3
    website_id = lakeful.website.website_id
    requests.request_erasure(lake, website_id, ErasureTargets((other.session_id,)), by="cli")
    lakeful.clock.tick()
    assert [row["message"] for row in error_groups(lake, lakeful.website).rows] == [
        "second",
        "first",
    ]
    requests.request_erasure(lake, website_id, ErasureTargets(visitor_id="ann"), by="cli")
    lakeful.clock.tick()

    assert error_groups(lake, lakeful.website) == ([], 0)
    began = lake.snapshot_with_sessions(website_id)[1].by_id[session.session_id].row["started_at"]
    assert (
        read_pending_errors(lake, lakeful.website, began, began.replace(year=2027)).rows == []
    )  # not even read


def test_an_expired_session_that_still_waits_has_no_errors(lakeful: Lakeful) -> None:
    old = NOW_MS - 61 * DAY_MS
    lakeful.record([*page(old), script_error(old)], began_ms=old)

    assert errors(lakeful) == []


def test_another_website_sees_nothing_of_it(lakeful: Lakeful, session: Session) -> None:
    other = lakeful.new_website()
    (name, *_) = (row["fingerprint"] for row in errors(lakeful))

    assert error_groups(reader(lakeful), other) == ([], 0)
    assert error_occurrences(reader(lakeful), other, name) == ([], 0, [])


def test_only_the_newest_chunks_are_read(
    lakeful: Lakeful, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_errors, "_CHUNKS_MAX", 1)

    assert [row["message"] for row in errors(lakeful)] == ["second"]


def test_a_segment_is_read_once(
    lakeful: Lakeful, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = reader(lakeful)
    reads: list[str] = []
    get_object = lake.store.get

    def noted_get(key: str) -> bytes:
        reads.append(key)
        return get_object(key)

    monkeypatch.setattr(lake.store, "get", noted_get)

    for _ in range(3):
        assert error_groups(lake, lakeful.website).total == 2
        lakeful.clock.tick()

    assert len([key for key in reads if key.startswith("raw/")]) == 1


def test_a_segment_compacted_meanwhile_is_read_from_the_tables(
    lakeful: Lakeful, session: Session
) -> None:
    lake = reader(lakeful)
    lake.snapshot()
    lakeful.compact(session.day)
    lakeful.clock.ms -= 5_000  # the view still counts as new

    assert error_groups(lake, lakeful.website).total == 2


def test_a_segment_that_is_damaged_leaves_the_rest(lakeful: Lakeful, session: Session) -> None:
    other = lakeful.session(began_ms=START)
    (key,) = lakeful.append(other.chunks([*page(START), script_error(START, "third")]))
    lake = reader(lakeful)
    lake.snapshot()
    body = bytearray(lakeful.store.get(key))
    body[20] ^= 0xFF
    lakeful.store.put(key, bytes(body))

    assert {row["message"] for row in error_groups(lake, lakeful.website).rows} == {
        "first",
        "second",
    }


def test_waiting_errors_are_read_within_the_asked_range(lakeful: Lakeful, session: Session) -> None:
    lake = reader(lakeful)
    began = (
        lake.snapshot_with_sessions(lakeful.website.website_id)[1]
        .by_id[session.session_id]
        .row["started_at"]
    )

    assert (
        len(read_pending_errors(lake, lakeful.website, began, began.replace(year=2027)).rows) == 2
    )
    assert read_pending_errors(lake, lakeful.website, began.replace(year=2025), began).rows == []


def test_original_stacks_are_shown_to_keys_and_not_to_links(
    client: AppClient, lakeful: Lakeful
) -> None:
    mapped = {"version": 3, "sources": ["src/cart.ts"], "names": [], "mappings": "AAUU"}
    website_id = lakeful.website.website_id
    made = source_maps.prepare(
        website_id, "https://shop.example/cart.js", json.dumps(mapped).encode(), now_ms=NOW_MS
    )
    source_maps.put(lakeful.store, website_id, [made], by="cli", now_ms=NOW_MS)
    session = lakeful.record([*page(START), script_error(START + 5)], began_ms=START)
    other = lakeful.new_website()
    theirs = lakeful.record([*page(START), script_error(START + 5)], other, began_ms=START)
    url = f"/sessions/{session.session_id}"

    (error,) = get(client, lakeful, url)["errorEvents"]

    assert error["stackOriginal"] == "    at pay (src/cart.ts:11:11)"
    assert "cart.js:1:2" in error["stack"]
    (occurrence,) = get(client, lakeful, f"/errors/{error['fingerprint']}")["occurrences"]
    assert occurrence["stackOriginal"] == error["stackOriginal"]
    lakeful.compact(session.day)
    assert get(client, lakeful, url)["errorEvents"] == [error]
    for path in (f"/sessions/{theirs.session_id}", f"/errors/{error['fingerprint']}"):
        answer = client.get(
            f"/api/websites/{other.website_id}{path}", headers=lakeful.headers(other)
        )
        recorded = answer.json()
        (unmapped,) = recorded.get("errorEvents") or recorded["occurrences"]
        assert unmapped["stackOriginal"] is None
    link = client.post(
        f"/api/replay/{session.session_id}/share", headers=lakeful.headers(role="admin"), json={}
    )
    shared = client.get(f"/api/shared/{link.json()['token']}").json()
    assert shared["errorEvents"] == [error | {"stackOriginal": None}]
