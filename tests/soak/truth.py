"""The expected contents of the lake in a soak: what must, must not and may be there.

Every event carries a number that no other event has, so that a lost, doubled or invented one can be
told; every session a marker in all that it tells, so that a byte of it can be found anywhere. A
chunk that was sent and never acknowledged (its server was killed) may be there or not.
"""

import json
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from secrets import token_hex

from lake import ids

Place = tuple[str, int]  # page, seq
DAY_MS = 86_400_000
_MARKER = "zqmark"
MARKER = rb"zqmark[0-9a-f]{16}"


@dataclass
class Sent:
    """The bytes that were sent for a place, and when they were acknowledged (monotonic s)."""

    numbers: list[int]
    body: bytes
    user: str
    acknowledged_at: float | None = None


@dataclass
class Session:
    """One session. `first` are the chunks that it is made of; `others` came later for places that
    were acknowledged, with other bytes.

    `leaves_at`: its removal was requested. `hidden_at`: it must not be served from then on.
    `may_go`: unknown whether a request includes it. All monotonic s.
    """

    website_id: str
    began_ms: int
    visitor_id: str
    secret: str = field(default_factory=lambda: token_hex(16))
    marker: str = field(default_factory=lambda: _MARKER + token_hex(8))
    first: dict[Place, Sent] = field(default_factory=dict)
    others: dict[Place, Sent] = field(default_factory=dict)
    leaves_at: float | None = None
    hidden_at: float | None = None
    may_go: bool = False
    why: str = "kept"

    def __post_init__(self) -> None:
        self.session_id = ids.session_id_of(self.secret, self.began_ms)

    @property
    def acknowledged(self) -> list[Sent]:
        """Its chunks that must be there, if the session must be."""
        return [chunk for chunk in self.first.values() if chunk.acknowledged_at is not None]

    @property
    def must_stay(self) -> bool:
        """Whether no removal of the session is known to be requested."""
        return self.leaves_at is None and not self.may_go

    def is_of(self, user: str) -> bool | None:
        """Whether this user is in an acknowledged chunk; None: only in unacknowledged ones."""
        mine = [chunk for chunk in self.first.values() if chunk.user == user]
        if any(chunk.acknowledged_at is not None for chunk in mine):
            return True
        return None if mine else False

    @property
    def is_expired(self) -> bool:
        """Whether it is past its website's retention."""
        return self.why == "expired"

    def leave(self, why: str) -> None:
        """Mark it as erased or expired; it may be missing from now on."""
        self.why = why
        self.leaves_at = self.leaves_at or time.monotonic()

    def hide(self) -> None:
        """Mark it as hidden; it must not be served from now on."""
        self.hidden_at = self.hidden_at or time.monotonic()

    def body_of(self, place: Place, numbers: Iterable[int], user: str) -> bytes:
        """Return the JSON of a chunk: who it is, where, and its numbered events."""
        page, seq = place
        at_ms = self.began_ms + seq * 1000
        events: list[dict[str, object]] = []
        for i, number in enumerate(numbers):
            data: dict[str, object] = {"source": 9, "text": self.marker + "x" * (number % 2000)}
            kind = 2 if seq == 0 and i == 0 else 3
            if i == 1:
                kind = 5
                data = {"tag": "replaylake.identify", "payload": {"id": user}}
            elif i == 2:
                kind = 4
                url = f"https://shop.example/{self.marker}/{page}"
                data = {"href": url, "width": 800, "height": 600}
            events.append(
                {"type": kind, "timestamp": at_ms + i * 10, "data": data | {"number": number}}
            )
        return json.dumps(events).encode()


class Truth:
    """All sessions of a soak. Hold `guard` to change one or to read many."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.sessions: list[Session] = []
        self.refused: list[str] = []
        self.is_rebuilt = False  # from then on rows may be missing for a while
        self.erasure_count = 0
        self.expired_websites = 0
        self._numbers = 0

    def add(self, session: Session) -> Session:
        """Know of one more session."""
        with self.guard:
            self.sessions.append(session)
        return session

    def chunk(self, session: Session, place: Place, count: int, user: str) -> Sent:
        """Return what is sent for a place, the same each time."""
        with self.guard:
            if place not in session.first:
                session.first[place] = self._made(session, place, count, user)
            return session.first[place]

    def other(self, session: Session, place: Place, count: int, user: str) -> Sent:
        """Return other bytes for a place that was acknowledged."""
        with self.guard:
            assert session.first[place].acknowledged_at is not None
            if place not in session.others:
                session.others[place] = self._made(session, place, count, user)
            return session.others[place]

    def acknowledged(self, sent: Sent) -> None:
        """Note that a chunk is durable."""
        with self.guard:
            sent.acknowledged_at = sent.acknowledged_at or time.monotonic()

    def acknowledged_count(self) -> int:
        """Return how many chunks were acknowledged so far, those with other bytes included."""
        with self.guard:
            return sum(
                sent.acknowledged_at is not None
                for session in self.sessions
                for sent in (*session.first.values(), *session.others.values())
            )

    def _made(self, session: Session, place: Place, count: int, user: str) -> Sent:
        numbers = list(range(self._numbers, self._numbers + count))
        self._numbers += count
        return Sent(numbers, session.body_of(place, numbers, user), user)


def number_of(line: str) -> int:
    """Return the number of an event as it is served."""
    return int(json.loads(line)["data"]["number"])
