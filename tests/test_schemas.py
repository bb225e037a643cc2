"""Both APIs by their own OpenAPI pages: no request that one can make of them is our failure."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from ingest_api.app import create_app as ingest_app
from lake.control import api_keys, share_links
from lake.settings import Settings
from lake.storage.base import Store
from query_api.app import create_app as query_app
from tests.ingest_api.recording import Recorder, chunk, plain, recording_website
from tests.support import lakes
from tests.support.asgi import AppClient

TEXT_MAX = 4000
URL_MAX = 60_000  # httpx makes no URL of more than 64 kB
GENERATED = hypothesis_settings(
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
often = pytest.mark.parametrize("examples", [8, pytest.param(200, marks=pytest.mark.long)])


@pytest.fixture
def clock() -> Callable[[], int]:
    return lambda: lakes.NOW_MS


@pytest.fixture
def existing(store: Store, settings: Settings) -> dict[str, str]:
    """Ids that exist: a website with a compacted and a pending session."""
    website_id = recording_website(store).website_id
    lakes.append(store, lakes.recorded(0, website=website_id))
    lakes.compact(store, settings)
    lakes.append(store, lakes.session(1, website=website_id))
    return {
        "website_id": website_id,
        "website": website_id,
        "session_id": lakes.session_id(0),
        "session": lakes.session_id(0),
        "url": "https://shop.example/",
    }


@often
def test_ingest_api_answers_every_schema_request_without_5xx(
    settings: Settings,
    store: Store,
    clock: Callable[[], int],
    existing: dict[str, str],
    examples: int,
) -> None:
    recorder = Recorder(existing["website_id"], lakes.NOW_MS)
    mine = {name: str(value) for name, value in recorder.params().items()}
    with AppClient(ingest_app(settings, store, clock=clock)) as client:
        statuses = request_everything(client, existing | mine, plain(), examples)

    assert statuses >= {200, 202, 400}
    assert statuses & {403, 404}


@often
def test_query_api_answers_every_schema_request_without_5xx(
    settings: Settings,
    store: Store,
    clock: Callable[[], int],
    existing: dict[str, str],
    examples: int,
) -> None:
    token = api_keys.create(
        store, website_id=existing["website_id"], role="admin", now_ms=lakes.NOW_MS
    )
    # Or most requests would receive 429.
    freely = replace(settings, query_key_requests_per_s=10**6, query_misses_per_s=10**6)
    with AppClient(query_app(freely, store, now_ms=clock)) as client:
        statuses = request_everything(
            client, existing, {"authorization": f"Bearer {token}"}, examples
        )

    assert statuses >= {200, 400, 404}


def test_seq_is_accepted_up_to_its_declared_bounds(
    settings: Settings, store: Store, clock: Callable[[], int], existing: dict[str, str]
) -> None:
    params = Recorder(existing["website_id"], lakes.NOW_MS).params()
    with AppClient(ingest_app(settings, store, clock=clock)) as client:
        outcomes = list(request_bounds(client, existing | params, content=chunk(), headers=plain()))
        twice = client.post("/v1/chunks", params=params | {"seq": [0, 0]}, headers=plain())

    assert twice.json()["parameter"] == "seq"
    assert {name for name, _, _ in outcomes} == {"seq"}
    assert {status for _, is_good, status in outcomes if is_good} == {202}


def test_numbers_are_accepted_up_to_their_declared_bounds(
    settings: Settings, store: Store, clock: Callable[[], int], existing: dict[str, str]
) -> None:
    token = api_keys.create(
        store, website_id=existing["website_id"], role="admin", now_ms=lakes.NOW_MS
    )
    with AppClient(query_app(settings, store, now_ms=clock)) as client:
        _, link = share_links.create(
            store,
            settings,
            existing["website_id"],
            existing["session_id"],
            by="a test",
            now_ms=lakes.NOW_MS,
        )
        headers = {"authorization": f"Bearer {token}"}
        outcomes = list(request_bounds(client, existing | {"token": link}, headers=headers))

    assert {name for name, _, _ in outcomes} >= {"limit", "minDuration", "from_ms"}
    assert {status for _, is_good, status in outcomes if is_good} == {200}


def request_bounds(
    client: AppClient, existing: dict[str, Any], **options: Any
) -> Iterator[tuple[str, bool, int]]:
    """Ask with each number that an operation takes at its bounds and beyond, all else being good.

    Yields name, whether it was good, and the status. Fails where what is not is no 400. A
    generated request hardly gets there: it must be right in all else.
    """
    for path, item in client.get("/openapi.json").json()["paths"].items():
        for method, operation in item.items():
            given = operation.get("parameters", [])
            needed = {
                parameter["name"]
                for parameter in given
                if parameter.get("required") and parameter["in"] == "query"
            }
            for parameter in given:
                number = number_of(parameter["schema"])
                if number is None or parameter["in"] != "query":
                    continue
                name = parameter["name"]
                params = {other: existing[other] for other in needed}
                for value, is_good in boundary_values(number):
                    answer = client.request(
                        method.upper(),
                        path.format_map({"fingerprint": "0"} | existing),
                        params=params | {name: value},
                        **options,
                    )
                    request = f"{method} {path} {name}={value:.40}: {answer.text[:500]}"
                    assert is_good or answer.status_code == 400, request
                    yield name, is_good, answer.status_code


def number_of(schema: dict[str, Any]) -> dict[str, Any] | None:
    """The schema of a number that may be left out or not; None if it is none."""
    kinds = [schema, *schema.get("anyOf", ())]
    return next((kind for kind in kinds if kind.get("type") in ("integer", "number")), None)


def boundary_values(number: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Values at the bounds that a schema declares, and what no number or no such one is."""
    low, high = number["minimum"], number["maximum"]
    numbers = {low - 1, low, low + 1, high - 1, high, high + 1}
    numbers |= {sign * 2**bits for sign in (1, -1) for bits in (31, 32, 53, 63, 64, 1024)}
    for value in sorted(numbers):
        yield str(value), low <= value <= high
    yield "1.5", number["type"] == "number"
    for text in ("9" * 5000, "-0.5", "1e999", "inf", "nan", "x", "\0", "0x1", "1,1"):
        yield text, False


def request_everything(
    client: AppClient, existing: dict[str, str], headers: dict[str, str], examples: int
) -> set[int]:
    """Send generated requests for every operation of the app's page; return the statuses seen.

    Of each operation `examples` that fit its schema, and as many that do not. Every second one
    names what exists instead of what was made up. Fails at the first 5xx.
    """
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    bounds = hypothesis_settings(GENERATED, max_examples=examples)
    seen: set[int] = set()

    def request_case(case: Any, names: set[str]) -> None:
        chosen = {name: value for name, value in existing.items() if name in names}
        path = case.path
        for name, value in (case.path_parameters or {}).items():
            value = chosen.get(name, value)
            path = path.replace(f"{{{name}}}", quote(text_of(value), safe="", errors="replace"))
        query = [
            (str(name), chosen.get(name, item))
            for name, value in (case.query or {}).items()
            for item in (value if isinstance(value, list) else [value])
        ]
        options: dict[str, Any] = {"params": [(name, text_of(value)) for name, value in query]}
        if len(str(httpx.QueryParams(options["params"]))) > URL_MAX:
            return
        if isinstance(case.body, bytes):
            options["content"] = case.body
        elif case.body is not None and type(case.body).__name__ != "NotSet":
            options["json"] = case.body
        answer = client.request(case.method, path, headers=headers, **options)
        seen.add(answer.status_code)
        request = f"{case.method} {path} {options}: {answer.text[:500]}"
        assert answer.status_code < 500, request
        if answer.status_code >= 400 and case.method != "HEAD":
            assert answer.headers["content-type"] == "application/problem+json", request
            assert answer.json()["kind"], request

    for loaded in schema.get_all_operations():
        assert isinstance(loaded, Ok)
        operation = loaded.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                cases = operation.as_strategy(generation_mode=mode)
                single = st.sampled_from(sorted(existing))
                all_but_single = single.map(lambda name: set(existing) - {name})
                names = st.just(set(existing)) | all_but_single | all_but_single | st.sets(single)
                bounds(given(case=cases, names=names)(request_case))()
            except Exception as error:
                if type(error).__name__ in ("Unsatisfiable", "SkipTest", "Skipped"):
                    continue  # an operation without parameters has nothing to be wrong
                raise
    return seen


def text_of(value: object) -> str:
    return str(value).encode("utf-8", "replace").decode()[:TEXT_MAX]
