"""Visitors that record for ever and know what was acknowledged: the truth of a soak.

Each event carries a number that no other event has, so that a lost, doubled or invented one can
be told. A visitor sends its chunks out of order, some of them twice, and repeats what was not
acknowledged, as the recorder does.
"""

import gzip
import itertools
import json
import os
import random
import threading
import time
from dataclasses import dataclass, field

import httpx

from lake import ids

DAY_MS = 86_400_000
_COLD_DAYS = 3  # some sessions began on a day that has moved to the cold layout already


@dataclass
class Recorded:
    """One session: event numbers by chunk, and when each chunk was acknowledged (monotonic s)."""

    session_id: str
    sent: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    acknowledged_at: dict[tuple[str, int], float] = field(default_factory=dict)


class Visitors:
    """`count` threads of visitors, until `stop` is called."""

    def __init__(self, ingest_url: str, website_id: str, count: int, seed: int) -> None:
        self.sessions: list[Recorded] = []
        self.guard = threading.Lock()
        self.refused: list[str] = []
        self._url = f"{ingest_url}/v1/chunks"
        self._website_id = website_id
        self._numbers = itertools.count()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._visit, args=(random.Random(seed + i),), daemon=True)
            for i in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each visitor finish the chunk that it is sending."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def acknowledged_count(self) -> int:
        """Return how many chunks were acknowledged so far."""
        with self.guard:
            return sum(len(session.acknowledged_at) for session in self.sessions)

    def _visit(self, dice: random.Random) -> None:
        with httpx.Client(timeout=10) as client:
            while not self._stopping.is_set():
                self._record(client, dice)

    def _record(self, client: httpx.Client, dice: random.Random) -> None:
        now_ms = int(time.time() * 1000)
        began_ms = now_ms - (_COLD_DAYS * DAY_MS if dice.random() < 0.2 else 0)
        secret = os.urandom(16).hex()
        session = Recorded(ids.session_id_of(secret, began_ms))
        with self.guard:
            self.sessions.append(session)
        chunks = []
        for _ in range(dice.randint(1, 2)):
            page = ids.new_uuid7(began_ms)
            chunks += [(page, seq) for seq in range(dice.randint(1, 6))]
        dice.shuffle(chunks)
        for place in [*chunks, *dice.choices(chunks, k=dice.randint(0, 2))]:
            if self._stopping.is_set():
                return
            self._send(client, dice, session, secret, place, began_ms)

    def _send(
        self,
        client: httpx.Client,
        dice: random.Random,
        session: Recorded,
        secret: str,
        place: tuple[str, int],
        began_ms: int,
    ) -> None:
        page, seq = place
        if place not in session.sent:
            numbers = [next(self._numbers) for _ in range(dice.randint(1, 12))]
            with self.guard:
                session.sent[place] = numbers
        numbers = session.sent[place]
        body = json.dumps(
            [
                {
                    "type": 2 if seq == 0 and i == 0 else 3,
                    "timestamp": began_ms + seq * 1000 + i * 10,
                    "data": {"source": 9, "number": number, "text": "x" * (number % 2000)},
                }
                for i, number in enumerate(numbers)
            ]
        ).encode()
        zipped = dice.random() < 0.8
        headers = {"Origin": "https://shop.example"} | (
            {"Content-Encoding": "gzip"} if zipped else {}
        )
        params: dict[str, str | int] = {
            "website": self._website_id,
            "session": session.session_id,
            "page": page,
            "seq": seq,
            "secret": secret,
        }
        while not self._stopping.is_set():
            try:
                answer = client.post(
                    self._url,
                    params=params,
                    content=gzip.compress(body, 1) if zipped else body,
                    headers=headers,
                )
            except httpx.TransportError:
                self._stopping.wait(0.05)
                continue
            if answer.status_code == 202:
                with self.guard:
                    session.acknowledged_at.setdefault(place, time.monotonic())
                return
            if answer.status_code < 500 and answer.status_code != 429:
                self.refused.append(f"{answer.status_code} {answer.text[:200]}")
                return
            self._stopping.wait(0.05)
