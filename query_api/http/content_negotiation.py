"""Content negotiation of replays and files (RFC 9110, section 12). Pure."""

from typing import Literal

from lake.errors import LakeError

Encoding = Literal["zstd", "gzip", "identity"]
ENCODINGS: tuple[Encoding, ...] = (
    "zstd",
    "gzip",
    "identity",
)  # the first of equals is ours
NDJSON = "application/x-ndjson"
JSON = "application/json"
_LENGTH_MAX = 2048  # of a header; no browser sends a longer one


class NotAcceptable(LakeError):
    """The client accepts none of our encodings."""

    kind = "not-acceptable"


def encoding_of(accept_encoding: str | None) -> Encoding:
    """Choose the content coding that the client prefers, the smallest among equals.

    Raises:
        NotAcceptable: The client refuses even the identity.
    """
    if accept_encoding is None:
        return "identity"  # a client without the header may know no coding
    weights = _weights(accept_encoding)
    others = weights.get("*", 0.0)
    offered = {name: weights.get(name, others) for name in ENCODINGS}
    best = max(ENCODINGS, key=lambda name: offered[name])
    if offered[best] > 0:
        return best
    if "identity" in weights or weights.get("*") == 0:
        raise NotAcceptable("Accept-Encoding refuses zstd, gzip and identity: allow one")
    return "identity"


def file_encoding_of(accept_encoding: str) -> Literal["br", "gzip", "identity"]:
    """Choose the smallest accepted form of a file that is stored in all three."""
    weights = _weights(accept_encoding)
    if weights.get("br", 0.0) > 0:
        return "br"
    return "gzip" if weights.get("gzip", 0.0) > 0 else "identity"


def media_type_of(accept: str | None) -> str:
    """Choose between NDJSON and a JSON array: NDJSON, unless the client prefers JSON by name."""
    weights = _weights(accept or "*/*")
    others = weights.get("application/*", weights.get("*/*", 0.0))
    json, lines = weights.get(JSON, 0.0), weights.get(NDJSON, others)
    is_json = json > 0 and json >= lines and (json > lines or NDJSON not in weights)
    return JSON if is_json else NDJSON


def _weights(header: str) -> dict[str, float]:
    """Parse `a;q=0.5, b`; a malformed weight counts as 0."""
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
