"""Tokens: `<prefix>_<id>_<secret>`, shown once. The lake stores the secret's hash.

API keys and share links are tokens; their modules define what each gives access to.
"""

import hashlib
import hmac
import re
import secrets
import string
from typing import NamedTuple

_ID_LETTERS = string.ascii_lowercase + string.digits
_ID = re.compile(r"[a-z0-9]{12}")
_NO_HASH = "0" * 64


class NewToken(NamedTuple):
    """A new token, its id, and the hash of its secret, hex."""

    token: str
    token_id: str
    secret_sha256: str


class Tokens:
    """One kind of token. `prefix` ends with `_`."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._form = re.compile(prefix + r"([a-z0-9]{12})_([0-9a-f]{48})")

    def draw(self) -> NewToken:
        """Return a new token with 192 random bits; its id may be taken already."""
        token_id = "".join(secrets.choice(_ID_LETTERS) for _ in range(12))
        secret = secrets.token_hex(24)
        return NewToken(f"{self._prefix}{token_id}_{secret}", token_id, _hash(secret))

    def id_of(self, token: str) -> str | None:
        """Return the id in a token, None if the text is malformed."""
        match = self._form.fullmatch(token)
        return match[1] if match else None

    def is_of(self, token: str, token_id: str | None, secret_sha256: str | None) -> bool:
        """Whether a token is the recorded one; the time taken does not depend on the reason.

        Args:
            token_id: The record's; None, like its hash, if there is no record.
        """
        match = self._form.fullmatch(token)
        is_equal = hmac.compare_digest(_hash(match[2] if match else ""), secret_sha256 or _NO_HASH)
        return is_equal and match is not None and match[1] == token_id


def is_id(text: str) -> bool:
    """Whether a text has the form of a token's id."""
    return _ID.fullmatch(text) is not None


def _hash(secret: str) -> str:
    # A plain hash is enough: the secret is 192 random bits, which nobody can guess.
    return hashlib.sha256(secret.encode()).hexdigest()
