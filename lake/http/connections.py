"""Limits of open connections, in total and per address, and the choice of the one to close.

A connection waits for its client, is blocked by a client that does not read its answer, or is being
served. To make room, the blocked one that has made no progress for longest is closed; without any,
the one that waited longest, and of those first such as never sent a request. One that is being
served is never closed for another. An address that reaches its own limit makes room for itself, so
that it cannot displace its neighbours.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

import structlog

from lake.http.token_buckets import TokenBuckets
from lake.ingest import client_address
from lake.ingest.client_address import Network

# Unread connections that an address may replace by new ones. Each new one costs what it takes to
# fill its buffers: one that reconnects at once would keep the process busy with nothing else.
_REPLACED_PER_S = 5.0
_REPLACED_AT_ONCE = 20
_SWEEPS = 8  # progress is looked for so often within `stalled_s`
_log = structlog.get_logger(__name__)


class Connection(Protocol):
    """What the limits need of a connection."""

    groups: tuple["ConnectionGroup", ...]

    def unsent_bytes(self) -> int:
        """Return how much of its answers the client has yet to take."""

    def is_unread(self) -> bool:
        """Whether its client has answers to take before the next one is made."""

    def check_progress(self, now_s: float) -> None:
        """Close the connection if its client took nothing for too long."""

    def evict(self) -> None:
        """Close the connection to make room for another."""


class ConnectionGroup:
    """Connections that count against one limit: those of one address, or all ('')."""

    def __init__(self, address: str, limit: int) -> None:
        self.address = address
        self.limit = limit
        self.count = 0
        self.new: OrderedDict[Connection, None] = OrderedDict()  # waiting for a first request
        self.waiting: OrderedDict[Connection, None] = OrderedDict()  # the longest wait first
        self.blocked: OrderedDict[Connection, int] = OrderedDict()  # unsent bytes when last seen

    def forget(self, one: Connection) -> None:
        """Let a connection be neither waiting nor blocked."""
        self.stop_waiting(one)
        self.blocked.pop(one, None)

    def stop_waiting(self, one: Connection) -> None:
        """Let a connection wait for nothing."""
        self.new.pop(one, None)
        self.waiting.pop(one, None)

    def least_useful(self) -> Connection | None:
        """Return the connection to close for a new one; None if all are being served."""
        for _ in range(len(self.blocked)):
            one, before_bytes = next(iter(self.blocked.items()))
            unsent_bytes = one.unsent_bytes()
            if unsent_bytes >= before_bytes:
                return one
            self.blocked[one] = unsent_bytes  # its client reads: the last to be looked at again
            self.blocked.move_to_end(one)
        return next(iter(self.new or self.waiting or self.blocked), None)


class Connections:
    """All connections of one process. Use from one running event loop.

    Args:
        total_max: Connections of all clients together.
        per_address_max: Connections of one client: an IPv4 address, or the /64 of an IPv6 one.
        stalled_s: How long a client may take nothing of its answer.
        proxies: Networks whose connections count in total only, as they are many clients'.
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
        self._sweep: asyncio.TimerHandle | None = None
        self._has_warned = False

    def add(self, new: Connection, peer: str) -> ConnectionGroup | None:
        """Count a connection from `peer` ('' where unknown), and make room for it.

        Returns:
            The group that has no room, so that the caller must close the connection; None if there
            was room, or another connection was closed.
        """
        new.groups = self._groups_of(peer)
        self._open.add(new)
        for group in new.groups:
            group.count += 1
        if self._sweep is None:
            self._sweep_later(asyncio.get_running_loop())
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
        """Count a connection no more."""
        self._open.discard(old)
        for group in old.groups:
            group.forget(old)
            group.count -= 1
            if not group.count:
                self._by_address.pop(group.address, None)
        if not self._open and self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None

    def key(self, peer: str) -> str:
        """Return whose a connection is: its address's neighbourhood, '' if it counts in total."""
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

    def _sweep_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._sweep = loop.call_later(self.stalled_s / _SWEEPS, self._check_all, loop)

    def _check_all(self, loop: asyncio.AbstractEventLoop) -> None:
        now_s = loop.time()
        for one in tuple(self._open):
            one.check_progress(now_s)
        self._sweep_later(loop)

    def _warn(self, full: ConnectionGroup) -> None:
        """Tell the operator once; without the address, which is personal data."""
        if full is not self._all and not self._has_warned:
            self._has_warned = True
            _log.warning(
                "one address holds as many connections as it may: if it is a proxy, add it to "
                "REPLAY_TRUSTED_PROXIES",
                limit=self._per_address_max,
            )
