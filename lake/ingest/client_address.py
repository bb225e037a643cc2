"""Find the visitor's address behind trusted proxies. Pure.

`X-Forwarded-For` is trusted only as far as trusted proxies wrote it: the visitor is the rightmost
hop that is not one of them. Callers do not store the address.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from lake.errors import SettingInvalid

Network = IPv4Network | IPv6Network
_ADDRESS_LENGTH_MAX = 45  # IPv6 with the digits of an IPv4; a zone's name may be of any length
_HOPS_MAX = 32  # of proxies, one behind the other


def parse_networks(text: str) -> tuple[Network, ...]:
    """Read `REPLAY_TRUSTED_PROXIES`: addresses or networks, comma-separated.

    Raises:
        SettingInvalid: One is neither.
    """
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise SettingInvalid(
            f"REPLAY_TRUSTED_PROXIES is {text!r}: give addresses or networks such as "
            f"10.0.0.0/8,127.0.0.1 ({error})"
        ) from error


def visitor_address(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """Return the visitor's address, '' if unknown. `peer` is the address that connected."""
    visitor = peer
    if not trusted or not forwarded_for or not is_in_networks(peer, tuple(trusted)):
        return visitor
    for hop in reversed(forwarded_for.rsplit(",", _HOPS_MAX)):
        address = _bare(hop.strip())
        if not address:
            break  # a trusted proxy writes addresses; this one is anybody's
        visitor = address
        if not is_in_networks(address, tuple(trusted)):
            break
    return visitor


def address_group(address: str) -> str:
    """Return the address that a limit applies to: of an IPv6 address its /64.

    Text that is no address is returned unchanged.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)


@lru_cache(1024)
def is_in_networks(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether an address belongs to one of the networks; False for text that is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks)


def _bare(hop: str) -> str:
    """Return the address without port and brackets, or '' if there is none."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(ip_address(hop)) if len(hop) <= _ADDRESS_LENGTH_MAX else ""
    except ValueError:
        return ""
