"""Rows on their way from order to codes: numbers and hashes in order, strings where they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.arrays import peers_by
from zhenzan.events.canonical import NUMBERS, STRINGS
from zhenzan.events.hashing import U64, hash_strings, mix_into

I64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HashedRows:
    """Canonical rows in order; a string is fetched by its row in ``table`` when it is wanted.

    ``numbers`` and ``hashes`` hold one array per column, ``row`` the row of ``table`` behind
    each; all have the same length. ``hashes`` includes those of ``event_id``.
    """

    table: pa.Table
    row: I64
    numbers: dict[str, NDArray[Any]]
    hashes: dict[str, U64]

    @classmethod
    def of(cls, table: pa.Table, order: I64 | None) -> HashedRows:
        """Hash the strings of a table and put its numbers into the given order."""
        numbers = {name: table.column(name).to_numpy() for name in NUMBERS}
        hashes = {}
        for name in ("event_id", *STRINGS):
            parts = [hash_strings(chunk) for chunk in table.column(name).chunks]
            hashes[name] = parts[0] if len(parts) == 1 else np.concatenate(parts)
        if order is None:
            return cls(table, np.arange(table.num_rows), numbers, hashes)
        return cls(
            table,
            order,
            {name: column[order] for name, column in numbers.items()},
            {name: column[order] for name, column in hashes.items()},
        )

    def __len__(self) -> int:
        return len(self.row)

    @property
    def ts(self) -> I64:
        """View the times."""
        return self.numbers["ts"]

    def contents(self) -> U64:
        """Hash all that a row says, its event id left out."""
        contents = np.zeros(len(self), np.uint64)
        for name in NUMBERS:
            mix_into(contents, self.numbers[name].astype(np.int64, copy=False).view(np.uint64))
        for name in STRINGS:
            mix_into(contents, self.hashes[name])
        return contents

    def peers_by(self, contents: U64) -> HashedRows:
        """Put the rows of equal time into the order of what they say (design.md, safety rule 5).

        Parameters
        ----------
        contents
            What ``contents`` gave for these rows. Where two rows say the same, either may be
            first: nothing but their event ids tells them apart.
        """
        order = peers_by(self.ts, contents)
        return self if bool(np.all(order[1:] > order[:-1])) else self.chosen(order)

    def part(self, start: int, stop: int) -> HashedRows:
        """View some rows in a row."""
        return self.chosen(slice(start, stop))

    def chosen(self, rows: slice | NDArray[np.bool_] | I64) -> HashedRows:
        """Choose rows."""
        return HashedRows(
            self.table,
            self.row[rows],
            {name: column[rows] for name, column in self.numbers.items()},
            {name: column[rows] for name, column in self.hashes.items()},
        )

    def strings(self, name: str, rows: I64 | None = None) -> pa.Array:
        """Fetch the strings of a column, of all rows or of those given."""
        row = self.row if rows is None else self.row[rows]
        column = self.table.column(name)
        if len(row) and row[-1] - row[0] == len(row) - 1 and bool(np.all(np.diff(row) == 1)):
            found = column.slice(int(row[0]), len(row))
        else:
            found = column.take(pa.array(row))
        return found.chunk(0) if found.num_chunks == 1 else found.combine_chunks()
