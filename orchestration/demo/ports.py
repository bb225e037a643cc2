"""Ports of the demo's services, from the environment or defaults."""

import socket
from collections.abc import Mapping
from typing import NamedTuple

from lake.errors import LakeError, SettingInvalid

HOST = "127.0.0.1"
_DEFAULTS = (
    ("INGEST_PORT", "8100"),
    ("QUERY_PORT", "8200"),
    ("DAGSTER_PORT", "8300"),
    ("SHOP_PORT", "8400"),
)


class PortTaken(LakeError):
    """Another program uses a port of the demo."""

    kind = "port-taken"


class Ports(NamedTuple):
    """The port of each service."""

    ingest: int
    query: int
    dagster: int
    shop: int


def free_ports(environ: Mapping[str, str]) -> Ports:
    """Read the ports and check that they are free.

    Raises:
        SettingInvalid: A value is not a port.
        PortTaken: A port is in use; the message names its variable.
    """
    return Ports(*(_free(name, environ.get(name, "") or default) for name, default in _DEFAULTS))


def _free(name: str, text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise SettingInvalid(f"{name} is {text!r}: give a port, 1 to 65535")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(text)))
        except OSError as error:
            raise PortTaken(
                f"port {text} is not free ({error.strerror}): end the program that has it, or "
                f"choose another by {name}"
            ) from error
    return int(text)
