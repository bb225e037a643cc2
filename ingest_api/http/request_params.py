"""Parse the query parameters of one chunk, strictly. Pure.

Only the form is checked here; website, secret and time are checked in `ingest_api.admission`.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from lake import ids
from lake.control import api_keys
from lake.errors import BadInput, Forbidden, IdMalformed

NAMES = ("website", "session", "page", "seq", "secret")
_SEQ = re.compile(r"0|[1-9][0-9]{0,15}")


class ParameterInvalid(BadInput):
    """A query parameter is missing, given twice or not of its form."""

    kind = "parameter-invalid"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"parameter {name!r}: {why}")
        self.parameter = name


class SecretKeyExposed(Forbidden):
    """An API key was sent to the ingest API, so that it is probably in a public page."""

    kind = "secret-key-exposed"


class ChunkParameters(NamedTuple):
    """Identity of a chunk, and the secret. `ignored_count`: number of unknown parameters."""

    website: str
    session: str
    page: str
    seq: int
    secret: str
    ignored_count: int


def parse(query: bytes) -> ChunkParameters:
    """Read the query string of `POST /v1/chunks`.

    Raises:
        ParameterInvalid: Names the parameter.
        SecretKeyExposed: The website is an API key.
    """
    texts, ignored_count = values(query)
    for name in NAMES:
        if name not in texts:
            raise ParameterInvalid(name, "it is missing")
    website = texts["website"]
    refuse_secret_key(website)
    _check("website", ids.check_website_id, website)
    for name in ("session", "page"):
        _check(name, lambda text: ids.check_uuid7(text, "it"), texts[name])
    seq = texts["seq"]
    if not _SEQ.fullmatch(seq) or int(seq) > ids.SEQ_MAX:
        raise ParameterInvalid("seq", f"it is not a whole number from 0 to {ids.SEQ_MAX}")
    return ChunkParameters(
        website, texts["session"], texts["page"], int(seq), texts["secret"], ignored_count
    )


def values(query: bytes) -> tuple[dict[str, str], int]:
    """Return the texts of the known parameters, and the number of unknown ones.

    Raises:
        ParameterInvalid: A known one is repeated or is not UTF-8.
    """
    texts: dict[str, str] = {}
    ignored_count = 0
    for pair in query.split(b"&") if query else ():
        name_bytes, _, value = pair.partition(b"=")
        name = unquote_to_bytes(name_bytes).decode("utf-8", "replace")
        if name not in NAMES:
            ignored_count += 1
            continue
        if name in texts:
            raise ParameterInvalid(name, "it is given twice")
        try:
            texts[name] = (unquote_to_bytes(value) if b"%" in value else value).decode()
        except UnicodeDecodeError as error:
            raise ParameterInvalid(name, "it is not UTF-8") from error
    return texts, ignored_count


def refuse_secret_key(text: str) -> None:
    """Let pass any text but an API key.

    Raises:
        SecretKeyExposed: It is one.
    """
    if api_keys.key_id_of(text):
        raise SecretKeyExposed(
            "an API key reads sessions and must never stand in a page: revoke it "
            "(`replaylake key revoke`), and give the recorder the website's id"
        )


def _check(name: str, check: object, text: str) -> None:
    assert callable(check)
    try:
        check(text)
    except IdMalformed as error:
        raise ParameterInvalid(name, str(error)) from error
