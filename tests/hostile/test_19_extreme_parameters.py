"""Every path and query parameter of both APIs at its extremes: an answer or a 4xx, never a 5xx."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import pytest

from ingest_api import app as ingest
from lake.errors import ObjectMissing
from lake.settings import Settings
from lake.storage.base import Store
from lake.tables import audit_log
from query_api import app as query
from tests.ingest_api.recording import Recorder, plain, recording_website
from tests.query_api.recorded import NOW_MS, Clock, Lakeful, moves, page, script_error
from tests.support.asgi import AppClient
from tests.support.query_api import without_rate_limits

pytestmark = pytest.mark.folder

INSTANTS = (
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59.999999-14:00",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "0001-01-01",
    "1969-12-31T23:59:59.999999+23:59:59.999999",
    "2026-11-18T24:00:00Z",
    "10000-01-01T00:00:00Z",
)
NUMBERS = (
    *("-1", "-0", "1e308", "1e999", "nan", "-inf", "0x10", "9007199254740991", "9007199254740992"),
    *("9" * 400, "0" * 3000 + "1", "1" * 5000, "١٢", "1_000"),
)
TEXTS = (
    *("", " ", ".", "..", "../../x", "%2e%2e%2f", "\0", "a\0b", "\x7f", "\r\nx: y", "\ufeff"),
    *("a" * 255, "a" * 256, "a" * 300, "ä" * 200, "a" * 3000, "😀" * 64, "\ud800", "%", "*", "["),
    *("null", "true", "{}", "'\"><script>", "ffffffff-ffff-7fff-bfff-ffffffffffff"),
    *("00000000-0000-7000-8000-000000000000", "w_" + "0" * 12, "0" * 12, "0" * 64),
)  # fmt: skip
VALUES = INSTANTS + NUMBERS + TEXTS
RAW = ("%", "%zz", "%00", "%ff%fe", "%c0%ae%c0%ae", "%ed%a0%80", "%2F", "%5c", "%252e", "%0d%0a")


METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")  # what changes something comes last


def _encoded(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


ENCODED = (*map(_encoded, VALUES), *RAW)
FEW = (
    *map(_encoded, (INSTANTS[0], INSTANTS[3], "9" * 400, "1e308", "a" * 300, "\0", "\ud800")),
    "%",
)


def routes(client: AppClient) -> list[tuple[str, str, list[str]]]:
    """Method, path and names of the query's parameters of all documented routes."""
    documented = []
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method, described in methods.items():
            parameters = described.get("parameters", ())
            names = [parameter["name"] for parameter in parameters if parameter["in"] == "query"]
            documented.append((method.upper(), path, names))
    return sorted(documented, key=lambda route: METHODS.index(route[0]))


def urls(
    path: str, names: list[str], valid: dict[str, str], values: Sequence[str]
) -> Iterator[str]:
    """The URLs of one route, with one parameter after the other at every extreme."""
    for part in re.findall(r"{(\w+)}", path):
        for value in values:
            yield filled(path, valid | {part: value})
    for name in names:
        given = "".join(f"&{other}={valid[other]}" for other in names if other in valid)
        for value in values:
            yield f"{filled(path, valid)}?{name}={value}{given.replace(f'&{name}=', '&other=')}"
    yield filled(path, valid) + "?" + "&".join(f"{name}=1" for name in names * 50)


def filled(path: str, valid: dict[str, str]) -> str:
    return re.sub(r"{(\w+)}", lambda match: valid.get(match[1], "x"), path)


def failures(
    client: AppClient, valid: dict[str, str], headers: dict[str, str], values: Sequence[str]
) -> list[str]:
    """Ask for everything; return what was answered with a 5xx."""
    failed = []
    for method, path, names in routes(client):
        for url in urls(path, names, valid, values):
            answer = client.request(method, url, headers=headers)
            if answer.status_code >= 500:
                failed.append(f"{answer.status_code} {method} {url[:200]}")
    return failed


@pytest.mark.parametrize(
    ("values", "is_compacted"),
    [
        (FEW, True),
        pytest.param(ENCODED, False, marks=pytest.mark.long),
        pytest.param(ENCODED, True, marks=pytest.mark.long),
    ],
    ids=["few", "all-pending", "all-compacted"],
)
def test_query_api_answers_extreme_parameters_without_5xx(
    lakeful: Lakeful, values: Sequence[str], is_compacted: bool
) -> None:
    session = lakeful.session()
    events = [*page(NOW_MS), *moves(NOW_MS, 5), script_error(NOW_MS)]
    lakeful.append(session.chunks(events))
    if is_compacted:
        lakeful.compact(session.day)
        audit_log.compact_entries(lakeful.store, lakeful.settings, now_ms=NOW_MS)
    valid = {
        "website_id": lakeful.website.website_id,
        "session_id": session.session_id,
        "url": "https://shop.example/",
    }
    headers = lakeful.headers(role="admin")
    settings = without_rate_limits(lakeful.settings)
    app = query.create_app(settings, lakeful.store, now_ms=lakeful.clock)
    with AppClient(app) as client:
        assert failures(client, valid, headers, values) == []


def test_ingest_api_answers_extreme_parameters_without_5xx(
    store: Store, settings: Settings
) -> None:
    website = recording_website(store)
    recorder = Recorder(website.website_id)
    valid = {"website_id": website.website_id} | {
        name: str(value) for name, value in recorder.params().items()
    }
    with AppClient(ingest.create_app(settings, store, clock=Clock())) as client:
        assert failures(client, valid, plain(), ENCODED) == []


@pytest.mark.parametrize(
    "name", ["a" * 300 + ".js", "a" * 251 + ".js", "a" * 3000 + ".css", "%00.js"]
)
def test_names_too_long_for_the_file_system_are_404(lakeful: Lakeful, name: str) -> None:
    with AppClient(query.create_app(lakeful.settings, lakeful.store)) as client:
        answers = [
            client.get(f"/assets/{name}", headers={"accept-encoding": encoding})
            for encoding in ("br", "gzip", "identity")
        ]

    assert {answer.status_code for answer in answers} == {404}


@pytest.mark.parametrize("at", INSTANTS[:2])
def test_audit_log_takes_instants_at_the_end_of_the_calendar(lakeful: Lakeful, at: str) -> None:
    url = f"/api/websites/{lakeful.website.website_id}/audit"
    headers = lakeful.headers(role="admin")
    with AppClient(query.create_app(lakeful.settings, lakeful.store)) as client:
        statuses = {
            name: client.get(url, params={name: at}, headers=headers).status_code
            for name in ("from", "to")
        }

    assert set(statuses.values()) <= {200, 400}


def test_local_store_reports_overlong_names_as_missing(store: Store) -> None:
    store.put("control/websites/a.json", b"{}")

    with pytest.raises(ObjectMissing):
        store.get(f"control/websites/{'a' * 3000}.json")
