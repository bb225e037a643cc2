"""Segments that a listing shows and a read does not find, however often the reader tries again."""

import pytest

from lake.errors import ObjectMissing
from tests.query_api.recorded import NOW_MS, Lakeful, page, script_error
from tests.support.asgi import AppClient

pytestmark = pytest.mark.folder


@pytest.mark.parametrize("url", ["/api/replay/{session}", "/api/websites/{website}/errors"])
def test_a_segment_lost_at_every_try_answers_503(
    client: AppClient, lakeful: Lakeful, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    session = lakeful.session()
    lakeful.append(session.chunks([*page(NOW_MS - 2_000), script_error(NOW_MS - 1_000)]))
    get = lakeful.store.get

    def get_without_segments(key: str) -> bytes:
        if key.startswith("raw/"):
            raise ObjectMissing(key)
        return get(key)

    monkeypatch.setattr(lakeful.store, "get", get_without_segments)
    answer = client.get(
        url.format(session=session.session_id, website=lakeful.website.website_id),
        headers=lakeful.headers(),
    )

    assert (answer.status_code, answer.json()["kind"]) == (503, "store-unavailable")
