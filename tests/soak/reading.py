"""A reader of random sessions during the kills that verifies each answer."""

import random
import time
from collections import Counter
from typing import NamedTuple

import httpx

from tests.soak.truth import Session, Truth, number_of

_SEEN_AFTER_S = 10.0  # an acknowledged chunk must be in a reader's answer by then
_HIDDEN_AFTER_S = 3.0  # and what expired must not; a service may believe a website for a second


class _Due(NamedTuple):
    """Events that an answer must contain; `is_hidden`: the session must not be served."""

    must: list[int]
    is_hidden: bool


class Reader:
    """Reads random sessions; `wrong` lists the mistakes in their answers."""

    def __init__(self, truth: Truth, query_url: str, keys: dict[str, str], seed: int) -> None:
        self.reads = self.misses = 0
        self.wrong: list[str] = []
        self._truth = truth
        self._dice = random.Random(f"{seed} reader")
        self._client = httpx.Client(base_url=query_url, timeout=30)
        self._keys = keys

    def read_session(self, *, is_whole: bool) -> None:
        """Read one random session and verify the answer.

        Args:
            is_whole: The tables are; else, while they are rebuilt, anything may be missing.
        """
        with self._truth.guard:
            mine = [
                session
                for session in self._truth.sessions[-2000:]
                if session.website_id in self._keys
            ]
            session = self._dice.choice(mine) if mine else None
        if session is None:
            time.sleep(0.02)
            return
        due = self._due(session)
        try:
            answer = self._client.get(
                f"/api/replay/{session.session_id}",
                headers={"Authorization": f"Bearer {self._keys[session.website_id]}"},
            )
        except httpx.TransportError:
            time.sleep(0.05)
            return
        self.reads += 1
        must_be_there = bool(due.must) and session.must_stay and is_whole
        if answer.status_code == 404:
            self.misses += 1
            if must_be_there:
                self.wrong.append(f"{session.session_id}: 404, {len(due.must)} events are due")
        elif answer.status_code != 200:
            self.wrong.append(f"replay answered {answer.status_code}: {answer.text[:300]}")
        elif due.is_hidden:
            self.wrong.append(f"{session.session_id}: is served, and is {session.why}")
        else:
            self._look(session, due, answer.text, must_be_there=must_be_there)

    def _look(self, session: Session, due: _Due, text: str, *, must_be_there: bool) -> None:
        counts = Counter(number_of(line) for line in text.splitlines())
        missing = [number for number in due.must if not counts[number]]
        with self._truth.guard:
            sent = {number for chunk in session.first.values() for number in chunk.numbers}
        if missing and must_be_there:
            self.wrong.append(f"{session.session_id}: {len(missing)} of {len(due.must)} missing")
        if any(count > 1 for count in counts.values()):
            self.wrong.append(f"{session.session_id}: events are doubled")
        if counts.keys() - sent:
            self.wrong.append(f"{session.session_id}: {len(counts.keys() - sent)} events invented")

    def _due(self, session: Session) -> _Due:
        now = time.monotonic()
        with self._truth.guard:
            must = [
                number
                for sent in session.first.values()
                if sent.acknowledged_at is not None and sent.acknowledged_at < now - _SEEN_AFTER_S
                for number in sent.numbers
            ]
        hidden_after_s = _HIDDEN_AFTER_S if session.is_expired else 0
        is_hidden = session.hidden_at is not None and session.hidden_at < now - hidden_after_s
        return _Due(must, is_hidden)
