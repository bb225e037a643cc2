"""Which sessions an erasure of people means, wherever in the lake their chunks are. Reads only."""

from collections.abc import Iterator, Mapping

from lake import erased, ids, keys, pending
from lake.errors import Damaged
from lake.hiding import sessions_of
from lake.store import Store
from lake.tables.sessions import may_be_of
from lake.tables.table import Table, reading


def of_people(store: Store, website_id: str, people: Mapping[str, int]) -> set[str]:
    """Return the sessions of these people, by hash, that began until the given times, ms.

    Raises:
        Damaged, StoreUnavailable.
    """
    # Waiting chunks first: what is compacted in between is seen twice rather than never.
    return set(_of_chunks(store, website_id, people)) | _of_rows(store, website_id, people)


def websites_of(store: Store, session_id: str) -> set[str]:
    """Return the websites that have a session of this id.

    Raises:
        Damaged, StoreUnavailable.
    """
    found = {
        waiting.arrival.website_id
        for waiting in _chunks(store)
        if waiting.arrival.session_id == session_id
    }
    snapshot = Table(store, "sessions").snapshot()
    files = [f for f in snapshot.files if f.may_hold("session_id", session_id, session_id)]
    with reading("sessions"):
        rows = snapshot.scan(files).filter(session_id=session_id).select("website_id").collect()
    return found | set(rows["website_id"])


def _of_chunks(store: Store, website_id: str, people: Mapping[str, int]) -> Iterator[str]:
    for waiting in _chunks(store):
        arrival = waiting.arrival
        if arrival.website_id == website_id and _is_of(
            people, arrival.session_id, arrival.client.visitor_id, arrival.facts.user_id
        ):
            yield arrival.session_id


def _chunks(store: Store) -> Iterator[pending.Waiting]:
    """Yield all chunks that wait or were put aside; what cannot be read is left out."""
    for prefix in (keys.RAW, keys.QUARANTINE):
        items = [item for item in store.list(prefix) if keys.parse_segment_key(item.key)]
        for got in pending.read(store, items).values():
            if got is not None and not isinstance(got, Damaged):
                yield from got


def _of_rows(store: Store, website_id: str, people: Mapping[str, int]) -> set[str]:
    snapshot = Table(store, "sessions").snapshot()
    files = [file for file in snapshot.files if may_be_of(file, website_id)]
    return sessions_of(snapshot.scan(files).filter(website_id=website_id), people)


def _is_of(
    people: Mapping[str, int], session_id: str, visitor_id: str | None, user_id: str | None
) -> bool:
    began_ms = ids.at_ms_of(session_id)
    found = (erased.person("visitor", visitor_id), erased.person("user", user_id))
    return any(began_ms <= people.get(one, -1) for one in found)
