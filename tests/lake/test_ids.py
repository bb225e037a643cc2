import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake import ids
from lake.errors import IdMalformed, SecretMismatch

SECRET = "000102030405060708090a0b0c0d0e0f"


def test_a_session_id_is_made_from_its_time_and_its_secret() -> None:
    made = ids.session_id_of(SECRET, 1795000000000)

    assert made == "01a1ee56-5e00-7be4-972c-9816fcdafaf7"


@given(secret=st.binary(min_size=16, max_size=16), at_ms=st.integers(0, 2**47))
def test_a_session_id_proves_its_secret_and_gives_its_time(secret: bytes, at_ms: int) -> None:
    made = ids.check_uuid7(ids.session_id_of(secret.hex(), at_ms), "session")

    ids.check_secret(made, secret.hex())
    assert ids.at_ms_of(made) == at_ms


@pytest.mark.attack(41)
def test_another_secret_does_not_open_a_session() -> None:
    """Attack 41: a chunk for a session that another visitor opened."""
    made = ids.session_id_of(SECRET, 1795000000000)

    with pytest.raises(SecretMismatch):
        ids.check_secret(made, "f" * 32)


@pytest.mark.parametrize("text", ["../../x", "%2e%2e", "\0", "a" * 300, "", "0" * 36])
@pytest.mark.attack(32)
def test_what_is_no_session_id_is_refused(text: str) -> None:
    """Attack 32."""
    with pytest.raises(IdMalformed):
        ids.check_uuid7(text, "session")
