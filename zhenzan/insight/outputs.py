"""Opens an output folder for reading: Parquet through DuckDB, projected and memory-bounded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from zhenzan.errors import SourceError, nearest
from zhenzan.insight.limits import MEMORY_LIMIT

Row = dict[str, Any]

REQUIRED = ("likes", "items")
OPTIONAL = (
    "accounts", "merchants", "timeline", "rejects",
    "groups", "group_members", "group_targets", "group_pairs",
)  # fmt: skip


class Outputs:
    """The files of one run of ``zhenzan score``, as tables that can be asked.

    Raises
    ------
    SourceError
        The folder, or one of the two files no report can do without, is not there.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise SourceError(f"output folder `{folder}` does not exist")
        self.folder = folder
        self._paths = {
            name: path
            for name in REQUIRED + OPTIONAL
            if (path := folder / f"{name}.parquet").is_file()
        }
        found = [path.name for path in sorted(folder.glob("*.parquet"))]
        for name in REQUIRED:
            if name not in self._paths:
                raise SourceError(
                    f"output folder `{folder}` has no `{name}.parquet`",
                    hint=nearest(f"{name}.parquet", found) if found else None,
                )
        self._columns = {name: _schema(path).names for name, path in self._paths.items()}
        self._db = duckdb.connect(config={"memory_limit": MEMORY_LIMIT})
        self._db.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")
        self._db.execute("SET TimeZone = 'UTC'")
        for name, path in self._paths.items():
            quoted = str(path).replace("'", "''")
            self._db.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{quoted}')")

    def __enter__(self) -> Outputs:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def path(self, table: str) -> Path:
        """Give the file of a table."""
        return self._paths[table]

    def has(self, table: str, *columns: str) -> bool:
        """Say whether a table was written, and with these columns."""
        return table in self._paths and set(columns) <= set(self._columns[table])

    def column(self, table: str, name: str, *, otherwise: str = "NULL") -> str:
        """Give a column's name for a query, or what stands in where it was not written."""
        return f'"{name}"' if self.has(table, name) else otherwise

    def ask(self, sql: str, values: list[object] | None = None) -> list[Row]:
        """Run a query and give its rows."""
        cursor = self._db.execute(sql, values or [])
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def keep(self, name: str, table: pa.Table) -> None:
        """Make a small table available to later queries under ``name``."""
        self._db.register(name, table)

    def summary(self) -> Mapping[str, Any]:
        """Read ``summary.json``; an absent or damaged one is empty."""
        path = self.folder / "summary.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}


def _schema(path: Path) -> pa.Schema:
    try:
        return pq.read_schema(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise SourceError(f"`{path}` is not a Parquet file that can be read: {error}") from error
