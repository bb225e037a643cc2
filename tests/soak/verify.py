"""The final verification: expected and removed sessions, in rows and in bytes."""

import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow as pa
import zstandard

import lake
from lake.control import websites
from lake.errors import Damaged, SessionMissing
from lake.operations.check.run import check
from lake.operations.rebuild import rebuild
from lake.raw import segment_file
from lake.reading import replay
from lake.reading.lake_snapshot import Lake
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import Store
from tests.soak.truth import MARKER, Session, Truth, number_of
from tests.soak.work import now_ms
from tests.support.texts import texts_of

_TABLES = ("sessions", "pages", "errors", "signals", "daily_summary")


@dataclass
class Verification:
    """Counts of what is wrong, with examples, and of what was looked for."""

    lost: int = 0
    doubled: int = 0
    invented: int = 0
    resurrected: int = 0
    removed_sessions: int = 0
    conflicts: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def is_wrong(self) -> bool:
        """Whether any count of mistakes is above zero."""
        return bool(self.lost or self.doubled or self.invented or self.resurrected)

    def add_example(self, text: str) -> None:
        """Add an example, up to 20."""
        if len(self.examples) < 20:
            self.examples.append(text)


def compare(store: Store, settings: Settings, truth: Truth) -> Verification:
    """Read every session, and every byte of the lake."""
    reader = Lake(store, settings, now_ms)
    websites_by_id = {website.website_id: website for website in websites.list_all(store)}
    done = Verification()
    for session in truth.sessions:
        counts = _events(reader, websites_by_id[session.website_id], session)
        if session.leaves_at is not None:
            done.removed_sessions += 1
            if counts is not None:
                done.resurrected += 1
                done.add_example(f"{_name(session)} is served")
            continue
        _compare_session(done, session, counts)
    _look_into_bytes(done, settings, truth)
    _look_into_quarantine(done, store, truth)
    return done


def _compare_session(done: Verification, session: Session, counts: Counter[int] | None) -> None:
    for sent in session.acknowledged if session.must_stay else ():
        missing = [number for number in sent.numbers if counts is None or not counts[number]]
        if missing:
            done.lost += 1
            done.add_example(
                f"{_name(session)}: {len(missing)} of {len(sent.numbers)} events are lost"
            )
    if counts is None:
        return
    of_first = {number for sent in session.first.values() for number in sent.numbers}
    doubled = sum(count - 1 for count in counts.values())
    invented = counts.keys() - of_first
    done.doubled += doubled
    done.invented += len(invented)
    if doubled or invented:
        done.add_example(f"{_name(session)}: {doubled} doubled, {sorted(invented)[:9]} invented")


def _events(reader: Lake, website: websites.Website, session: Session) -> Counter[int] | None:
    """Count the numbers of a session's events; None if it is not served."""
    try:
        answer = replay.replay(reader, website, session.session_id)
    except SessionMissing:
        return None
    counts: Counter[int] = Counter()
    for piece in answer.pieces:
        counts.update(number_of(line) for line in piece.text().decode().split("\n")[:-1])
    return counts


def _look_into_bytes(done: Verification, settings: Settings, truth: Truth) -> None:
    """Search every file of the lake's folder for markers of removed sessions.

    Rows of what expired may stand in the tables' former files until they are vacuumed; nobody sees
    them any more.
    """
    folder = Path(settings.lake)
    erased = {
        session.marker: session
        for session in truth.sessions
        if session.leaves_at and not session.is_expired
    }
    expired = {session.marker: session for session in truth.sessions if session.is_expired}
    for path in _files(folder):
        name = str(path.relative_to(folder))
        markers = {marker.decode() for marker in re.findall(MARKER, _text(path))}
        for marker in markers & erased.keys():
            done.resurrected += 1
            done.add_example(f"{_name(erased[marker])} is in {name}")
        for marker in markers & expired.keys() if not name.startswith("tables/") else ():
            done.resurrected += 1
            done.add_example(f"{_name(expired[marker])} is in {name}")
    opened = lake.open(settings.lake)
    removed = {session.session_id: session for session in (*erased.values(), *expired.values())}
    for table in _TABLES[:-1]:
        rows = getattr(opened, table)().select("session_id").unique().collect()
        for session_id in set(rows["session_id"]) & removed.keys():
            done.resurrected += 1
            done.add_example(f"{_name(removed[session_id])} has rows in {table}")


def _look_into_quarantine(done: Verification, store: Store, truth: Truth) -> None:
    """Look for the chunks whose places held other bytes already."""
    quarantined = set(_quarantined_chunks(store))
    for session in truth.sessions:
        if not session.must_stay:
            continue
        for place, sent in session.others.items():
            if sent.acknowledged_at is None:
                continue
            done.conflicts += 1
            if (session.session_id, *place, len(sent.body)) not in quarantined:
                done.lost += 1
                done.add_example(f"{_name(session)}: other bytes of {place} are not in quarantine")


def _quarantined_chunks(store: Store) -> Iterator[tuple[str, str, int, int]]:
    for item in store.list(keys.QUARANTINE):
        if not keys.parse_segment_key(item.key):
            continue
        try:
            received_chunks = segment_file.decode(store.get(item.key))
        except Damaged:
            continue
        for received_chunk in received_chunks:
            facts = received_chunk.facts
            yield received_chunk.session_id, facts.page_id, facts.seq, facts.raw_bytes


def checked(store: Store, settings: Settings) -> list[str]:
    """Return what `check` finds; what lies in quarantine is what we put there."""
    return [
        f"{finding.kind} {finding.where} {finding.detail}"
        for finding in check(store, settings, now_ms=now_ms())
        if "quarantine" not in finding.kind
    ]


def rebuilt_otherwise(store: Store, settings: Settings) -> list[str]:
    """Rebuild the tables; return those that are not as before."""

    def rows() -> dict[str, object]:
        opened = lake.open(settings.lake)
        return {
            name: getattr(opened, name)().collect().sort(pl.all()).to_dicts() for name in _TABLES
        }

    before = rows()
    done = rebuild(store, settings)
    after = rows()
    wrong = [f"rebuild changed {name}" for name in before if before[name] != after[name]]
    wrong += [f"rebuild: {where}: {why}" for where, why in done.failed.items()]
    return wrong + [f"after rebuild: {finding}" for finding in checked(store, settings)]


def _text(path: Path) -> bytes:
    """Return the texts of a file, or its bytes if a killed writer left it incomplete."""
    body = path.read_bytes()
    try:
        return texts_of([(path.name, body)])[path.name]
    except (pa.ArrowException, zstandard.ZstdError, OSError, EOFError, zlib.error):
        return body


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _name(session: Session) -> str:
    return f"{session.website_id}/{session.session_id} ({session.why})"
