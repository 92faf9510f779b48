"""Runs the relational text of this folder: named tables, each made by one query.

Queries keep to what DuckDB and Spark SQL read alike: joins, aggregations, window functions, CTEs;
no UDF, no recursion, no engine's own operators. Values are put in by name before a query runs.
"""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa

from zhenzan.errors import SettingError


class Relations:
    """The tables of one search, kept by DuckDB and spilled to disk beyond its memory limit.

    Parameters
    ----------
    memory_limit
        As DuckDB reads it, such as ``1GB``.
    """

    def __init__(self, *, memory_limit: str, threads: int, spill_folder: str = "") -> None:
        self._connection = duckdb.connect()
        try:
            self._connection.execute(f"SET memory_limit = {_quoted(memory_limit)}")
        except duckdb.Error as error:
            raise SettingError(
                f"`{memory_limit}` is no memory limit", hint="write it such as `2GB` or `500MB`"
            ) from error
        self._memory_limit = memory_limit
        self._connection.execute(f"SET threads = {threads}")
        self._connection.execute("SET preserve_insertion_order = false")
        if spill_folder:
            self._connection.execute(f"SET temp_directory = {_quoted(spill_folder)}")

    def __enter__(self) -> Relations:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def give(self, name: str, table: pa.Table) -> None:
        """Let queries read an Arrow table under a name."""
        self._connection.register(name, table)

    def keep(self, name: str, query: str, **facts: object) -> None:
        """Keep the answer of a query as the table ``name``, in place of an older one."""
        text = query.format(**facts)
        try:
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {text}")
        except duckdb.OutOfMemoryException as error:
            raise SettingError(
                f"a memory limit of {self._memory_limit} is too small for the joins",
                hint="raise `--memory-limit`",
            ) from error

    def drop(self, *names: str) -> None:
        """Forget tables that no later query reads."""
        for name in names:
            self._connection.execute(f"DROP TABLE {name}")

    def read(self, query: str, **facts: object) -> pa.Table:
        """Return the answer of a query."""
        return self._connection.sql(query.format(**facts)).to_arrow_table()

    def one(self, query: str, **facts: object) -> tuple[Any, ...]:
        """Return the only row of an answer."""
        row: tuple[Any, ...] = self._connection.execute(query.format(**facts)).fetchall()[0]
        return row


def _quoted(text: str) -> str:
    """Write a text as a literal: a folder may have an apostrophe in its name."""
    return "'" + text.replace("'", "''") + "'"
