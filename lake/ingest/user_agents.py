"""Browser, system and device of a client, and the country of an address, which is not stored.

Everything here comes from the network and is only ever text: cut to a length, control characters
removed. Client hints win over the user agent, which modern browsers freeze.
"""

import logging
import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path

import maxminddb
import ua_parser

from lake.raw.chunk_facts import Client

HINTS = (
    "sec-ch-ua-mobile",
    "sec-ch-ua-model",
    "sec-ch-ua-platform",
    "sec-ch-ua-platform-version",
)
USER_AGENT_LENGTH_MAX = 512  # longer than any browser's; the parser's time grows with it
_TEXT_LENGTH_MAX = 64
_CACHE_MAX = 4096  # distinct browsers remembered; about 4 MB when full
_GEO_DEFAULT = Path(__file__).with_name("countries.mmdb")  # `make setup` puts it there
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_DESKTOPS = {"Windows", "Mac OS X", "macOS", "Linux", "Ubuntu", "Fedora", "Chrome OS"}
_DESKTOPS |= {"Debian", "FreeBSD", "OpenBSD", "Chromium OS"}
_TABLET = re.compile(r"iPad|Tablet|Kindle|Silk/|PlayBook")
_log = logging.getLogger(__name__)


def describe_client(
    user_agent: str, hints: Mapping[str, str], *, country: str | None, visitor_id: str
) -> Client:
    """Describe who records. `hints` are headers by lower-case name; all but `HINTS` are ignored.

    `device_type` is desktop, mobile, tablet, bot or unknown.
    """
    values = [_encodable(hints.get(name, "")[:_TEXT_LENGTH_MAX]) for name in HINTS]
    device_type, device_model, browser, browser_version, os_name, os_version = _parsed(
        _encodable(user_agent[:USER_AGENT_LENGTH_MAX]), *values
    )
    return Client(
        visitor_id=visitor_id,
        device_type=device_type,
        device_model=device_model,
        browser_name=browser,
        browser_version=browser_version,
        os_name=os_name,
        os_version=os_version,
        country=country,
    )


class CountryLookup:
    """Looks up countries in an MMDB file; without one it knows none, and says so once."""

    def __init__(self, geo_path: str = "") -> None:
        path = Path(geo_path) if geo_path else _GEO_DEFAULT
        self._reader: maxminddb.Reader | None = None
        try:
            self._reader = maxminddb.open_database(path)
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            _log.warning("no countries: %s cannot be read (%s); set REPLAY_GEO_PATH", path, error)

    def of(self, ip: str) -> str | None:
        """Return the address's country, ISO 3166-1 alpha-2, or None where nobody knows."""
        if self._reader is None:
            return None
        try:
            address = ip_address(ip)
            if address.version == 6 and address.ipv4_mapped is not None:
                address = address.ipv4_mapped
            record = self._reader.get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):
            return None
        code = record.get("country_code") if isinstance(record, dict) else None
        return code if isinstance(code, str) and len(code) == 2 else None

    def close(self) -> None:
        """Let go of the file."""
        if self._reader is not None:
            self._reader.close()


_Parsed = tuple[str, str | None, str | None, str | None, str | None, str | None]


@lru_cache(_CACHE_MAX)
def _parsed(user_agent: str, mobile: str, model: str, platform: str, version: str) -> _Parsed:
    parsed = ua_parser.parse(user_agent)
    browser, system, device = parsed.user_agent, parsed.os, parsed.device
    os_name = _unquoted(platform) or (system.family if system else None)
    if os_name == "macOS":
        os_name = "Mac OS X"  # one name for one system, whoever told it
    os_version = _unquoted(version) or (
        _version(system.major, system.minor, system.patch) if system else None
    )
    if os_name == "Windows" and _unquoted(version):
        # Source: Microsoft's table of Sec-CH-UA-Platform-Version: 13 and above is Windows 11.
        major = _unquoted(version).partition(".")[0]
        os_version = "11" if major.isdecimal() and int(major) >= 13 else "10"
    device_model = _unquoted(model) or (device.model if device else None)
    is_bot = device is not None and device.family == "Spider"
    if device_model in ("K", "Desktop", "Smartphone", "Tablet", "Mac", "Other"):
        device_model = None  # what a frozen user agent says of every device
    return (
        "bot" if is_bot else _device_type(user_agent, mobile, os_name),
        _clean(device_model),
        _clean(browser.family if browser else None),
        _clean(_version(browser.major, browser.minor, browser.patch) if browser else None),
        _clean(os_name),
        _clean(os_version),
    )


def _device_type(user_agent: str, mobile: str, os_name: str | None) -> str:
    if mobile == "?1":
        return "mobile"
    if _TABLET.search(user_agent):
        return "tablet"
    if os_name == "Android" and "Mobile" not in user_agent:
        return "tablet"
    if os_name in ("Android", "iOS") or "Mobile" in user_agent:
        return "mobile"
    return "desktop" if os_name in _DESKTOPS else "unknown"


def _encodable(text: str) -> str:
    """Return text without lone surrogates, which have no UTF-8."""
    return text.encode("utf-8", "replace").decode()


def _version(*parts: str | None) -> str | None:
    numbers = []
    for part in parts:
        if part is None:
            break
        numbers.append(part)
    return ".".join(numbers) or None


def _unquoted(hint: str) -> str:
    """Return a client hint's text: an RFC 8941 string stands in quotes."""
    return hint[1:-1].strip() if len(hint) >= 2 and hint[0] == hint[-1] == '"' else ""


def _clean(text: str | None) -> str | None:
    return (_CONTROL.sub("", text)[:_TEXT_LENGTH_MAX] or None) if text else None
