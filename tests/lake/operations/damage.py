"""What may be wrong with a lake: each damage, the kinds that `check` must name, no other."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pyarrow.parquet as pq

from lake import ids
from lake.control import api_keys, tombstones, visitor_salts, websites
from lake.operations.maintenance import maintain
from lake.raw import segment_writer
from lake.raw.segment_file import encode
from lake.storage import keys
from lake.storage.base import Store
from lake.tables.delta_table import Table
from lake.tables.schemas import SCHEMAS
from tests.lake.operations.lakes import DAY_MS, filled
from tests.query_api.recorded import NOW_MS, Lakeful, Session, moves, page

# Files are as old as the real clock says: what has no row must not look like a writer's.
CHECK_MS = int(datetime.now(UTC).timestamp() * 1000) + 3 * DAY_MS


_ZSTD = b"\x28\xb5\x2f\xfd"  # what a frame begins with


class Damage(NamedTuple):
    """`do` plants it in a sound lake with these sessions. `mended`: `repair` needs no one else."""

    name: str
    kinds: set[str]
    do: Callable[[Lakeful, list[Session]], None]
    mended: bool = True


class Sound(NamedTuple):
    """A lake in which nothing is wrong, and its compacted sessions."""

    lakeful: Lakeful
    sessions: list[Session]


def filled_all_over(lakeful: Lakeful) -> list[Session]:
    """Fill a lake: hot and cold days, two websites, a session that waits, all control objects."""
    sessions = filled(lakeful)
    maintain(lakeful.store, lakeful.settings, now_ms=NOW_MS)
    other = lakeful.record(page(NOW_MS - 5000), lakeful.new_website(), began_ms=NOW_MS - 9000)
    lakeful.compact(other.day)
    maintain(lakeful.store, lakeful.settings, now_ms=NOW_MS)
    began_ms = NOW_MS - DAY_MS - 7000
    lakeful.record([*page(began_ms), *moves(began_ms + 9, 9)], began_ms=began_ms)
    lakeful.key()
    visitor_salts.Salts(lakeful.store).visitor_id("w", "", "", now_ms=NOW_MS)
    tombstones.add(lakeful.store, lakeful.website.website_id, sessions=[ids.new_uuid7(NOW_MS)])
    return sessions


def flip(store: Store, key: str, at: int, bit: int = 0) -> None:
    body = bytearray(store.get(key))
    body[at] ^= 1 << bit
    store.put(key, bytes(body))


def file_of(store: Store, session: Session) -> str:
    prefix = f"{keys.session_prefix(session.day, session.website_id)}{session.session_id}."
    (item,) = store.list(prefix)
    return item.key


def rewrite(
    lakeful: Lakeful,
    name: str,
    session: Session | None = None,
    change: pl.Expr | None = None,
    *,
    copies: int = 1,
) -> None:
    """Replace rows of a session, or all, by others, as no writer of ours would."""
    table = Table(lakeful.store, name)
    mine = pl.lit(True) if session is None else pl.col("session_id") == session.session_id
    for part in {file.part for file in table.snapshot().files}:
        snapshot = table.snapshot()
        rows = snapshot.scan(snapshot.of_parts([part])).collect().with_columns(part=pl.lit(part))
        hit, others = rows.filter(mine), rows.filter(~mine)
        if not hit.height:
            continue
        if change is not None:
            hit = hit.with_columns(change)
        schema = SCHEMAS[name]
        new = pl.concat([others, *[hit] * copies]).select(schema.names).to_arrow()
        table.replace([part], new)


def log_of(lakeful: Lakeful, name: str) -> Path:
    return Path(lakeful.settings.lake) / "tables" / name / "_delta_log"


def _table_file(lakeful: Lakeful, name: str) -> Path:
    return Path(Table(lakeful.store, name).snapshot().files[0].uri)


def _file_bit(part: float) -> Callable[[Lakeful, list[Session]], None]:
    def do(lakeful: Lakeful, sessions: list[Session]) -> None:
        key = file_of(lakeful.store, sessions[0])
        flip(lakeful.store, key, int(part * (len(lakeful.store.get(key)) - 1)))

    return do


def _segment_bit(part: float) -> Callable[[Lakeful, list[Session]], None]:
    def do(lakeful: Lakeful, sessions: list[Session]) -> None:
        key = next(lakeful.store.list(keys.RAW)).key
        flip(lakeful.store, key, int(part * (len(lakeful.store.get(key)) - 1)))

    return do


def _missing(lakeful: Lakeful, sessions: list[Session]) -> None:
    lakeful.store.delete([file_of(lakeful.store, sessions[0])])


def _cut(lakeful: Lakeful, sessions: list[Session]) -> None:
    key = file_of(lakeful.store, sessions[0])
    lakeful.store.put(key, lakeful.store.get(key)[:-1])


def _swapped(lakeful: Lakeful, sessions: list[Session]) -> None:
    first, second = (file_of(lakeful.store, session) for session in sessions[:2])
    lakeful.store.put(first, lakeful.store.get(second))


def _stranger(lakeful: Lakeful, sessions: list[Session]) -> None:
    """Another session's file, whole, under a name with its own hash."""
    body = lakeful.store.get(key := file_of(lakeful.store, sessions[0]))
    name = key.replace(sessions[0].session_id, ids.uuid7(sessions[0].began_ms, 9))
    lakeful.store.put(name, body)


def _older(lakeful: Lakeful, sessions: list[Session]) -> None:
    key = file_of(lakeful.store, sessions[0])
    generation = keys.parse_session_file_key(key).generation  # type: ignore[union-attr]
    lakeful.store.put(key.replace(generation, "0" * 16), lakeful.store.get(key))


def _no_rows(lakeful: Lakeful, sessions: list[Session]) -> None:
    for name in ("sessions", "pages", "errors", "session_files"):
        rewrite(lakeful, name, sessions[8], copies=0)
    lakeful.compact(sessions[8].day)
    from lake.tables.daily_summary import summarise_day

    summarise_day(lakeful.store, sessions[8].day)


def _wrong(name: str, column: pl.Expr, number: int = 1) -> Callable[..., None]:
    return lambda lakeful, sessions: rewrite(lakeful, name, sessions[number], column)


def _doubled(name: str, number: int = 1) -> Callable[[Lakeful, list[Session]], None]:
    return lambda lakeful, sessions: rewrite(lakeful, name, sessions[number], copies=2)


def _gone_rows(name: str) -> Callable[[Lakeful, list[Session]], None]:
    return lambda lakeful, sessions: rewrite(lakeful, name, sessions[1], copies=0)


def _nobodys_error(lakeful: Lakeful, sessions: list[Session]) -> None:
    nobody = pl.lit(ids.uuid7(sessions[1].began_ms, 1)).alias("session_id")
    rewrite(lakeful, "errors", sessions[1], nobody)


def _foreign(prefix: Callable[[Session], str]) -> Callable[[Lakeful, list[Session]], None]:
    return lambda lakeful, sessions: lakeful.store.put(f"{prefix(sessions[0])}note.txt", b"hello")


def _other_day(lakeful: Lakeful, sessions: list[Session]) -> None:
    chunks = sessions[0].chunks(moves(sessions[0].began_ms + 9000, 7))
    key = keys.segment_key(sessions[3].day, ids.new_uuid7(NOW_MS))
    lakeful.store.put(key, encode(chunks))


def _bad_chunk(lakeful: Lakeful, sessions: list[Session]) -> None:
    good, bad = sessions[0].chunks(moves(sessions[0].began_ms + 9000, 2), size=1)
    bad = bad._replace(payload=good.payload, payload_bytes=len(good.payload))
    segment_writer.append(lakeful.store, [good, bad], now_ms=NOW_MS)


def _control(key_of: Callable[[Lakeful], str], body: bytes) -> Callable[..., None]:
    return lambda lakeful, _sessions: lakeful.store.put(key_of(lakeful), body)


def _website(lakeful: Lakeful) -> str:
    return keys.website_key(lakeful.website.website_id)


def _hint(body: bytes | None) -> Callable[[Lakeful, list[Session]], None]:
    def do(lakeful: Lakeful, sessions: list[Session]) -> None:
        path = log_of(lakeful, "sessions") / "_last_checkpoint"
        path.unlink()
        if body is not None:
            path.write_bytes(body)

    return do


def _lost_commit(lakeful: Lakeful, sessions: list[Session]) -> None:
    """In the middle, behind the checkpoint: what delta-rs makes of it is an older table."""
    for number in range(3):
        rewrite(lakeful, "pages", sessions[number])
    sorted(log_of(lakeful, "pages").glob("*.json"))[-2].unlink()


def _garbage_commit(lakeful: Lakeful, sessions: list[Session]) -> None:
    rewrite(lakeful, "pages", sessions[0])
    sorted(log_of(lakeful, "pages").glob("*.json"))[-1].write_bytes(b"\0garbage")


def _table_bit(lakeful: Lakeful, sessions: list[Session]) -> None:
    """The first of a page, which is zstd, of a column that the log knows nothing of."""
    path = _table_file(lakeful, "sessions")
    group = pq.read_metadata(path).row_group(0)
    (column,) = (
        group.column(number)
        for number in range(group.num_columns)
        if group.column(number).path_in_schema == "file_sha256"
    )
    body = bytearray(path.read_bytes())
    first = column.dictionary_page_offset or column.data_page_offset
    body[body.index(_ZSTD, first)] ^= 1  # further on, a bit may also change a value unseen
    path.write_bytes(bytes(body))


def _table_file_gone(lakeful: Lakeful, sessions: list[Session]) -> None:
    _table_file(lakeful, "pages").unlink()


def _table_bounds(lakeful: Lakeful, sessions: list[Session]) -> None:
    """The log says of a file that it holds other sessions: writers would not find its rows."""
    rewrite(lakeful, "sessions", sessions[0])
    commit = sorted(log_of(lakeful, "sessions").glob("*.json"))[-1]
    actions = [json.loads(line) for line in commit.read_text().splitlines()]
    for action in actions:
        if "add" in action:
            stats = json.loads(action["add"]["stats"])
            stats["minValues"]["session_id"] = stats["maxValues"]["session_id"] = "zzz"
            action["add"]["stats"] = json.dumps(stats)
    commit.write_text("\n".join(map(json.dumps, actions)))


def _erased(lakeful: Lakeful, sessions: list[Session]) -> None:
    lakeful.store.delete([keys.tombstones_key(lakeful.website.website_id)])
    tombstones.add(lakeful.store, lakeful.website.website_id, sessions=[sessions[0].session_id])


def _expired(lakeful: Lakeful, sessions: list[Session]) -> None:
    """On the plan `free` seven days are kept: those of day 5 are overdue, and nothing else."""
    websites.change(lakeful.store, lakeful.website.website_id, {"plan": "free"})


DAMAGES = [
    Damage("no damage", set(), lambda lakeful, sessions: None),
    Damage("file missing", {"session-file-missing"}, _missing),
    *(
        Damage(f"bit at {part:.0%} of a file", {"session-file-damaged"}, _file_bit(part))
        for part in (0, 0.02, 0.3, 0.5, 0.7, 1)
    ),
    Damage("file cut", {"session-file-damaged"}, _cut),
    Damage("file swapped", {"session-file-damaged"}, _swapped),
    Damage("file of another session, without a row", {"orphan"}, _stranger),
    Damage("file superseded and never swept", {"superseded"}, _older),
    Damage("file without rows", {"orphan"}, _no_rows),
    # From 40% on it is mostly its schema as text, which nobody reads: a bit there changes nothing.
    *(
        Damage(f"bit at {part:.0%} of a segment", {"segment-damaged"}, _segment_bit(part))
        for part in (0.02, 0.3, 0.36, 1)
    ),
    Damage("segment of another day", {"segment-misplaced"}, _other_day),
    Damage("chunk with other bytes", {"chunk-damaged"}, _bad_chunk),
    Damage("no segment", {"foreign-object"}, _foreign(lambda s: keys.raw_prefix(s.day))),
    Damage("no file", {"foreign-object"}, _foreign(lambda s: keys.session_prefix(s.day))),
    Damage("no document", {"foreign-object"}, _foreign(lambda _: keys.WEBSITES), mended=False),
    Damage(
        "wrong count", {"row-wrong"}, _wrong("sessions", pl.lit(1, pl.Int64).alias("event_count"))
    ),
    Damage("wrong page", {"row-wrong"}, _wrong("pages", pl.lit("x").alias("title"))),
    Damage("wrong chunks", {"row-wrong"}, _wrong("session_files", pl.lit(b"x").alias("chunks"))),
    Damage(
        "wrong hash",
        {"session-file-missing", "unmerged"},
        _wrong("sessions", pl.lit("0" * 64).alias("file_sha256")),
    ),
    Damage(
        "wrong length",
        {"row-wrong"},
        _wrong("sessions", pl.col("file_bytes") - 1),
    ),
    Damage(
        "somebody else's row",
        {
            "session-file-missing",
            "website-unknown",
            "orphan",
            "row-without-session",
            "summary-stale",
        },
        _wrong("sessions", pl.lit("w_somebodyelse").alias("website_id")),
    ),
    Damage("errors of nobody", {"row-without-session", "row-wrong"}, _nobodys_error),
    Damage("session doubled", {"session-doubled", "summary-stale"}, _doubled("sessions")),
    Damage("cold session doubled", {"session-doubled", "summary-stale"}, _doubled("sessions", 7)),
    *(
        Damage(f"{name} doubled", {"row-wrong", "summary-stale"}, _doubled(name))
        for name in ("pages", "errors")
    ),
    Damage("session_files doubled", {"row-wrong"}, _doubled("session_files")),
    *(
        Damage(f"{name} lost", {"row-wrong", "summary-stale"}, _gone_rows(name))
        for name in ("pages", "errors")
    ),
    Damage("session_files lost", {"row-wrong"}, _gone_rows("session_files")),
    Damage(
        "summary stale",
        {"summary-stale"},
        lambda lakeful, _: rewrite(
            lakeful, "daily_summary", None, pl.lit(7, pl.Int64).alias("session_count")
        ),
    ),
    Damage("website is garbage", {"control-damaged"}, _control(_website, b"{"), mended=False),
    Damage(
        "website is another's",
        {"control-damaged"},
        lambda lakeful, _: lakeful.store.put(
            _website(lakeful), lakeful.store.get(_website(lakeful)).replace(b'"w_', b'"w_x')
        ),
        mended=False,
    ),
    Damage(
        "website is gone",
        {"website-unknown"},
        lambda lakeful, _: lakeful.store.delete([_website(lakeful)]),
        mended=False,
    ),
    *(
        Damage(f"{what} is garbage", {"control-damaged"}, _control(key_of, b"{"), mended=False)
        for what, key_of in {
            "key": lambda lakeful: keys.api_key_key(api_keys.list_all(lakeful.store)[0].key_id),
            "salt": lambda lakeful: next(lakeful.store.list(keys.SALTS)).key,
            "tombstones": lambda lakeful: keys.tombstones_key(lakeful.website.website_id),
            "erasure": lambda lakeful: keys.erasure_key(
                lakeful.website.website_id, ids.new_uuid7(NOW_MS)
            ),
            "receipt": lambda lakeful: keys.receipt_key(
                lakeful.website.website_id, ids.new_uuid7(NOW_MS)
            ),
            "hold": lambda lakeful: keys.hold_key(lakeful.website.website_id),
        }.items()
    ),
    Damage("checkpoint's name lost", {"table-checkpoint-damaged"}, _hint(None)),
    Damage("checkpoint's name garbage", {"table-checkpoint-damaged"}, _hint(b"\0garbage")),
    Damage(
        "checkpoint's name stale", {"table-checkpoint-damaged"}, _hint(b'{"version":900,"size":1}')
    ),
    Damage("commit lost", {"table-log-damaged"}, _lost_commit, mended=False),
    Damage("commit garbage", {"table-log-damaged"}, _garbage_commit, mended=False),
    Damage("bits of a table's file", {"table-file-damaged"}, _table_bit, mended=False),
    Damage("table's file gone", {"table-file-damaged"}, _table_file_gone, mended=False),
    Damage("log is wrong about a file", {"table-file-damaged"}, _table_bounds, mended=False),
    Damage("erased and still there", {"erased-still-there"}, _erased, mended=False),
    Damage("expired and still there", {"expired-still-there"}, _expired, mended=False),
]
