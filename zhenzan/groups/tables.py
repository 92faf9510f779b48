"""Turns the groups of a run into the tables that are written: names for codes, times for counts.

A file carries no trace of how codes were handed out: rows are ordered by what they say, and by
name where they say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhenzan.groups import schema
from zhenzan.groups.schema import Groups

Strings = Callable[[NDArray[np.int32]], pa.Array]
"""Turns codes into strings, ``MISSING`` into null; ``CodeTable.strings`` is one."""

TS = pa.timestamp("us", tz="UTC")

_NAMES = {
    "account": "account_id",
    "account_a": "account_a_id",
    "account_b": "account_b_id",
    "item": "item_id",
    "merchant": "merchant_id",
    "first_us": "first_ts",
    "last_us": "last_ts",
}
_FINE = ("q_value",)
"""Columns of numbers that may be tiny: so many digits of them count, wherever they begin."""

_DIGITS = 6
_TABLE_OF = {"account_a": "account", "account_b": "account"}
_ORDER: dict[str, tuple[tuple[str, str], ...]] = {
    "groups": (),
    "members": (("strength", "descending"), ("account_id", "ascending")),
    "targets": (("likes", "descending"), ("item_id", "ascending")),
    "pairs": (
        ("surprise", "descending"), ("account_a_id", "ascending"), ("account_b_id", "ascending"),
    ),
}  # fmt: skip
"""Order of the rows within a group; groups keep theirs, most significant first."""

FILES: dict[str, str] = {
    "groups": "groups",
    "members": "group_members",
    "targets": "group_targets",
    "pairs": "group_pairs",
}
"""The table of `Groups` to the file (without ``.parquet``) that holds it."""


def _written(table: str) -> pa.Schema:
    fields = []
    for field in schema.SCHEMAS[table]:
        kind, known = field.type, field.name in _NAMES
        if known:
            kind = TS if field.name.endswith("_us") else pa.string()
        nullable = field.nullable or field.name == "merchant"
        fields.append(pa.field(_NAMES.get(field.name, field.name), kind, nullable=nullable))
    return pa.schema(fields)


GROUPS, MEMBERS, TARGETS, PAIRS = (_written(table) for table in FILES)
"""Schemas of the written tables: those of `zhenzan.groups.schema` with ``*_id`` strings for codes
and ``first_ts``, ``last_ts`` for microseconds. ``merchant_id`` is null where the log names none."""


def output_tables(
    groups: Groups, *, account: Strings, item: Strings, merchant: Strings
) -> dict[str, pa.Table]:
    """Name the accounts, items and merchants of groups, for writing.

    Parameters
    ----------
    groups
        What `find_groups` answered.
    account, item, merchant
        The strings behind the codes of each kind.

    Returns
    -------
    dict
        Tables by file name without ending: ``groups``, ``group_members``, ``group_targets`` and
        ``group_pairs``. Groups keep their order; the rows of one group stand strongest first.
    """
    strings: Mapping[str, Strings] = {"account": account, "item": item, "merchant": merchant}
    place = groups.groups["group_id"]
    return {FILES[table]: _named(table, getattr(groups, table), strings, place) for table in FILES}


def _named(
    table: str, rows: pa.Table, strings: Mapping[str, Strings], place: pa.ChunkedArray
) -> pa.Table:
    columns = {}
    for field in schema.SCHEMAS[table]:
        column = rows[field.name].combine_chunks()
        if field.name.endswith("_us"):
            column = column.cast(TS)
        elif field.name in _NAMES:
            key = _TABLE_OF.get(field.name, field.name)
            column = strings[key](column.to_numpy().astype(np.int32)).cast(pa.string())
        elif field.name in _FINE:
            shown = [float(f"{value:.{_DIGITS}g}") for value in column.to_pylist()]
            column = pa.array(shown, pa.float64())
        elif field.type == pa.float64():
            # Sums of floats depend on the order of their terms; what is written must not.
            column = pc.round(column, ndigits=_DIGITS)
        columns[_NAMES.get(field.name, field.name)] = column
    named = pa.table(columns)
    if _ORDER[table]:
        named = named.append_column("place", pc.index_in(named["group_id"], place))
        named = named.sort_by([("place", "ascending"), *_ORDER[table]]).drop_columns("place")
    return named.cast(_written(table))


def write_tables(tables: Mapping[str, pa.Table], out: Path) -> None:
    """Write each table as ``NAME.parquet`` into ``out``."""
    for name, table in tables.items():
        pq.write_table(table, out / f"{name}.parquet", compression="zstd")
