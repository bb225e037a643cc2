"""Whose address counts behind proxies."""

import pytest

from lake.errors import SettingInvalid
from lake.ingest import client_address

TRUSTED = client_address.parse_networks("10.0.0.0/8, 127.0.0.1,fd00::/8")


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "visitor"),
    [
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("fd00::1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("", "203.0.113.9", ""),
    ],
)
def test_visitor_is_the_rightmost_hop_outside_trusted_proxies(
    peer: str, forwarded_for: str, visitor: str
) -> None:
    assert client_address.visitor_address(peer, forwarded_for, TRUSTED) == visitor


def test_without_trusted_proxies_nothing_is_believed() -> None:
    assert client_address.visitor_address("192.0.2.1", "203.0.113.9", ()) == "192.0.2.1"


def test_a_setting_that_is_no_network_is_refused() -> None:
    with pytest.raises(SettingInvalid, match="give addresses or networks"):
        client_address.parse_networks("10.0.0.0/8,proxy.example")
