"""Erasure by the API: who may ask, what is hidden at once, and what the receipt tells."""

import pytest

from lake import erasure
from lake.control.websites import Website
from tests.query_api.recorded import Lakeful, Session, note, page
from tests.support.asgi import AppClient

pytestmark = pytest.mark.folder  # the store makes no difference here


def recorded(lakeful: Lakeful, website: Website | None = None) -> Session:
    session = lakeful.session(website)
    events = [*page(session.began_ms), note(session.began_ms + 9, "identify", id="customer-17")]
    lakeful.append(session.chunks(events))
    lakeful.compact(session.day)
    return session


def execute(lakeful: Lakeful) -> None:
    def sleep(seconds: float) -> None:
        lakeful.clock.ms += int(seconds * 1000) + 1

    erasure.execute_pending_requests(
        lakeful.store, lakeful.settings, now_ms=lakeful.clock, sleep=sleep
    )


def test_an_erased_session_is_gone_and_its_receipt_has_the_time(
    client: AppClient, lakeful: Lakeful
) -> None:
    session, other = recorded(lakeful), recorded(lakeful)
    admin = lakeful.headers(role="admin")
    base = f"/api/websites/{lakeful.website.website_id}"

    answer = client.request("DELETE", f"/api/replay/{session.session_id}", headers=admin)
    assert answer.status_code == 202
    requested = answer.json()
    assert (requested["status"], requested["sessions"], requested["doneAt"]) == ("hidden", 1, None)
    listed = client.get(f"{base}/sessions", headers=admin).json()
    assert [row["sessionId"] for row in listed["sessions"]] == [other.session_id]
    assert listed["total"] == 1
    erased = client.get(f"/api/replay/{session.session_id}", headers=admin)
    missing = client.get(f"/api/replay/{session.session_id[:-4]}0000", headers=admin)
    assert (erased.status_code, erased.content) == (404, missing.content)
    assert client.get(f"{base}/sessions/{session.session_id}", headers=admin).status_code == 404
    assert (
        client.request("DELETE", f"/api/replay/{session.session_id}", headers=admin).status_code
        == 404
    )

    execute(lakeful)
    receipt = client.get(f"/api/erasures/{requested['erasureId']}", headers=admin).json()
    assert (receipt["status"], receipt["rows"], receipt["files"]) == ("done", 1, 1)
    assert receipt["doneAt"] <= receipt["dueAt"]
    assert client.get(f"{base}/erasures", headers=admin).json() == {"erasures": [receipt]}


def test_a_visitor_and_a_user_are_erased_with_all_their_sessions(
    client: AppClient, lakeful: Lakeful
) -> None:
    sessions = [recorded(lakeful) for _ in range(3)]
    admin = lakeful.headers(role="admin")
    base = f"/api/websites/{lakeful.website.website_id}"
    visitor_id = sessions[0].client.visitor_id

    by_user = client.post(f"{base}/erasures", headers=admin, json={"userId": "customer-17"})
    by_visitor = client.request("DELETE", f"{base}/visitors/{visitor_id}", headers=admin)
    assert [(a.status_code, a.json()["sessions"]) for a in (by_user, by_visitor)] == [(202, 3)] * 2
    assert client.get(f"{base}/sessions", headers=admin).json()["total"] == 0
    assert "customer-17" not in by_user.text


def test_only_an_admin_of_the_website_erases(client: AppClient, lakeful: Lakeful) -> None:
    session = recorded(lakeful)
    stranger = lakeful.headers(lakeful.new_website(), role="admin")
    viewer, admin = lakeful.headers(), lakeful.headers(role="admin")
    path = f"/api/replay/{session.session_id}"
    base = f"/api/websites/{lakeful.website.website_id}"

    for url, status in ((path, 403), (f"{base}/visitors/visitor", 403)):
        assert client.request("DELETE", url, headers=viewer).status_code == status
        assert client.request("DELETE", url, headers=stranger).status_code == 404
    requested = client.request("DELETE", path, headers=admin).json()
    url = f"/api/erasures/{requested['erasureId']}"
    assert client.get(url, headers=viewer).status_code == 200
    unknown = client.get(f"/api/erasures/{session.session_id}", headers=stranger)
    mine = client.get(url, headers=stranger)
    assert (mine.status_code, mine.content) == (404, unknown.content)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("[]", "erasure-malformed"),
        ("{", "erasure-malformed"),
        ('{"visitor": "x"}', "erasure-malformed"),
        ("{}", "nothing-to-erase"),
        ('{"sessions": ["../x"]}', "id-malformed"),
        ('{"userId": "%s"}' % ("x" * 1_100_000), "erasure-malformed"),
    ],
)
def test_what_cannot_be_erased_is_told(
    client: AppClient, lakeful: Lakeful, body: str, kind: str
) -> None:
    url = f"/api/websites/{lakeful.website.website_id}/erasures"
    answer = client.post(url, headers=lakeful.headers(role="admin"), content=body)
    assert (answer.status_code, answer.json()["kind"]) == (400, kind)
