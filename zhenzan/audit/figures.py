"""The figures of items, accounts and merchants after a revision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhenzan.errors import SourceError
from zhenzan.events.state import COUNT_STATES
from zhenzan.files import whole_file
from zhenzan.scoring.figures import (
    ACCOUNT_FACTS,
    ITEM_FACTS,
    Counted,
    account_figures,
    item_figures,
    merchant_figures,
    timeline,
)

_TABLES = ("items", "accounts", "merchants")


class Figures:
    """Gathers revised likes and makes the figures that scoring would have made from them.

    The reasons that recur for an account or a merchant stay those that scoring gathered.

    Memory: 31 bytes a like.

    Raises
    ------
    SourceError
        A file that scoring writes beside ``likes.parquet`` is missing.
    """

    def __init__(self, folder: Path) -> None:
        tables = {}
        for name in _TABLES:
            path = folder / f"{name}.parquet"
            if not path.is_file():
                raise SourceError(
                    f"`{path}` is missing beside the likes", hint="score the log again"
                )
            tables[name] = pq.read_table(path)
        self._items = _facts(tables["items"], ITEM_FACTS)
        self._accounts = _facts(tables["accounts"], (*ACCOUNT_FACTS, "verified", "reasons"))
        self._merchants = _facts(tables["merchants"], ("merchant_id", "reasons"))
        self._parts: list[dict[str, NDArray[Any]]] = []

    def add(self, likes: pa.Table) -> None:
        """Take in revised likes."""
        words = likes["count_state"].cast(pa.string())
        self._parts.append(
            {
                "ts": likes["ts"].cast(pa.int64()).to_numpy(),
                "item": _place(likes["item_id"], self._items["item_id"]),
                "account": _place(likes["account_id"], self._accounts["account_id"]),
                "merchant": _place(likes["merchant_id"], self._merchants["merchant_id"]),
                "states": _place(words, pa.array(COUNT_STATES)).astype(np.int8),
                "campaign": likes["campaign"].to_numpy(),
                "verified_buyer": likes["verified_buyer"].to_numpy(),
            }
        )

    def write(self, out: Path) -> None:
        """Write items, accounts, merchants and timeline, each whole or not at all."""
        names = Counted.__dataclass_fields__
        likes = Counted(
            **{name: np.concatenate([part[name] for part in self._parts]) for name in names}
        )
        owner = _place(self._items["merchant_id"], self._merchants["merchant_id"])
        tables = {
            "items": item_figures(self._items, likes),
            "accounts": account_figures(self._accounts, likes),
            "merchants": merchant_figures(self._merchants, owner, self._items, likes),
            "timeline": timeline(likes),
        }
        for name, table in tables.items():
            with whole_file(out / f"{name}.parquet") as path:
                pq.write_table(table, path)


def _facts(table: pa.Table, names: tuple[str, ...]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name in names:
        if name in table.column_names:
            column = table[name].combine_chunks()
            is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
            facts[name] = column.to_numpy() if is_number else column
    return facts


def _place(words: pa.ChunkedArray | pa.Array, among: pa.Array) -> NDArray[np.int32]:
    found = pc.fill_null(pc.index_in(words, among), -1)
    result: NDArray[np.int32] = np.asarray(found.to_numpy(), np.int32)
    return result
