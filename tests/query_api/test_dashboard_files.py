"""The dashboard's files are served as built, and no other files."""

import re

import pytest

from query_api.routes.dashboard_files import DIST, PATHS
from tests.support.asgi import AppClient

pytestmark = pytest.mark.folder  # the store makes no difference here


def script_of(client: AppClient) -> str:
    """The address of the script that the page loads."""
    (path,) = re.findall(r'<script type="module" crossorigin src="([^"]+)">', client.get("/").text)
    return str(path)


@pytest.mark.parametrize("path", PATHS)
def test_every_address_of_the_dashboard_shows_its_page(client: AppClient, path: str) -> None:
    answer = client.get(
        path.format(session_id="x", fingerprint="%3Cx%3E", token="a.b", section="keys")
    )

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    assert answer.content == (DIST / "index.html").read_bytes()


def test_other_addresses_are_not_found(client: AppClient) -> None:
    for path in ("/nope", "/sessions/a/b", "/assets", "/index.html"):
        assert client.get(path).status_code == 404


def test_the_page_runs_no_script_and_no_style_but_files(client: AppClient) -> None:
    text = client.get("/").text

    assert re.findall(r"<script[^>]*>[^<]", text) == []
    assert "<style" not in text
    assert re.findall(r"\son\w+=", text) == []


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("zstd", None), ("", None)],
)
def test_what_it_loads_comes_small_and_is_kept_for_ever(
    client: AppClient, accepted: str, encoding: str | None
) -> None:
    path = script_of(client)

    answer = client.get(path, headers={"accept-encoding": accepted})

    assert answer.status_code == 200
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    if encoding != "br":  # the test's client does not know it
        assert answer.text == (DIST / path.removeprefix("/")).read_text()


@pytest.mark.parametrize(
    "name", ["../index.html", "..%2Findex.html", "%2e%2e", "none-abc.js", "x" * 300]
)
def test_nothing_else_is_to_be_had(client: AppClient, name: str) -> None:
    answer = client.get(f"/assets/{name}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "immutable" not in answer.headers["cache-control"]
