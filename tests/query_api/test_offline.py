"""A session as one page: all of it is in there, and nobody's name is."""

import base64
import gzip
import json
import re
from typing import Any

from tests.query_api.recorded import NOW_MS, Lakeful, note, page
from tests.support.asgi import AppClient

BEGAN = NOW_MS - 3_600_000


def parts(text: str, kind: str) -> dict[str, Any]:
    """Contents of the parts by page id."""
    encoded = re.findall(
        rf'<script type="text/plain" data-part="{kind}" data-page="([^"]*)">([^<]*)</script>', text
    )
    return {page_id: gzip.decompress(base64.b64decode(body)).decode() for page_id, body in encoded}


def test_the_offline_page_has_all_pages_and_no_visitor(client: AppClient, lakeful: Lakeful) -> None:
    session = lakeful.session(began_ms=BEGAN)
    first, second = session.new_page(), session.new_page()
    begun = [*page(BEGAN), note(BEGAN + 5, "identify", id="ada"), note(BEGAN + 6, "page")]
    later = page(BEGAN + 9_000, text="</script><script>alert(1)</script>")
    lakeful.append(session.chunks(begun, page_id=first))
    lakeful.append(session.chunks(later, page_id=second))
    url = f"/api/replay/{session.session_id}"
    made = client.post(f"{url}/share", headers=lakeful.headers(role="admin")).json()
    shared = client.get(f"/api/shared/{made['token']}/offline")

    answer = client.get(f"{url}/offline", headers=lakeful.headers())

    assert (answer.status_code, shared.text) == (200, answer.text)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    name = f'attachment; filename="{session.session_id}.html"'
    assert answer.headers["content-disposition"] == name
    events = parts(answer.text, "events")
    assert list(events) == [first, second]
    assert [json.loads(line) for line in events[second].splitlines()] == later
    assert "ada" not in events[first]
    assert events[first].count("\n") == len(begun)
    about = json.loads(parts(answer.text, "about")[""])
    assert about["startAt"] == BEGAN
    assert about["recording"]["sessionId"] == session.session_id
    assert {"visitorId", "userId"}.isdisjoint(about["recording"])
    assert answer.text.count("alert(1)") == 0


def test_a_session_that_nobody_has_has_no_page(client: AppClient, lakeful: Lakeful) -> None:
    url = f"/api/replay/{lakeful.session().session_id}/offline"

    assert client.get(url, headers=lakeful.headers()).status_code == 404
    assert client.get(url).status_code == 401
