"""Strict parsing of the parameters that identify a chunk."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_api.http import request_params
from ingest_api.http.request_params import ParameterInvalid
from lake.errors import Forbidden
from tests.ingest_api.recording import Recorder, chunk, counted, metric, plain
from tests.support.asgi import AppClient

GOOD = Recorder("w_shop").params(7)


def test_the_five_parameters_are_read() -> None:
    parsed = request_params.parse(urlencode(GOOD).encode())

    assert parsed == (*GOOD.values(), 0)


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_or_repeated_parameter_is_named(name: str) -> None:
    without = {key: value for key, value in GOOD.items() if key != name}
    for query in (urlencode(without), urlencode(GOOD) + f"&{name}={GOOD[name]}"):
        with pytest.raises(ParameterInvalid, match=name) as caught:
            request_params.parse(query.encode())
        assert caught.value.parameter == name


@pytest.mark.parametrize(
    "seq", ["", "1.0", "-1", "+1", "01", "1e3", "١", "9007199254740992", "9" * 5000, " 1", "1\n"]
)
@pytest.mark.fault(27)
def test_seq_that_is_no_integer_below_2_to_the_53_is_invalid(seq: str) -> None:
    """Fault 27: 2^53 is one too many."""
    with pytest.raises(ParameterInvalid, match="seq"):
        request_params.parse(urlencode(GOOD | {"seq": seq}).encode())


@pytest.mark.parametrize(
    "text", ["../../x", "%2e%2e", "\0", "x" * 300, "", "a/b", "..", "é", "\ud800"]
)
@pytest.mark.parametrize("name", ["session", "page", "website"])
@pytest.mark.attack(32)
def test_an_id_that_is_no_id_is_refused(name: str, text: str) -> None:
    """Attack 32."""
    query = urlencode(GOOD | {name: text}, errors="surrogatepass").encode()
    raw = query.replace(b"%252e", b"%2e")
    for sent in (query, raw):
        with pytest.raises(ParameterInvalid, match=name):
            request_params.parse(sent)


def test_an_id_in_capitals_is_no_id() -> None:
    with pytest.raises(ParameterInvalid, match="lower case"):
        request_params.parse(urlencode(GOOD | {"session": GOOD["session"].upper()}).encode())


@given(query=st.binary(max_size=200))
def test_any_query_is_read_or_refused(query: bytes) -> None:
    try:
        request_params.parse(query)
    except (ParameterInvalid, Forbidden):
        return


def test_a_wrong_parameter_is_400_and_named(client: AppClient, recorder: Recorder) -> None:
    answer = client.post(
        "/v1/chunks", params=recorder.params("1.0"), content=chunk(), headers=plain()
    )

    assert answer.status_code == 400
    problem = answer.json()
    assert (problem["kind"], problem["parameter"]) == ("parameter-invalid", "seq")
    assert problem["status"] == 400
    text = client.get("/metrics").text
    assert counted(text, "unknown") == {"received": 1, "rejected": 1}
    assert metric(text, "replaylake_chunks_rejected_total", kind="parameter-invalid") == 1
