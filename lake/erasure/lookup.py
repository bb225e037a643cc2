"""Sessions of people who are erased, wherever in the lake their chunks are. Reads only."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

import polars as pl

from lake import ids
from lake.analysis.decoding import data_of, field
from lake.control import tombstones
from lake.control.tombstones import People, Tombstones
from lake.errors import Damaged, ObjectMissing
from lake.raw import pending_index
from lake.raw.rrweb_events import CUSTOM, IDENTIFY, valid_user_id
from lake.sessions.session_file import SessionFile
from lake.storage import keys
from lake.storage.base import ObjectInfo, Store
from lake.tables.compacted_sessions import open_session_file
from lake.tables.delta_table import Table, reading
from lake.tables.erased_filter import filter_sessions_of_people
from lake.tables.session_rows import SessionKey, keys_in, may_hold_website


def sessions_of_people(store: Store, website_id: str, people: Mapping[str, int]) -> set[str]:
    """Return the sessions of these people, by hash, that began until the given times, ms.

    Raises:
        Damaged, StoreUnavailable.
    """
    # Waiting chunks first: what is compacted in between is seen twice rather than never. Files
    # last: a rebuild that empties the tables meanwhile is noticed.
    return set(_of_chunks(store, website_id, people)) | compacted_sessions_of_people(
        store, website_id, people
    )


def compacted_sessions_of_people(
    store: Store, website_id: str, people: Mapping[str, int]
) -> set[str]:
    """Return these people's sessions that have rows or session files.

    Raises:
        Damaged, StoreUnavailable.
    """
    return _of_rows(store, website_id, people) | set(
        _of_files_without_rows(store, website_id, people)
    )


def erased_sessions_with_chunks(
    store: Store, by_website: Mapping[str, Tombstones]
) -> set[SessionKey]:
    """Return the erased sessions that have pending or quarantined chunks.

    Raises:
        StoreUnavailable.
    """
    result = set()
    for waiting in _chunks(store) if by_website else ():
        received_chunk = waiting.received_chunk
        erased = by_website.get(received_chunk.website_id)
        if erased is None or not ids.is_uuid7(received_chunk.session_id):
            continue
        visitors, users = (received_chunk.client.visitor_id,), received_chunk.facts.users
        if erased.is_erased(received_chunk.session_id, visitors=visitors, users=users):
            result.add((received_chunk.website_id, received_chunk.session_id))
    return result


def people_in_file(store: Store, key: str) -> People:
    """Return the people of a session file; none where it cannot be read.

    Raises:
        StoreUnavailable.
    """
    with suppress(Damaged, ObjectMissing):
        file = SessionFile(store, key)
        users = file.header.users
        if any(chunk.user_id and not chunk.user_ids for chunk in file.header.chunks):
            users.update(_users_in(file))  # an older version kept the last of a chunk
        return People(file.header.visitors, users)
    return People()


def sessions_in_old_files(store: Store, website_id: str, people: Mapping[str, int]) -> set[str]:
    """Return sessions in which these people were identified, where only the files record it.

    Rows of an older version name the last user of a session alone; `lake.operations.rescore` and
    any compaction complete them. A file that cannot be read is `lake.operations.check.run`'s to
    name.

    Raises:
        StoreUnavailable.
    """
    rows = _rows(store, website_id).filter(pl.col("user_ids").is_null())
    with reading("sessions"):
        old = rows.select("website_id", "session_id", "file_bytes", "file_sha256").collect()
    result = set()
    for row in old.iter_rows(named=True):
        with suppress(Damaged, ObjectMissing):
            if _has_person(people, row["session_id"], (), _users_in(open_session_file(store, row))):
                result.add(row["session_id"])
    return result


def websites_with_session(store: Store, session_id: str) -> set[str]:
    """Return the websites that have a session of this id.

    Raises:
        Damaged, StoreUnavailable.
    """
    owners = {
        waiting.received_chunk.website_id
        for waiting in _chunks(store)
        if waiting.received_chunk.session_id == session_id
    }
    snapshot = Table(store, "sessions").snapshot()
    files = [f for f in snapshot.files if f.may_hold("session_id", session_id, session_id)]
    with reading("sessions"):
        rows = snapshot.scan(files).filter(session_id=session_id).select("website_id").collect()
    return owners | set(rows["website_id"])


def _of_chunks(store: Store, website_id: str, people: Mapping[str, int]) -> Iterator[str]:
    for waiting in _chunks(store):
        received_chunk = waiting.received_chunk
        if received_chunk.website_id == website_id and _has_person(
            people,
            received_chunk.session_id,
            (received_chunk.client.visitor_id,),
            received_chunk.facts.users,
        ):
            yield received_chunk.session_id


def _chunks(store: Store) -> Iterator[pending_index.PendingChunk]:
    """Yield all pending and quarantined chunks; segments that cannot be read are left out."""
    for prefix in (keys.RAW, keys.QUARANTINE):
        items = [item for item in store.list(prefix) if keys.parse_segment_key(item.key)]
        for got in pending_index.read_pending(store, items).values():
            if got is not None and not isinstance(got, Damaged):
                yield from got


def _of_rows(store: Store, website_id: str, people: Mapping[str, int]) -> set[str]:
    return filter_sessions_of_people(_rows(store, website_id), people)


def _rows(store: Store, website_id: str) -> pl.LazyFrame:
    snapshot = Table(store, "sessions").snapshot()
    files = [file for file in snapshot.files if may_hold_website(file, website_id)]
    return snapshot.scan(files).filter(website_id=website_id)


def _users_in(file: SessionFile) -> Iterator[str]:
    """Yield the users that a file's events identify."""
    for event in file.events():
        data = data_of(event.json) if event.type == CUSTOM else {}
        user_id = valid_user_id(field(data.get("payload"), "id"))
        if data.get("tag") == IDENTIFY and user_id is not None:
            yield user_id


def _of_files_without_rows(
    store: Store, website_id: str, people: Mapping[str, int]
) -> Iterator[str]:
    """Yield sessions that have a file and no row: their tables are lost, or being rebuilt.

    Files that cannot be read are left out.
    """
    files: dict[str, list[str]] = {}
    for item in _files(store, website_id):
        parsed = keys.parse_session_file_key(item.key) or keys.parse_quarantined_file_key(item.key)
        if parsed is not None:
            files.setdefault(parsed.session_id, []).append(item.key)
    snapshot = Table(store, "sessions").snapshot()
    with reading("sessions"):
        compacted = {key[1] for key in keys_in(snapshot, ((website_id, id_) for id_ in files))}
    for session_id in files.keys() - compacted:
        for key in files[session_id]:
            if _has_person(people, session_id, *people_in_file(store, key)):
                yield session_id


def _files(store: Store, website_id: str) -> Iterator[ObjectInfo]:
    """Yield a website's session files, quarantined or not, with one more request for each day."""
    for prefix in (keys.SESSIONS, keys.QUARANTINE):
        after = ""
        while (item := next(store.list(prefix, start_after=after), None)) is not None:
            folder = keys.folder_under(prefix, item.key)
            after = keys.after_folder(prefix, folder)
            yield from store.list(keys.subfolder(prefix, folder, website_id))


def _has_person(
    people: Mapping[str, int], session_id: str, visitors: Iterable[str], users: Iterable[str]
) -> bool:
    if not ids.is_uuid7(session_id):
        return False
    began_ms = ids.at_ms_of(session_id)
    return any(
        began_ms <= people.get(person_hash, -1)
        for person_hash in tombstones.person_hashes(visitors, users)
    )
