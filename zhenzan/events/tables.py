"""Reads the optional side tables and lines their facts up with codes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.errors import SchemaError, nearest
from zhenzan.events.codes import CodeTable
from zhenzan.events.convert import to_text, to_time
from zhenzan.events.hashing import U64, hash_strings
from zhenzan.events.rejects import Rejects
from zhenzan.events.schema import ACCOUNTS, ITEMS
from zhenzan.events.sources.discover import open_sources
from zhenzan.events.validate import flat

_Facts = TypeVar("_Facts", NDArray[np.int64], NDArray[np.int32], NDArray[np.int8])

_YES = ("true", "1", "yes", "t", "y")
_NO = ("false", "0", "no", "f", "n")


class AccountFacts:
    """What the accounts table says, by account code; missing facts are -1."""

    def __init__(self, path: Path) -> None:
        table = _read(path, ACCOUNTS)
        self._lines = _Lines(table, "account_id")
        self._created_us = _times(table, "created_at")
        self._verified = _truths(table, "verified")
        self.regions = CodeTable(keep=True)
        self._region = self.regions.encode(_texts(table, "region"))
        self.created_at_us = np.zeros(0, np.int64)
        self.verified = np.zeros(0, np.int8)
        self.region = np.zeros(0, np.int32)

    def extend(self, accounts: CodeTable) -> None:
        """Take in the codes that are new since the last call."""
        at = self._lines.find(accounts.hashes(), self)
        self.created_at_us = _appended(self.created_at_us, self._created_us, at)
        self.verified = _appended(self.verified, self._verified, at)
        self.region = _appended(self.region, self._region, at)

    def __len__(self) -> int:
        """Count the accounts that are lined up."""
        return len(self.created_at_us)


class ItemFacts:
    """What the items table says, by item code; missing facts are -1, of ``author_hash`` 0."""

    def __init__(self, path: Path) -> None:
        table = _read(path, ITEMS)
        self._lines = _Lines(table, "item_id")
        self._created_us = _times(table, "created_at")
        self._merchant = _texts(table, "merchant_id")
        self._category = _texts(table, "category")
        self._author = hash_strings(_texts(table, "author_id"))
        self.created_at_us = np.zeros(0, np.int64)
        self.author_hash = np.zeros(0, np.uint64)
        self.merchant = np.zeros(0, np.int32)
        self.category = np.zeros(0, np.int32)

    def extend(self, items: CodeTable, merchants: CodeTable, categories: CodeTable) -> None:
        """Take in the codes that are new since the last call."""
        at = self._lines.find(items.hashes(), self)
        self.created_at_us = _appended(self.created_at_us, self._created_us, at)
        taken = pa.array(np.maximum(at, 0), mask=at < 0)
        self.merchant = np.append(self.merchant, merchants.encode(self._merchant.take(taken)))
        self.category = np.append(self.category, categories.encode(self._category.take(taken)))
        author = np.append(self._author, np.uint64(0))[np.where(at < 0, len(self._author), at)]
        self.author_hash = np.append(self.author_hash, author)

    def __len__(self) -> int:
        """Count the items that are lined up."""
        return len(self.created_at_us)


class _Lines:
    """Finds the line of an id by its hash; the first line wins where an id stands twice."""

    def __init__(self, table: pa.Table, key: str) -> None:
        hashes = hash_strings(_texts(table, key))
        self._order = np.argsort(hashes, kind="stable")
        self._sorted = hashes[self._order]

    def find(self, hashes: U64, known: AccountFacts | ItemFacts) -> NDArray[np.int64]:
        wanted = hashes[len(known) :]
        if not len(self._sorted):
            return np.full(len(wanted), -1, np.int64)
        at = np.minimum(np.searchsorted(self._sorted, wanted), len(self._sorted) - 1)
        lines: NDArray[np.int64] = np.where(self._sorted[at] == wanted, self._order[at], -1)
        return lines


def _appended(known: _Facts, facts: _Facts, lines: NDArray[np.int64]) -> _Facts:
    """Add the facts of the given lines; -1 where a line or the table is missing."""
    more = np.full(len(lines), -1, known.dtype)
    found = lines >= 0
    more[found] = facts[lines[found]]
    return np.concatenate((known, more))


def _read(path: Path, schema: pa.Schema) -> pa.Table:
    with tempfile.TemporaryDirectory(prefix="zhenzan-") as folder:
        sources = open_sources(path, spool=Path(folder))
        key = schema.names[0]
        parts: list[pa.Table] = []
        for source in sources:
            if key not in source.columns:
                raise SchemaError(
                    f"the table `{source.name}` has no column `{key}`",
                    hint=nearest(key, source.columns),
                )
            names = [name for name in schema.names if name in source.columns]
            chunks = [chunk.table for chunk in source.chunks(names, Rejects())]
            parts += chunks
    if not parts:
        return schema.empty_table()
    return pa.concat_tables(parts, promote_options="permissive").combine_chunks()


def _texts(table: pa.Table, name: str) -> pa.Array:
    if name not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    return to_text(flat(table, name))[0]


def _times(table: pa.Table, name: str) -> NDArray[np.int64]:
    if name not in table.column_names:
        return np.full(table.num_rows, -1, np.int64)
    ts, bad = to_time(flat(table, name))
    return np.where(bad, -1, ts)


def _truths(table: pa.Table, name: str) -> NDArray[np.int8]:
    words = np.array([(word or "").lower() for word in _texts(table, name).to_pylist()])
    return np.where(np.isin(words, _YES), 1, np.where(np.isin(words, _NO), 0, -1)).astype(np.int8)
