"""Limit open connections, in total and per address, and choose the one to close for a new one.

A connection waits for its client, is blocked by a client that does not read its response, or is
being served. The blocked one without progress for the longest time is closed first; else the one
that waits longest, those that never sent a request first. A connection that is being served is
never closed for another. An address at its own limit loses one of its own connections, so that it
cannot displace others.
"""

import asyncio
import resource
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

import structlog

from lake.http.token_buckets import TokenBuckets
from lake.ingest import client_address
from lake.ingest.client_address import Network

# Unread connections that an address may replace by new ones. Filling the buffers of a new one takes
# time: a client that reconnects at once would keep the process busy.
_REPLACED_PER_S = 5.0
_REPLACED_AT_ONCE = 20
_CHECKS = 8  # of progress, within `stalled_s`
_log = structlog.get_logger(__name__)


class Connection(Protocol):
    """The methods of a connection that the limits use."""

    groups: tuple["ConnectionGroup", ...]

    def unsent_bytes(self) -> int:
        """Return the bytes of its responses that the client has not taken yet."""

    def is_unread(self) -> bool:
        """Whether its client has responses to take before the next one is made."""

    def check_progress(self, now_s: float) -> None:
        """Close the connection if its client took nothing for too long."""

    def evict(self) -> None:
        """Close the connection to make room for another."""


class ConnectionGroup:
    """Connections that count towards one limit: those of one address, or all ('')."""

    def __init__(self, address: str, limit: int) -> None:
        self.address = address
        self.limit = limit
        self.count = 0
        self.new: OrderedDict[Connection, None] = OrderedDict()  # waiting for a first request
        self.waiting: OrderedDict[Connection, None] = OrderedDict()  # the longest wait first
        self.blocked: OrderedDict[Connection, int] = OrderedDict()  # unsent bytes when last seen

    def forget(self, connection: Connection) -> None:
        """Remove a connection from those that wait or are blocked."""
        self.stop_waiting(connection)
        self.blocked.pop(connection, None)

    def stop_waiting(self, connection: Connection) -> None:
        """Remove a connection from those that wait."""
        self.new.pop(connection, None)
        self.waiting.pop(connection, None)

    def least_useful(self) -> Connection | None:
        """Return the connection to close for a new one; None if all are being served."""
        for _ in range(len(self.blocked)):
            connection, before_bytes = next(iter(self.blocked.items()))
            unsent_bytes = connection.unsent_bytes()
            if unsent_bytes >= before_bytes:
                return connection
            self.blocked[connection] = unsent_bytes  # its client reads: checked last the next time
            self.blocked.move_to_end(connection)
        return next(iter(self.new or self.waiting or self.blocked), None)


class Connections:
    """All connections of one process. Use from one running event loop.

    Args:
        total_max: Connections of all clients together.
        per_address_max: Connections of one client: an IPv4 address, or the /64 of an IPv6 one.
        stalled_s: How long a client may take nothing of its response.
        proxies: Networks whose connections count in total only, as they belong to many clients.
    """

    def __init__(
        self, *, total_max: int, per_address_max: int, stalled_s: float, proxies: Sequence[Network]
    ) -> None:
        self.stalled_s = stalled_s
        self._all = ConnectionGroup("", total_max)
        self._by_address: dict[str, ConnectionGroup] = {}
        self._per_address_max = per_address_max
        self._proxies = tuple(proxies)
        self._replacements = TokenBuckets(_REPLACED_PER_S, _REPLACED_AT_ONCE)
        self._open: set[Connection] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._has_warned = False

    def add(self, new: Connection, peer: str) -> ConnectionGroup | None:
        """Count a connection from `peer` ('' if unknown), and make room for it.

        Returns:
            The group that has no room, so that the caller must close the connection; None if there
            was room, or another connection was closed.
        """
        new.groups = self._groups_of(peer)
        self._open.add(new)
        for group in new.groups:
            group.count += 1
        if self._timer is None:
            self._check_later(asyncio.get_running_loop())
        full = next((group for group in new.groups if group.count > group.limit), None)
        if full is None:
            return None
        self._warn(full)
        other = full.least_useful()
        if other is None:
            return full
        is_churn = full is not self._all and other.is_unread()
        now_s = asyncio.get_running_loop().time()
        if is_churn and self._replacements.take(full.address, now_s):
            return full
        for group in other.groups:
            group.forget(other)
        other.evict()
        return None

    def remove(self, old: Connection) -> None:
        """Stop counting a connection."""
        self._open.discard(old)
        for group in old.groups:
            group.forget(old)
            group.count -= 1
            if not group.count:
                self._by_address.pop(group.address, None)
        if not self._open and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def key(self, peer: str) -> str:
        """Return the group of a connection: its address, or the /64 of IPv6; '' for proxies."""
        if not peer or client_address.is_in_networks(peer, self._proxies):
            return ""
        return client_address.address_group(peer)

    def limit(self, key: str) -> int:
        """Return how many connections `key` may have."""
        return self._per_address_max if key else self._all.limit

    def _groups_of(self, peer: str) -> tuple[ConnectionGroup, ...]:
        address = self.key(peer)
        if not address:
            return (self._all,)
        mine = self._by_address.get(address)
        if mine is None:
            mine = self._by_address[address] = ConnectionGroup(address, self._per_address_max)
        return mine, self._all  # an address makes room for itself first

    def _check_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(self.stalled_s / _CHECKS, self._check_all, loop)

    def _check_all(self, loop: asyncio.AbstractEventLoop) -> None:
        now_s = loop.time()
        for connection in tuple(self._open):
            connection.check_progress(now_s)
        self._check_later(loop)

    def _warn(self, full: ConnectionGroup) -> None:
        """Log once that an address is at its limit; without the address, which is personal data."""
        if full is not self._all and not self._has_warned:
            self._has_warned = True
            _log.warning(
                "one address holds as many connections as it may: if it is a proxy, add it to "
                "REPLAY_TRUSTED_PROXIES",
                limit=self._per_address_max,
            )


def connections_within_file_limit(wanted: int, own_files: int) -> int:
    """Raise the limit of open files to the system's maximum; return how many connections fit.

    Args:
        wanted: Connections, if the maximum allows them.
        own_files: Files that the process needs beside its connections.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, hard - own_files))
