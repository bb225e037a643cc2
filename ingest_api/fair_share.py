"""Which website must wait: one that sends more than any may, or, under pressure, more than its
share.

Asked before a body is read, so that a refusal is cheap. A website alone may use the whole server;
only beside others has it a share. Per process and in bounded memory: replicas do not compare. What
is refused when memory itself runs out is `bodies`'.
"""

import asyncio
import math
import random
from collections import Counter
from collections.abc import Callable

from prometheus_client import Gauge

from lake.errors import TooManyRequests
from lake.http.token_buckets import TokenBuckets
from lake.settings import Settings

BURST_S = 5.0  # so many seconds' worth may come at once: pages come back together
_TURN_S = 1.0  # shares are of this turn and the one before
_RAW_BYTES = 6  # of JSON cost as much as one that was sent: what gzip makes of most chunks
_CHUNK_BYTES = 8 * 1024  # what a chunk costs beside its bytes: about half of one of 18 kB
_FREE_BYTES = 2 * 1024 * 1024  # so little in two turns is never too much, whatever others send
_MARGIN = 1.25  # websites that send alike differ by chance
_SHARE_RETRY_S = 2.0
_PAUSE_S = 0.5, 2.0  # clients that do not wait after 429 would keep us busy with nothing else
_TICK_S = 0.02
_CALMING = 0.8  # of the lateness that is left after a tick without any: 0.2 s to a tenth


class FairShares:
    """What each website got in the last one to two seconds, in bytes and `_CHUNK_BYTES` a chunk."""

    def __init__(self) -> None:
        self._now: Counter[str] = Counter()
        self._before: Counter[str] = Counter()
        self._total_bytes = [0, 0]  # now, before
        self._turn_s = -math.inf

    def add(self, website_id: str, payload_bytes: int, now_s: float) -> None:
        """Count a body that was read."""
        self._go_on(now_s)
        cost = payload_bytes + _CHUNK_BYTES
        self._now[website_id] += cost
        self._total_bytes[0] += cost

    def is_over(self, website_id: str, now_s: float) -> bool:
        """Tell whether it got more than its share while others sent, too."""
        self._go_on(now_s)
        mine = self._now[website_id] + self._before[website_id]
        if mine <= _FREE_BYTES:
            return False
        count = len(self._now.keys() | self._before.keys())
        return mine > _MARGIN * sum(self._total_bytes) / count  # alone, it has the share of one

    def _go_on(self, now_s: float) -> None:
        passed_s = now_s - self._turn_s
        if passed_s >= _TURN_S:
            is_next = passed_s < 2 * _TURN_S
            self._before = self._now if is_next else Counter()
            self._total_bytes = [0, self._total_bytes[0] if is_next else 0]
            self._now = Counter()
            self._turn_s = now_s


class LoopDelay:
    """How late the event loop is: what every request waits before anything is done for it.

    Of what can be had for nothing, this tells full load from half of it: see
    `benchmarks/README.md`.
    """

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._timer: asyncio.TimerHandle | None = None
        self.seconds = 0.0

    def watch(self) -> None:
        """Begin, on the running loop."""
        if self._timer is None:
            self._expect(asyncio.get_running_loop())

    def close(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _expect(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(_TICK_S, self._tick, loop, loop.time() + _TICK_S)

    def _tick(self, loop: asyncio.AbstractEventLoop, due_s: float) -> None:
        self.seconds = max(loop.time() - due_s, self.seconds * _CALMING)
        self._gauge.set(self.seconds)
        self._expect(loop)


class WebsiteLimits:
    """Both limits, asked once a chunk. Use from one running event loop.

    Args:
        waiting_bytes: How much is held until it is answered.
        clock_s: A clock that never jumps.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        waiting_bytes: Callable[[], int],
        lateness: LoopDelay,
        clock_s: Callable[[], float],
    ) -> None:
        self._chunks_per_s = settings.ingest_website_chunks_per_s
        self._late_s = settings.ingest_late_ms / 1000
        self._waiting_bytes_max = settings.ingest_waiting_bytes_max // 4
        self._waiting_bytes = waiting_bytes
        self._lateness = lateness
        self._clock_s = clock_s
        self._rates = TokenBuckets(self._chunks_per_s, self._chunks_per_s * BURST_S)
        self._shares = FairShares()

    def admit(self, website_id: str) -> None:
        """Let a website's chunk pass.

        Raises:
            TooManyRequests: It sends more than one may, or the process is under pressure and it
            gets more
                than its share.
        """
        self._lateness.watch()
        now_s = self._clock_s()
        if self._is_pressed() and self._shares.is_over(website_id, now_s):
            raise TooManyRequests(
                "the server is busy and this website sends more than the others: try again later",
                _SHARE_RETRY_S,
            )
        if wait_s := self._rates.take(website_id, now_s):
            raise TooManyRequests(
                f"this website sends more than {self._chunks_per_s} chunks a second: try again "
                "later, or raise REPLAY_INGEST_WEBSITE_CHUNKS_PER_S",
                wait_s,
            )

    def took(self, website_id: str, payload_bytes: int, raw_bytes: int = 0) -> None:
        """Count a body that arrived, by what it is or by what it inflates to."""
        cost_bytes = max(payload_bytes, raw_bytes // _RAW_BYTES)
        self._shares.add(website_id, cost_bytes, self._clock_s())

    async def pause(self) -> None:
        """Wait before a refusal is sent, if the process is under pressure."""
        if self._is_pressed():
            # They came together, and shall not come together again.
            await asyncio.sleep(random.uniform(*_PAUSE_S))  # noqa: S311 - no secret

    def close(self) -> None:
        """Let go of the loop."""
        self._lateness.close()

    def _is_pressed(self) -> bool:
        return (
            self._lateness.seconds > self._late_s or self._waiting_bytes() > self._waiting_bytes_max
        )
