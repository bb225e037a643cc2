"""Read the request headers that ingest uses, in one pass. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from lake.ingest.user_agents import HINTS

_WANTED = {
    name.encode(): name
    for name in (
        "origin",
        "content-length",
        "content-encoding",
        "transfer-encoding",
        "user-agent",
        "sec-gpc",
        "x-forwarded-for",
        "authorization",
        *HINTS,
    )
}
# Claims about website, visitor, country or address: counted, and ignored.
_CLAIMS = {
    b"x-website", b"x-website-id", b"x-visitor", b"x-visitor-id", b"x-country", b"x-geo-country",
    b"x-real-ip", b"cf-connecting-ip", b"cf-ipcountry", b"true-client-ip", b"x-client-ip",
}  # fmt: skip


class RequestHeaders(NamedTuple):
    """Headers by lower-case name; repeated ones are joined by ', ' (RFC 9110 section 5.3).

    `claim_count`: headers that claim what only the server knows.
    """

    values: dict[str, str]
    claim_count: int

    def get(self, name: str) -> str:
        """Return a header's text, '' if there is none."""
        return self.values.get(name, "")

    @property
    def declared_bytes(self) -> int | None:
        """The Content-Length, if there is one."""
        text = self.get("content-length")
        return int(text) if text.isascii() and text.isdigit() else None

    @property
    def has_body(self) -> bool:
        """Whether a body follows, of known or unknown length."""
        return bool(self.declared_bytes) or "transfer-encoding" in self.values


def parse_headers(raw: Iterable[tuple[bytes, bytes]]) -> RequestHeaders:
    """Read ASGI's header list."""
    values: dict[str, str] = {}
    claim_count = 0
    for name_bytes, value in raw:
        name = _WANTED.get(name_bytes)
        if name is None:
            claim_count += name_bytes in _CLAIMS
        elif name in values:
            values[name] += ", " + value.decode("latin-1")
        else:
            values[name] = value.decode("latin-1")
    return RequestHeaders(values, claim_count)
