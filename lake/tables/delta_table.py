"""One Delta table: its active files at a version, and the replacement of whole parts.

Every commit replaces parts, named by a literal predicate, through the handle whose snapshot was
read. A writer with a stale snapshot of a part is refused; writers of other parts are not. A commit
whose answer was lost may therefore be repeated. `lake.tables.session_rows` decides which rows go
into which part.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable, Schema, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from lake.errors import Conflict, Damaged, StoreUnavailable
from lake.storage.base import Store
from lake.tables.schemas import ALL_SCHEMAS, STATS_COLUMNS

ROW_GROUP_ROWS = 8192  # one website's rows of a cold part touch few groups
_CONFIGURATION = {
    "delta.checkpointInterval": "20",
    "delta.logRetentionDuration": "interval 1 days",
    "delta.deletedFileRetentionDuration": "interval 1 days",
}
_WRITER = WriterProperties(
    compression="ZSTD", compression_level=3, max_row_group_size=ROW_GROUP_ROWS
)


class TableFile(NamedTuple):
    """One active Parquet file. Bounds are of its rows, None where unknown."""

    uri: str
    part: str
    row_count: int
    size_bytes: int
    min: dict[str, Any]
    max: dict[str, Any]

    def may_hold(self, column: str, low: object, high: object) -> bool:
        """Whether a row with low <= column <= high may be in this file."""
        least, most = self.min.get(column), self.max.get(column)
        return (least is None or least <= high) and (most is None or most >= low)


class Snapshot(NamedTuple):
    """A table at one version. An absent table is version -1 and has no files."""

    name: str
    version: int
    files: tuple[TableFile, ...]
    options: dict[str, str]

    def of_parts(self, parts: Iterable[str]) -> list[TableFile]:
        """Return the files of these parts."""
        wanted = set(parts)
        return [file for file in self.files if file.part in wanted]

    def scan(
        self, files: Iterable[TableFile] | None = None, *, row_index: str | None = None
    ) -> pl.LazyFrame:
        """Return the rows of `files` (default: all), without `part`, lazily.

        Args:
            row_index: Name of a column with each row's place, from 0 on.
        """
        uris = [file.uri for file in (self.files if files is None else files)]
        if not uris:
            return pl.LazyFrame(schema=POLARS_SCHEMAS[self.name]).drop("part")
        return pl.scan_parquet(
            uris,
            glob=False,  # a lake's folder may have any name
            storage_options=self.options or None,
            hive_partitioning=False,
            row_index_name=row_index,
            missing_columns="insert",
            schema={k: v for k, v in POLARS_SCHEMAS[self.name].items() if k != "part"},
        )


POLARS_SCHEMAS: dict[str, pl.Schema] = {
    name: pl.Schema(pl.DataFrame(pl.from_arrow(schema.empty_table())).schema)
    for name, schema in ALL_SCHEMAS.items()
}


class Table:
    """A handle on the table `name` of a lake. One thread at a time.

    Raises (every method): StoreUnavailable where the store failed.
    """

    def __init__(self, store: Store, name: str) -> None:
        self.name = name
        self._uri = store.table_uri(name)
        self._options = store.table_options()
        self._table: DeltaTable | None = None
        self._snapshot = Snapshot(name, -1, (), self._options)

    def snapshot(self) -> Snapshot:
        """Return the table as it is now. The next `replace` is against this version."""
        with _translated_errors(self._uri):
            try:
                if self._table is None:
                    self._table = DeltaTable(self._uri, storage_options=self._options)
                else:
                    self._table.update_incremental()
            except TableNotFoundError:
                self._table = None
                return self._snapshot
            version = self._table.version()
            if version != self._snapshot.version:
                files = tuple(self._files(self._table))
                self._snapshot = Snapshot(self.name, version, files, self._options)
        return self._snapshot

    def replace(self, parts: Iterable[str], rows: pa.Table) -> None:
        """Make `rows` the content of `parts`, in one commit against the last snapshot.

        Raises:
            Conflict: Another writer changed one of the parts since that snapshot.
        """
        names = sorted(set(parts))
        assert set(rows.column("part").unique().to_pylist()) <= set(names), names
        predicate = " OR ".join(f"part = '{name}'" for name in names)
        with _translated_errors(self._uri):
            # A writer that saw no table writes against its empty first version, as another
            # writer may have created and filled it since.
            table = self._table or self._created()
            self._renew(table)
            write_deltalake(
                table,
                rows.cast(ALL_SCHEMAS[self.name]),
                mode="overwrite",
                predicate=predicate,
                writer_properties=_WRITER,
            )

    def handle(self) -> DeltaTable:
        """Return the newest table for maintenance (vacuum, log), created if there is none yet."""
        if self.snapshot().version < 0:
            with _translated_errors(self._uri):
                self._created()
            self.snapshot()
        assert self._table is not None
        return self._table

    def paths(self) -> set[str]:
        """Return the active files' paths below the table's folder, as of now."""
        return {file.uri.removeprefix(f"{self._uri}/") for file in self.snapshot().files}

    def removed_paths(self) -> set[str]:
        """Return the paths of files that commits have removed and that may still exist."""
        handle = self.handle()
        with _translated_errors(self._uri):
            return set(
                handle.vacuum(retention_hours=0, dry_run=True, enforce_retention_duration=False)
            )

    def _renew(self, table: DeltaTable) -> None:
        """Add the columns that a table of an older version lacks.

        Raises:
            Conflict: They were added: the snapshot is of before.
        """
        have = {field.name for field in table.schema().fields}
        missing = [field for field in ALL_SCHEMAS[self.name] if field.name not in have]
        if missing:
            fields = Schema.from_arrow(pa.schema(missing)).fields
            table.alter.add_columns(fields)
            raise Conflict(f"{self._uri}: columns were added, read it again")

    def _created(self) -> DeltaTable:
        schema = ALL_SCHEMAS[self.name]
        stats = [name for name in STATS_COLUMNS if name in schema.names]
        DeltaTable.create(
            self._uri,
            schema,
            mode="ignore",
            partition_by=["part"],
            configuration=_CONFIGURATION | {"delta.dataSkippingStatsColumns": ",".join(stats)},
            storage_options=self._options,
        )
        self._table = DeltaTable(self._uri, version=0, storage_options=self._options)
        return self._table

    def _files(self, table: DeltaTable) -> Iterator[TableFile]:
        actions = pa.table(table.get_add_actions(flatten=True))
        for row in actions.to_pylist():
            yield TableFile(
                f"{self._uri}/{row['path']}",
                row["partition.part"],
                row["num_records"],
                row["size_bytes"],
                {name: row.get(f"min.{name}") for name in STATS_COLUMNS},
                {name: row.get(f"max.{name}") for name in STATS_COLUMNS},
            )


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn what Polars raises while it reads the table `name` into errors of the lake.

    Raises:
        Damaged: A file is not what was written.
        StoreUnavailable: The store failed, or a file was deleted because the table is newer.
    """
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        if isinstance(error, OSError) or "object-store" in str(error):
            raise StoreUnavailable(f"table {name} cannot be read: {error}") from error
        raise Damaged(f"table {name} cannot be read: {error}") from error


@contextmanager
def _translated_errors(uri: str) -> Iterator[None]:
    try:
        yield
    except CommitFailedError as error:
        raise Conflict(f"{uri}: another writer was first: {error}") from error
    except (DeltaError, OSError) as error:
        if isinstance(error, TableNotFoundError):
            raise
        raise StoreUnavailable(
            f"{uri} failed: {error}; look at the store (`replaylake preflight`), then try again"
        ) from error
