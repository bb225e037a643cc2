"""Visitors that record for ever, ask for erasure, and outlive their website's plan.

A visitor sends chunks out of order, some of them twice, some places with other bytes afterwards,
and repeats what was not acknowledged, as the recorder does. Sessions of today go over HTTP, those
of other days the way of imports. What was sent, and what became of it, is noted in a `Truth`.
"""

import gzip
import itertools
import json
import random
import threading
import time
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

import httpx

from lake import ids
from lake.control import websites
from lake.control.visitor_salts import Salts
from lake.raw import chunk_codec, segment_writer
from lake.raw.chunk_facts import Client
from lake.raw.segment_file import ReceivedChunk
from lake.storage.base import Store
from tests.soak.truth import DAY_MS, Place, Sent, Session, Truth
from tests.soak.work import now_ms

SHORT_PLAN = "scale=3"  # REPLAY_PLAN_DAYS: a website that is put on this plan keeps three days
_ORIGIN = "https://shop.example"
_RETAINED_DAYS, _EXPIRED_DAYS = (1,), (5, 6)  # no day at whose end a midnight during a soak matters
_COLD_DAYS = 5  # these have moved to the cold layout
_RETRY_S = 0.05


class SoakTargets(NamedTuple):
    """Addresses of visitors: ingest, the folder of erasure requests, the truth."""

    store: Store
    ingest_url: str
    requests_folder: Path
    truth: Truth
    users_max: int


class Visitors:
    """Threads of visitors to websites that stay, and one of websites whose plan is made shorter.

    They go on until `stop`.
    """

    def __init__(self, targets: SoakTargets, website_ids: list[str], count: int, seed: int) -> None:
        self._stopping = threading.Event()
        threads: list[threading.Thread] = []
        for number in range(count):
            visitor = _Visitor(targets, website_ids, random.Random(f"{seed} {number}"), self)
            threads.append(threading.Thread(target=visitor.live, daemon=True))
        owner = _Owner(targets, random.Random(f"{seed} owner"), self)
        threads.append(threading.Thread(target=owner.live, daemon=True))
        self.failures: list[str] = []
        self._threads = threads
        for thread in threads:
            thread.start()

    def stop(self) -> None:
        """Let each finish what it is doing."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    @property
    def is_over(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def wait(self, seconds: float) -> None:
        """Wait, but not beyond the end."""
        self._stopping.wait(seconds)


class _Sender:
    """Sends the chunks of sessions, and notes what became of them."""

    def __init__(self, targets: SoakTargets, dice: random.Random, visitors: Visitors) -> None:
        self.targets, self.dice, self.all = targets, dice, visitors
        self.truth = targets.truth
        self._salts = Salts(targets.store)
        self._client = httpx.Client(timeout=10)

    def http_session(self, website_id: str, user_agent: str) -> Session:
        """A session that begins now."""
        visitor_id = self._salts.visitor_id(website_id, "127.0.0.1", user_agent, now_ms=now_ms())
        return self.truth.add(Session(website_id, now_ms(), visitor_id))

    def old_session(self, website_id: str, days_ago: int, visitor_id: str) -> Session:
        """A session that began long ago."""
        return self.truth.add(Session(website_id, now_ms() - days_ago * DAY_MS, visitor_id))

    def record(self, session: Session, users: list[str], user_agent: str = "") -> None:
        """Send some chunks of a session: over HTTP with a user agent, else as imports do."""
        for place in self._places(session):
            sent = self.truth.chunk(
                session, place, self.dice.randint(2, 12), users[place[1] % len(users)]
            )
            if not self.deliver(session, place, sent, user_agent):
                return
            if self.dice.random() < 0.1:
                other = self.truth.other(session, place, self.dice.randint(2, 12), sent.user)
                self.deliver(session, place, other, user_agent)

    def deliver(self, session: Session, place: Place, sent: Sent, user_agent: str) -> bool:
        """Send one chunk until it is acknowledged; False if it may or may not be stored."""
        if not user_agent:
            deliver_as_import(self.targets.store, session, place, sent)
            self.truth.acknowledged(sent)
            return True
        while not self.all.is_over:
            answer = self.post(session, place, sent, user_agent)
            if answer is not None and answer.status_code == 202:
                self.truth.acknowledged(sent)
                return True
            if answer is not None and answer.status_code < 500 and answer.status_code != 429:
                self.truth.refused.append(f"{answer.status_code} {answer.text[:200]}")
                return False
            self.all.wait(_RETRY_S)
        return False

    def post(
        self, session: Session, place: Place, sent: Sent, user_agent: str
    ) -> httpx.Response | None:
        """Send a chunk once. None: no answer came."""
        zipped = self.dice.random() < 0.8
        headers = {"Origin": _ORIGIN, "User-Agent": user_agent}
        page, seq = place
        params: dict[str, str | int] = {
            "website": session.website_id,
            "session": session.session_id,
            "page": page,
            "seq": seq,
            "secret": session.secret,
        }
        try:
            return self._client.post(
                f"{self.targets.ingest_url}/v1/chunks",
                params=params,
                content=gzip.compress(sent.body, 1) if zipped else sent.body,
                headers=headers | ({"Content-Encoding": "gzip"} if zipped else {}),
            )
        except httpx.TransportError:
            return None

    def _places(self, session: Session) -> list[Place]:
        """Pages and sequence numbers, out of order and some of them twice."""
        places: list[Place] = []
        for _ in range(self.dice.randint(1, 2)):
            page = ids.new_uuid7(session.began_ms)
            places += [(page, seq) for seq in range(self.dice.randint(1, 6))]
        self.dice.shuffle(places)
        return [*places, *self.dice.choices(places, k=self.dice.randint(0, 2))]


class _Visitor(_Sender):
    """One person after another, on two websites each; some want to be forgotten on one of them."""

    def __init__(
        self, targets: SoakTargets, website_ids: list[str], dice: random.Random, visitors: Visitors
    ) -> None:
        super().__init__(targets, dice, visitors)
        self._website_ids = website_ids

    def live(self) -> None:
        while not self.all.is_over:
            try:
                self._live_as_person()
            except Exception as error:
                self.all.failures.append(f"a visitor failed: {error!r}")
                return

    def _live_as_person(self) -> None:
        users = [f"user-{token_hex(8)}" for _ in range(self.targets.users_max)]
        user_agent = f"Soak/{token_hex(8)}"
        home, other = self.dice.sample(self._website_ids, 2)
        sessions = [self._visit(home, users, user_agent) for _ in range(self.dice.randint(1, 3))]
        self._visit(other, users, user_agent)
        if self.dice.random() < 0.4 and not self.all.is_over:
            self._request_erasure(home, users, sessions)
            self._send_late_chunks(
                [session for session in sessions if session.hidden_at], user_agent
            )
            if not self.all.is_over:  # else it may be written down later
                later = self.http_session(home, user_agent)  # what begins later is not meant
                self.record(later, users, user_agent)

    def _visit(self, website_id: str, users: list[str], user_agent: str) -> Session:
        """Record a session of today or, as an import, of another day."""
        if self.dice.random() < 0.8:
            session = self.http_session(website_id, user_agent)
            self.record(session, users, user_agent)
        else:
            visitor_id = self._salts.visitor_id(
                website_id, "127.0.0.1", user_agent, now_ms=now_ms()
            )
            session = self.old_session(website_id, self.dice.choice((1, _COLD_DAYS)), visitor_id)
            self.record(session, users)
        return session

    def _request_erasure(self, website_id: str, users: list[str], sessions: list[Session]) -> None:
        """Request an erasure, and wait until it is recorded."""
        how = self.dice.choice(("user_id", "user_id", "visitor_id", "sessions"))
        wanted: dict[str, object] = {"website_id": website_id}
        leaving: list[Session] = []
        if how == "sessions":
            leaving = [session for session in sessions if session.acknowledged][:1]
            wanted["sessions"] = [session.session_id for session in leaving]
        elif how == "visitor_id":
            leaving = [
                session for session in sessions if session.visitor_id == sessions[0].visitor_id
            ]
            wanted["visitor_id"] = sessions[0].visitor_id
        else:
            wanted["user_id"] = user = self.dice.choice(users)
            for session in sessions:
                if (is_of := session.is_of(user)) is None:
                    session.may_go = True
                elif is_of:
                    leaving.append(session)
        if not leaving:
            return
        for session in leaving:
            session.leave("erased")
        path = self.targets.requests_folder / f"{time.time_ns()}.json"
        path.with_suffix(".new").write_text(json.dumps(wanted))
        path.with_suffix(".new").rename(path)
        while path.exists() and not self.all.is_over:
            self.all.wait(_RETRY_S)
        if path.exists():
            return  # carried out in the end
        time.sleep(0.01)  # sessions that begin in the same millisecond are included
        for session in leaving:
            session.hide()
        with self.truth.guard:
            self.truth.erasure_count += 1

    def _send_late_chunks(self, sessions: list[Session], user_agent: str) -> None:
        """Send chunks of sessions that were erased: old ones and a new one, either way."""
        for session in sessions:
            places = list(session.first)[:1]
            places.append((places[0][0] if places else ids.new_uuid7(session.began_ms), 1000))
            for place in places:
                sent = self.truth.chunk(session, place, 3, "")
                if self.dice.random() < 0.5:
                    self.deliver(session, place, sent, "")
                    continue
                answer = self.post(session, place, sent, user_agent)
                if answer is not None and answer.status_code not in (202, 400, 410, 429, 503):
                    self.truth.refused.append(f"late: {answer.status_code} {answer.text[:200]}")


class _Owner(_Sender):
    """Makes websites with old sessions, and puts each on a plan that keeps them no longer."""

    def live(self) -> None:
        while not self.all.is_over:
            try:
                self._own_website()
            except Exception as error:
                self.all.failures.append(f"an owner failed: {error!r}")
                return

    def _own_website(self) -> None:
        made = websites.create(
            self.targets.store, "short", plan="pro", origins=(_ORIGIN,), now_ms=now_ms()
        )
        sessions = {
            days_ago: [
                self.old_session(made.website_id, days_ago, f"visitor-{token_hex(8)}")
                for _ in range(2)
            ]
            for days_ago in (*_RETAINED_DAYS, *_EXPIRED_DAYS)
        }
        for session in itertools.chain(*sessions.values()):
            self.record(session, [f"user-{token_hex(8)}"])
        self.all.wait(self.dice.uniform(0, 6))
        leaving = [session for days in _EXPIRED_DAYS for session in sessions[days]]
        for leaver in leaving:
            leaver.leave("expired")
        websites.change(self.targets.store, made.website_id, {"plan": "scale"})
        for leaver in leaving:
            leaver.hide()
        with self.truth.guard:
            self.truth.expired_websites += 1
        self.all.wait(self.dice.uniform(0, 6))
        for session in itertools.chain(*sessions.values()):
            self.record(
                session, [f"user-{token_hex(8)}"]
            )  # late chunks; those of retained sessions stay


def deliver_as_import(store: Store, session: Session, place: Place, sent: Sent) -> None:
    """Append a chunk to the lake, whatever the age of its session."""
    payload = gzip.compress(sent.body, 1)
    page, seq = place
    received_chunk = ReceivedChunk(
        session.website_id,
        session.session_id,
        chunk_codec.read_chunk(sent.body, page_id=page, seq=seq),
        Client(visitor_id=session.visitor_id),
        now_ms() * 1000,
        "gzip",
        payload,
        len(payload),
    )
    segment_writer.append(store, [received_chunk], now_ms=now_ms())
