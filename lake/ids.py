"""Ids that carry their time and prove their owner. No I/O; callers pass the clock.

A session id is a UUIDv7 (RFC 9562) of the session's start in ms, whose 74 random bits are the
first 74 bits of SHA-256(secret). A client with the secret has opened the session; the id alone,
which analysts see, does not allow to append. The id's time gives the session's day partition.
"""

import hashlib
import os
import re
from datetime import UTC, date, datetime

from lake.errors import IdMalformed, SecretMismatch

_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_SECRET = re.compile(r"[0-9a-f]{32}")
_WEBSITE = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Earlier days have no partition in Dagster, so that sessions of them are refused.
FIRST_DAY = date(2020, 1, 1)
SEQ_MAX = 2**53 - 1  # the largest integer a browser counts to
TIME_MS_MAX = 253_370_764_799_999  # 9998-12-31T23:59:59.999Z: the next day still has a date


def uuid7(at_ms: int, random74: int) -> str:
    """Make a UUIDv7 of a time in ms since the Unix epoch and 74 bits."""
    value = (at_ms & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (random74 >> 62) << 64
    value |= 0b10 << 62 | random74 & (1 << 62) - 1
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_uuid7(at_ms: int) -> str:
    """Make a random UUIDv7 (pages, segments, keys)."""
    return uuid7(at_ms, int.from_bytes(os.urandom(10), "big") >> 6)


def session_id_of(secret: str, at_ms: int) -> str:
    """Make the session id that `secret` (32 hex digits) proves."""
    digest = hashlib.sha256(bytes.fromhex(secret)).digest()
    return uuid7(at_ms, int.from_bytes(digest[:10], "big") >> 6)


def at_ms_of(uuid: str) -> int:
    """Return the time of a UUIDv7, ms since the Unix epoch."""
    return int(uuid[:8] + uuid[9:13], 16)


def day_of(session_id: str) -> date:
    """Return the UTC day on which the session began: its partition.

    Raises:
        IdMalformed: Its time is past the year 9999.
    """
    try:
        return datetime.fromtimestamp(at_ms_of(session_id) / 1000, UTC).date()
    except (ValueError, OverflowError, OSError) as error:
        raise IdMalformed(f"session id {session_id} carries a time past the year 9999") from error


def check_website_id(website_id: str) -> str:
    """Return `website_id` if it has the form of one.

    Raises:
        IdMalformed: It has other characters than letters, digits, - and _, or more than 64.
    """
    if not _WEBSITE.fullmatch(website_id):
        raise IdMalformed("a website id is 1 to 64 letters, digits, '-' or '_'")
    return website_id


def check_uuid7(text: str, what: str) -> str:
    """Return `text` if it is a UUIDv7 in lower-case canonical form whose time has a date.

    Raises:
        IdMalformed: It is not, or its time is past the year 9998.
    """
    if not _UUID7.fullmatch(text):
        raise IdMalformed(f"{what} is not a UUIDv7 in lower case")
    if at_ms_of(text) > TIME_MS_MAX:
        raise IdMalformed(f"{what} carries a time past the year 9998")
    return text


def is_uuid7(text: str) -> bool:
    """Whether `check_uuid7` accepts `text`. Only such ids have a day, and so a place in a lake."""
    return _UUID7.fullmatch(text) is not None and at_ms_of(text) <= TIME_MS_MAX


def check_secret(session_id: str, secret: str) -> None:
    """Check that `session_id` was made from `secret`.

    Raises:
        IdMalformed: The secret is not 32 hex digits.
        SecretMismatch: The session was opened with another secret.
    """
    if not _SECRET.fullmatch(secret):
        raise IdMalformed("secret is not 32 lower-case hex digits")
    if session_id_of(secret, at_ms_of(session_id)) != session_id:
        raise SecretMismatch("this secret did not open this session")
