"""Which of a website's rows in the table match a filter, and those rows.

The newest hours are many small files that hold every website: they are kept whole, and looked
through anew for each question. A month is a large file of few websites: kept are what a list is
sorted by and, for each filter, a bit a row; the rows of a page are read where they lie. A file
never changes, so that what was found in it stays true.
"""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

import msgspec
import polars as pl

from lake.bounded_cache import Kept
from lake.tables.delta_table import Snapshot, TableFile, reading
from lake.tables.partitions import hot_day
from lake.tables.row_builders import Row
from lake.tables.schemas import SCHEMAS

LIST_COLUMNS = tuple(
    name for name in SCHEMAS["sessions"].names if name not in ("part", "urls", "file_sha256")
)
UNSCORED = -1  # sorts behind every value: an unscored session
FAR_FUTURE = datetime.max.replace(tzinfo=UTC)
_HOT_SHARE = 0.5  # of the memory
_HOT_ROW_BYTES = 600  # about what a row takes in memory, as columns
_GAP_ROWS = 256  # rows this near are read together
_INT32 = range(-(2**31), 2**31)
_SECOND = pl.col("started_at").dt.epoch("s").cast(pl.UInt32).alias("second")


class MatchQuery(NamedTuple):
    """What is looked for.

    `name` says what `wanted` is, for the next one who asks; None: it changes with time. `value`
    is the column that sorts the rows before their time does, if any.
    """

    website_id: str
    wanted: pl.Expr
    name: str | None
    value: str | None

    @property
    def keys(self) -> dict[str, pl.Expr]:
        """What the rows are sorted by: maybe `value`, and `second`."""
        if self.value is None:
            return {"second": _SECOND}
        value = pl.col(self.value).cast(pl.Int64).fill_null(UNSCORED)
        return {"second": _SECOND, self.value: value.alias(self.value)}


class Matches(Protocol):
    """The matching rows of a file, or of several. `newest_at` is no earlier than any."""

    newest_at: datetime
    count: int

    def rows(self) -> pl.DataFrame:
        """Return `row`, `second` and, if asked for, `value` of each."""
        ...

    def read(self, rows: Sequence[int]) -> list[Row]:
        """Return some of them, in that order.

        Raises:
            Damaged, StoreUnavailable.
        """
        ...


def find_matches(
    kept: Kept, snapshot: Snapshot, files: Sequence[TableFile], question: MatchQuery
) -> list[Matches]:
    """Return what matches in `files`, where the newest rows are first.

    Raises:
        Damaged, StoreUnavailable.
    """
    hot = _hot_uris(kept, snapshot)
    found: list[Matches] = _hot_matches(
        kept, snapshot, [file for file in files if file.uri in hot], question
    )
    found += _cold_matches(kept, snapshot, [f for f in files if f.uri not in hot], question)
    found = [matches for matches in found if matches.count]
    return sorted(found, key=lambda matches: matches.newest_at, reverse=True)


def newest_at(file: TableFile) -> datetime:
    """Return when the newest session of a file began, or a time after it."""
    newest: datetime | None = file.max["started_at"]
    return FAR_FUTURE if newest is None else newest


def evict_removed_files(kept: Kept, snapshot: Snapshot) -> None:
    """Drop what was kept of files that left the table: they may hold what is erased since."""
    uris = {file.uri for file in snapshot.files}
    kept.drop(lambda key: isinstance(key, tuple) and uris.isdisjoint(key))


def _hot_uris(kept: Kept, snapshot: Snapshot) -> set[str]:
    """Return the files that are kept whole: the newest hours that fit."""
    room = int(kept.bytes_max * _HOT_SHARE)
    found = set()
    hours = [file for file in snapshot.files if hot_day(file.part)]
    for file in sorted(hours, key=lambda file: file.part, reverse=True):
        room -= file.row_count * _HOT_ROW_BYTES
        if room < 0:
            break
        found.add(file.uri)
    return found


class _HotFile(NamedTuple):
    """A small file, and where in it each website's rows are: first, how many."""

    rows: pl.DataFrame
    places: dict[str, tuple[int, int]]


class _HotMatches:
    def __init__(self, newest: datetime, rows: pl.DataFrame, question: MatchQuery) -> None:
        self.newest_at = newest
        self._all = rows
        keys = [key.alias("value") if name == question.value else key
                for name, key in question.keys.items()]  # fmt: skip
        matching = rows.lazy().with_row_index("row").filter(question.wanted)
        self._rows = matching.select("row", *keys).collect()
        self.count = self._rows.height

    def rows(self) -> pl.DataFrame:
        return self._rows

    def read(self, rows: Sequence[int]) -> list[Row]:
        return self._all.select(LIST_COLUMNS)[list(rows)].to_dicts()


def _hot_matches(
    kept: Kept, snapshot: Snapshot, files: Sequence[TableFile], question: MatchQuery
) -> list[Matches]:
    with kept.finding("hours"):
        held = kept.get(("hour", file.uri) for file in files)
        missing = [file for file in files if ("hour", file.uri) not in held]
        with reading(snapshot.name):
            frames = pl.collect_all([snapshot.scan([file]).drop("file_sha256") for file in missing])
        new: dict[Hashable, _HotFile] = {
            ("hour", file.uri): _HotFile(rows, _places(rows))
            for file, rows in zip(missing, frames, strict=True)
        }
        kept.put((key, hour, _bytes_of(hour.rows)) for key, hour in new.items())
    hours: list[_HotFile] = [(held | new)["hour", file.uri] for file in files]
    mine = [
        hour.rows.slice(*hour.places[question.website_id])
        for hour in hours
        if question.website_id in hour.places
    ]
    if not mine:
        return []
    return [_HotMatches(max(newest_at(file) for file in files), pl.concat(mine), question)]


def _bytes_of(rows: pl.DataFrame) -> int:
    """Return about what rows take: a session may name a thousand people and many addresses."""
    return max(rows.height * _HOT_ROW_BYTES, int(rows.estimated_size()))


def _places(rows: pl.DataFrame) -> dict[str, tuple[int, int]]:
    runs = rows.lazy().with_row_index("row").group_by("website_id")
    found = runs.agg(pl.col("row").min(), pl.len().alias("count")).collect()
    return {website_id: (row, count) for website_id, row, count in found.iter_rows()}


class _Mask(NamedTuple):
    """Which rows of a file match: a bit for each from `first` on."""

    first: int
    bits: pl.Series


class _ColdMatches:
    def __init__(
        self, kept: Kept, snapshot: Snapshot, file: TableFile, question: MatchQuery, mask: _Mask
    ) -> None:
        self.newest_at = newest_at(file)
        self.count = int(mask.bits.sum())
        self._kept = kept
        self._snapshot = snapshot
        self._file = file
        self._question = question
        self._mask = mask

    def rows(self) -> pl.DataFrame:
        first, bits = self._mask
        columns = {}
        for name, key in self._question.keys.items():
            begin, values = self._column(name, key)
            column = "value" if name == self._question.value else name
            columns[column] = values.slice(first - begin, len(bits))
        found = pl.DataFrame(columns).with_row_index("row", first).filter(bits)
        return found.cast({"value": pl.Int64}) if "value" in columns else found

    def _column(self, name: str, key: pl.Expr) -> tuple[int, pl.Series]:
        """Return a key of the website's rows, and where the first of them is."""
        website_id = self._question.website_id
        known = (self._file.uri, website_id, name)
        with self._kept.finding(known):
            held = self._kept.get([known], owner=website_id)
            if known not in held:
                scan = self._snapshot.scan([self._file], row_index="row")
                with reading(self._snapshot.name):
                    rows = scan.filter(website_id=website_id).select("row", key).collect()
                held[known] = (int(rows["row"][0]), _narrowed(rows[name]))
                size_bytes = 200 + int(held[known][1].estimated_size())
                self._kept.put([(known, held[known], size_bytes)], owner=website_id)
        found: tuple[int, pl.Series] = held[known]
        return found

    def read(self, rows: Sequence[int]) -> list[Row]:
        keys = [(self._file.uri, row) for row in rows]
        owner = self._question.website_id
        held = self._kept.get(keys, owner=owner)
        runs = list(_runs(sorted({row for uri, row in keys if (uri, row) not in held})))
        with reading(self._snapshot.name):
            frames = pl.collect_all(
                [
                    self._snapshot.scan([self._file])
                    .slice(run[0], run[-1] + 1 - run[0])
                    .select(LIST_COLUMNS)
                    for run in runs
                ]
            )
        new: dict[Hashable, bytes] = {}  # a dict would take three times the memory
        for run, frame in zip(runs, frames, strict=True):
            found = frame[[row - run[0] for row in run]].to_dicts()
            new |= zip(
                [(self._file.uri, row) for row in run],
                map(msgspec.msgpack.encode, found),
                strict=True,
            )
        sized = ((key, packed, 300 + len(packed)) for key, packed in new.items())
        self._kept.put(sized, owner=owner)
        packed_rows = held | new
        return [msgspec.msgpack.decode(packed_rows[key]) for key in keys]


def _runs(rows: list[int]) -> Iterator[list[int]]:
    """Group rows that lie near each other."""
    run: list[int] = []
    for row in rows:
        if run and row - run[-1] > _GAP_ROWS:
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _cold_matches(
    kept: Kept, snapshot: Snapshot, files: Sequence[TableFile], question: MatchQuery
) -> list[Matches]:
    with nullcontext() if question.name is None else kept.finding(question.name):
        owner, name = question.website_id, question.name
        held = {} if name is None else kept.get(((f.uri, name) for f in files), owner=owner)
        missing = [file for file in files if (file.uri, question.name) not in held]
        with reading(snapshot.name):
            frames = pl.collect_all(
                [
                    snapshot.scan([file], row_index="row").filter(question.wanted).select("row")
                    for file in missing
                ]
            )
        new: dict[Hashable, _Mask] = {
            (file.uri, question.name): _mask(frame["row"])
            for file, frame in zip(missing, frames, strict=True)
        }
        if question.name is not None:
            sized = ((key, mask, 300 + len(mask.bits) // 8) for key, mask in new.items())
            kept.put(sized, owner=owner)
    masks = held | new
    return [
        _ColdMatches(kept, snapshot, file, question, masks[file.uri, question.name])
        for file in files
    ]


def _mask(rows: pl.Series) -> _Mask:
    if rows.is_empty():
        return _Mask(0, pl.Series(dtype=pl.Boolean))
    first, last = int(rows[0]), int(rows[-1])
    bits = pl.repeat(value=False, n=last + 1 - first, eager=True)
    return _Mask(first, bits.scatter(rows - first, values=True))


def _narrowed(values: pl.Series) -> pl.Series:
    """Halve the memory of integers that need no more."""
    if values.dtype != pl.Int64 or values.is_empty():
        return values
    fits = values.min() in _INT32 and values.max() in _INT32
    return values.cast(pl.Int32) if fits else values
