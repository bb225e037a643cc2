"""Limit each website to a rate and, under pressure, to a fair share of the process.

Checked before a body is read, so that a refusal is cheap. A website that sends alone may use the
whole process; shares count only beside other websites. Per process and in bounded memory. The
limit of memory itself is in `ingest_api.http.request_body`.
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

BURST_S = 5.0  # of a rate that may come at once: pages wake up together
_WINDOW_S = 1.0  # shares are counted over this window and the one before
_RAW_BYTES = 6  # of JSON count as one byte sent: the usual ratio of gzip
_CHUNK_BYTES = 8 * 1024  # cost of a chunk beside its bytes: half of what one of 18 kB costs
_FREE_BYTES = 2 * 1024 * 1024  # in two windows: never too much, whatever others send
_MARGIN = 1.25  # websites that send the same differ by chance
_SHARE_RETRY_S = 2.0
_PAUSE_S = 0.5, 2.0  # before a 429: slows clients that retry at once
_TICK_S = 0.02
_DECAY = 0.8  # of the delay, at each tick without one: to a tenth in 0.2 s


class FairShares:
    """Cost of each website's chunks in the last one to two seconds, in bytes."""

    def __init__(self) -> None:
        self._now: Counter[str] = Counter()
        self._before: Counter[str] = Counter()
        self._total_bytes = [0, 0]  # now, before
        self._window_s = -math.inf

    def add(self, website_id: str, payload_bytes: int, now_s: float) -> None:
        """Count a body that was read."""
        self._advance(now_s)
        cost = payload_bytes + _CHUNK_BYTES
        self._now[website_id] += cost
        self._total_bytes[0] += cost

    def is_over(self, website_id: str, now_s: float) -> bool:
        """Whether a website got more than its share while others sent, too."""
        self._advance(now_s)
        mine = self._now[website_id] + self._before[website_id]
        if mine <= _FREE_BYTES:
            return False
        count = len(self._now.keys() | self._before.keys())
        return mine > _MARGIN * sum(self._total_bytes) / count  # alone, its share is the total

    def _advance(self, now_s: float) -> None:
        passed_s = now_s - self._window_s
        if passed_s >= _WINDOW_S:
            is_next = passed_s < 2 * _WINDOW_S
            self._before = self._now if is_next else Counter()
            self._total_bytes = [0, self._total_bytes[0] if is_next else 0]
            self._now = Counter()
            self._window_s = now_s


class LoopDelay:
    """Delay of the event loop, s: the time that every request waits before it is handled.

    Of the measures that cost nothing, this one separates full load from half load (see
    `benchmarks/README.md`).
    """

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._timer: asyncio.TimerHandle | None = None
        self.seconds = 0.0

    def watch(self) -> None:
        """Start to measure, on the running loop."""
        if self._timer is None:
            self._expect(asyncio.get_running_loop())

    def close(self) -> None:
        """Stop to measure."""
        if self._timer is not None:
            self._timer.cancel()

    def _expect(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(_TICK_S, self._tick, loop, loop.time() + _TICK_S)

    def _tick(self, loop: asyncio.AbstractEventLoop, due_s: float) -> None:
        self.seconds = max(loop.time() - due_s, self.seconds * _DECAY)
        self._gauge.set(self.seconds)
        self._expect(loop)


class WebsiteLimits:
    """Rate and fair share of each website. Use from one running event loop.

    Args:
        waiting_bytes: Returns the bytes that are held until they are answered.
        clock_s: A clock that never jumps, s.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        waiting_bytes: Callable[[], int],
        loop_delay: LoopDelay,
        clock_s: Callable[[], float],
    ) -> None:
        self._chunks_per_s = settings.ingest_website_chunks_per_s
        self._late_s = settings.ingest_late_ms / 1000
        self._waiting_bytes_max = settings.ingest_waiting_bytes_max // 4
        self._waiting_bytes = waiting_bytes
        self._loop_delay = loop_delay
        self._clock_s = clock_s
        self._rates = TokenBuckets(self._chunks_per_s, self._chunks_per_s * BURST_S)
        self._shares = FairShares()

    def admit(self, website_id: str) -> None:
        """Let a website's chunk pass.

        Raises:
            TooManyRequests: The website is above its rate or, while the process is under
                pressure, above its share.
        """
        self._loop_delay.watch()
        now_s = self._clock_s()
        if self._is_under_pressure() and self._shares.is_over(website_id, now_s):
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

    def record(self, website_id: str, payload_bytes: int, raw_bytes: int = 0) -> None:
        """Count a body that arrived, by its bytes or by those that it inflates to."""
        cost_bytes = max(payload_bytes, raw_bytes // _RAW_BYTES)
        self._shares.add(website_id, cost_bytes, self._clock_s())

    async def pause(self) -> None:
        """Wait before a refusal is sent, if the process is under pressure."""
        if self._is_under_pressure():
            # A random time, so that clients that came together do not come together again.
            await asyncio.sleep(random.uniform(*_PAUSE_S))  # noqa: S311 - no secret

    def close(self) -> None:
        """Stop the timer on the loop."""
        self._loop_delay.close()

    def _is_under_pressure(self) -> bool:
        return (
            self._loop_delay.seconds > self._late_s
            or self._waiting_bytes() > self._waiting_bytes_max
        )
