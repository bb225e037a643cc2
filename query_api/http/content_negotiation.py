"""Which encoding and which form of a replay a client gets: RFC 9110, section 12. Pure."""

from typing import Literal

from lake.errors import LakeError

Encoding = Literal["zstd", "gzip", "identity"]
ENCODINGS: tuple[Encoding, ...] = ("zstd", "gzip", "identity")  # the first of equals is ours
NDJSON = "application/x-ndjson"
JSON = "application/json"
_LENGTH_MAX = 2048  # a header beyond counts as none: it is no browser's


class NotAcceptable(LakeError):
    """A client accepts no encoding that we have."""

    kind = "not-acceptable"


def encoding_of(accept_encoding: str | None) -> Encoding:
    """Choose the content coding: what the client likes best, and of equals the smallest.

    Raises:
        NotAcceptable: It refuses even the identity.
    """
    if accept_encoding is None:
        return "identity"  # a client that does not say may not know any
    weights = _weights(accept_encoding)
    others = weights.get("*", 0.0)
    found = {name: weights.get(name, others) for name in ENCODINGS}
    best = max(ENCODINGS, key=lambda name: found[name])
    if found[best] > 0:
        return best
    if "identity" in weights or weights.get("*") == 0:
        raise NotAcceptable("Accept-Encoding refuses zstd, gzip and identity: allow one")
    return "identity"


def file_encoding_of(accept_encoding: str) -> Literal["br", "gzip", "identity"]:
    """Choose the form of a file that lies there in all three: the smallest that is accepted."""
    weights = _weights(accept_encoding)
    if weights.get("br", 0.0) > 0:
        return "br"
    return "gzip" if weights.get("gzip", 0.0) > 0 else "identity"


def media_type_of(accept: str | None) -> str:
    """Choose between lines and one array: lines, unless the client names JSON and likes it more."""
    weights = _weights(accept or "*/*")
    others = weights.get("application/*", weights.get("*/*", 0.0))
    json, lines = weights.get(JSON, 0.0), weights.get(NDJSON, others)
    is_json = json > 0 and json >= lines and (json > lines or NDJSON not in weights)
    return JSON if is_json else NDJSON


def _weights(header: str) -> dict[str, float]:
    """Read `a;q=0.5, b`; what is not of that form counts as weight 0."""
    weights = {}
    for part in header[:_LENGTH_MAX].split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        if name:
            weights[name] = weight if 0 <= weight <= 1 else 0.0
    return weights
