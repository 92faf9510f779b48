"""Reads rows that come as mappings, by the rules of a JSON Lines log."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import pyarrow as pa

from zhenzan.events.schema import INTERACTION


def rows_table(rows: Sequence[Mapping[str, object]]) -> tuple[pa.Table, dict[int, str]]:
    """Turn rows into the columns of the contract, each in the type its values have.

    Columns that no row has are null; fields that the contract does not know are left out, as in a
    file.

    Returns
    -------
    tuple
        The table, one row each, and what is wrong with rows that hold no single values; those are
        null in the table.
    """
    faults: dict[int, str] = {}
    columns = []
    for name in INTERACTION.names:
        values = [row.get(name) for row in rows]
        columns.append(_column(values, name, faults))
    return pa.table(columns, names=INTERACTION.names), faults


def _column(values: list[object], name: str, faults: dict[int, str]) -> pa.Array:
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {int, float}:
        kinds = {float}
    if kinds <= {str}:
        texts = [_whole_text(value) for value in values]
        return pa.array(texts, pa.string())
    try:
        if kinds == {int}:
            return pa.array(values, pa.int64())
        if kinds == {float}:
            return pa.array(values, pa.float64())
    except (pa.ArrowException, OverflowError):
        pass  # a number beyond 64 bits is told as text, where the check of the column finds it
    texts = []
    for row, value in enumerate(values):
        if isinstance(value, Mapping | list | tuple | set):
            faults.setdefault(row, f"`{name}` is nested where one value belongs")
            value = None
        if value is None or isinstance(value, str):
            texts.append(_whole_text(value))
        elif isinstance(value, datetime):
            texts.append(value.isoformat())
        else:
            texts.append(json.dumps(value, default=str))
    return pa.array(texts, pa.string())


def _whole_text(value: object) -> str | None:
    """Replace halves of surrogate pairs, which JSON can spell and UTF-8 cannot."""
    if not isinstance(value, str):
        return None
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
