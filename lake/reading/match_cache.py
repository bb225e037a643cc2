"""Rows of the table that match a filter of one website's list, cached by file.

The newest hours are many small files with rows of every website. They are cached whole, and
filtered for each query. A month is a large file of few websites. Of it the cache holds the sort
columns and, for each filter, one bit for each row; the rows of a page are read from the file. A
file never changes, so that a cached result stays valid.
"""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

import msgspec
import polars as pl

from lake.bounded_cache import BoundedCache
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
    """The filter and order of a list.

    `name` identifies `wanted` in the cache; None where it depends on the time. `value` is the
    column that sorts the rows before their start does, if any.
    """

    website_id: str
    wanted: pl.Expr
    name: str | None
    value: str | None

    @property
    def keys(self) -> dict[str, pl.Expr]:
        """Sort columns by name: `second` and, if any, `value`."""
        if self.value is None:
            return {"second": _SECOND}
        value = pl.col(self.value).cast(pl.Int64).fill_null(UNSCORED)
        return {"second": _SECOND, self.value: value.alias(self.value)}


class Matches(Protocol):
    """Matching rows of a file, or of several. `newest_at` is at or after the start of each."""

    newest_at: datetime
    count: int

    def rows(self) -> pl.DataFrame:
        """Return the row number, `second` and, if the query has one, `value` of each."""
        ...

    def read(self, rows: Sequence[int]) -> list[Row]:
        """Return the rows with these numbers, in that order.

        Raises:
            Damaged, StoreUnavailable.
        """
        ...


def find_matches(
    cache: BoundedCache, snapshot: Snapshot, files: Sequence[TableFile], query: MatchQuery
) -> list[Matches]:
    """Return the matches in `files` that are not empty, those with the newest rows first.

    Raises:
        Damaged, StoreUnavailable.
    """
    hot = _hot_uris(cache, snapshot)
    matches_by_file: list[Matches] = _hot_matches(
        cache, snapshot, [file for file in files if file.uri in hot], query
    )
    matches_by_file += _cold_matches(cache, snapshot, [f for f in files if f.uri not in hot], query)
    matches_by_file = [matches for matches in matches_by_file if matches.count]
    return sorted(matches_by_file, key=lambda matches: matches.newest_at, reverse=True)


def newest_at(file: TableFile) -> datetime:
    """Return the start of the newest session of a file, or a later time."""
    newest: datetime | None = file.max["started_at"]
    return FAR_FUTURE if newest is None else newest


def evict_removed_files(cache: BoundedCache, snapshot: Snapshot) -> None:
    """Evict entries of files that left the table: they may contain erased rows."""
    uris = {file.uri for file in snapshot.files}
    cache.drop(lambda key: isinstance(key, tuple) and uris.isdisjoint(key))


def _hot_uris(cache: BoundedCache, snapshot: Snapshot) -> set[str]:
    """Return the files that are cached whole: the newest hours that fit."""
    room = int(cache.bytes_max * _HOT_SHARE)
    uris = set()
    hours = [file for file in snapshot.files if hot_day(file.part)]
    for file in sorted(hours, key=lambda file: file.part, reverse=True):
        room -= file.row_count * _HOT_ROW_BYTES
        if room < 0:
            break
        uris.add(file.uri)
    return uris


class _HotFile(NamedTuple):
    """A small file, and each website's rows in it: first row number and count."""

    rows: pl.DataFrame
    places: dict[str, tuple[int, int]]


class _HotMatches:
    def __init__(self, newest: datetime, rows: pl.DataFrame, query: MatchQuery) -> None:
        self.newest_at = newest
        self._all = rows
        keys = [key.alias("value") if name == query.value else key
                for name, key in query.keys.items()]  # fmt: skip
        matching = rows.lazy().with_row_index("row").filter(query.wanted)
        self._rows = matching.select("row", *keys).collect()
        self.count = self._rows.height

    def rows(self) -> pl.DataFrame:
        return self._rows

    def read(self, rows: Sequence[int]) -> list[Row]:
        return self._all.select(LIST_COLUMNS)[list(rows)].to_dicts()


def _hot_matches(
    cache: BoundedCache, snapshot: Snapshot, files: Sequence[TableFile], query: MatchQuery
) -> list[Matches]:
    with cache.finding("hours"):
        held = cache.get(("hour", file.uri) for file in files)
        missing = [file for file in files if ("hour", file.uri) not in held]
        with reading(snapshot.name):
            frames = pl.collect_all([snapshot.scan([file]).drop("file_sha256") for file in missing])
        new: dict[Hashable, _HotFile] = {
            ("hour", file.uri): _HotFile(rows, _places(rows))
            for file, rows in zip(missing, frames, strict=True)
        }
        cache.put((key, hour, _bytes_of(hour.rows)) for key, hour in new.items())
    hours: list[_HotFile] = [(held | new)["hour", file.uri] for file in files]
    mine = [
        hour.rows.slice(*hour.places[query.website_id])
        for hour in hours
        if query.website_id in hour.places
    ]
    if not mine:
        return []
    return [_HotMatches(max(newest_at(file) for file in files), pl.concat(mine), query)]


def _bytes_of(rows: pl.DataFrame) -> int:
    """Return about how many bytes rows take: a session may have a thousand people and many URLs."""
    return max(rows.height * _HOT_ROW_BYTES, int(rows.estimated_size()))


def _places(rows: pl.DataFrame) -> dict[str, tuple[int, int]]:
    runs = rows.lazy().with_row_index("row").group_by("website_id")
    places = runs.agg(pl.col("row").min(), pl.len().alias("count")).collect()
    return {website_id: (row, count) for website_id, row, count in places.iter_rows()}


class _Mask(NamedTuple):
    """Matching rows of a file: one bit for each row from `first` on."""

    first: int
    bits: pl.Series


class _ColdMatches:
    def __init__(
        self,
        cache: BoundedCache,
        snapshot: Snapshot,
        file: TableFile,
        query: MatchQuery,
        mask: _Mask,
    ) -> None:
        self.newest_at = newest_at(file)
        self.count = int(mask.bits.sum())
        self._cache = cache
        self._snapshot = snapshot
        self._file = file
        self._query = query
        self._mask = mask

    def rows(self) -> pl.DataFrame:
        first, bits = self._mask
        columns = {}
        for name, key in self._query.keys.items():
            begin, values = self._column(name, key)
            column = "value" if name == self._query.value else name
            columns[column] = values.slice(first - begin, len(bits))
        result = pl.DataFrame(columns).with_row_index("row", first).filter(bits)
        return result.cast({"value": pl.Int64}) if "value" in columns else result

    def _column(self, name: str, key: pl.Expr) -> tuple[int, pl.Series]:
        """Return a sort column of the website's rows, with the number of the first row."""
        website_id = self._query.website_id
        cache_key = (self._file.uri, website_id, name)
        with self._cache.finding(cache_key):
            held = self._cache.get([cache_key], owner=website_id)
            if cache_key not in held:
                scan = self._snapshot.scan([self._file], row_index="row")
                with reading(self._snapshot.name):
                    rows = scan.filter(website_id=website_id).select("row", key).collect()
                held[cache_key] = (int(rows["row"][0]), _narrowed(rows[name]))
                size_bytes = 200 + int(held[cache_key][1].estimated_size())
                self._cache.put([(cache_key, held[cache_key], size_bytes)], owner=website_id)
        column: tuple[int, pl.Series] = held[cache_key]
        return column

    def read(self, rows: Sequence[int]) -> list[Row]:
        keys = [(self._file.uri, row) for row in rows]
        owner = self._query.website_id
        held = self._cache.get(keys, owner=owner)
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
            to_dicts = frame[[row - run[0] for row in run]].to_dicts()
            new |= zip(
                [(self._file.uri, row) for row in run],
                map(msgspec.msgpack.encode, to_dicts),
                strict=True,
            )
        sized = ((key, packed, 300 + len(packed)) for key, packed in new.items())
        self._cache.put(sized, owner=owner)
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
    cache: BoundedCache, snapshot: Snapshot, files: Sequence[TableFile], query: MatchQuery
) -> list[Matches]:
    with nullcontext() if query.name is None else cache.finding(query.name):
        owner, name = query.website_id, query.name
        held = {} if name is None else cache.get(((f.uri, name) for f in files), owner=owner)
        missing = [file for file in files if (file.uri, query.name) not in held]
        with reading(snapshot.name):
            frames = pl.collect_all(
                [
                    snapshot.scan([file], row_index="row").filter(query.wanted).select("row")
                    for file in missing
                ]
            )
        new: dict[Hashable, _Mask] = {
            (file.uri, query.name): _mask(frame["row"])
            for file, frame in zip(missing, frames, strict=True)
        }
        if query.name is not None:
            sized = ((key, mask, 300 + len(mask.bits) // 8) for key, mask in new.items())
            cache.put(sized, owner=owner)
    masks = held | new
    return [
        _ColdMatches(cache, snapshot, file, query, masks[file.uri, query.name]) for file in files
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
