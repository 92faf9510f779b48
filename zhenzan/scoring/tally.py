"""Counts per item, account and merchant, taken while the log is read."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.arrays import grown
from zhenzan.events.batch import Batch
from zhenzan.events.codes import CodeTable
from zhenzan.events.hashing import mix_into
from zhenzan.events.schema import Kind

_KINDS = len(Kind)
_EXTRA = (
    "dwell_ms_sum",
    "dwell_views",
    "completion_sum",
    "completion_views",
    "comment_chars_sum",
    "comment_texts_distinct",
    "repurchases",
    "first_us",
    "last_us",
    "merchant",
    "category",
)
_DWELL, _COMPLETION, _CHARS, _TEXTS, _REPURCHASES = 0, 2, 4, 5, 6
_FIRST, _LAST, _MERCHANT, _CATEGORY = 7, 8, 9, 10
_VIEW, _COMMENT, _PURCHASE = int(Kind.VIEW), int(Kind.COMMENT), int(Kind.PURCHASE)


class ItemTally:
    """Count what happened to each item; columns as ``authenticity`` reads them.

    State: 192 bytes an item, and some 60 bytes per distinct comment text of an item.
    """

    def __init__(self) -> None:
        self._kinds = np.zeros((0, _KINDS), np.int64)
        self._extra = np.zeros((0, len(_EXTRA)), np.int64)
        self._texts = CodeTable()

    def update(self, batch: Batch, *, repurchase: NDArray[np.bool_]) -> None:
        """Take in a batch; ``repurchase`` marks purchases by a returning buyer."""
        rows = int(batch.item.max(initial=-1)) + 1
        self._kinds = grown(self._kinds, rows)
        self._extra = grown(self._extra, rows)
        _count(
            batch.ts, batch.kind, batch.item, batch.merchant, batch.category, batch.dwell_ms,
            batch.completion_permille, batch.text_chars, repurchase, self._kinds, self._extra,
        )  # fmt: skip
        commented = (batch.item >= 0) & (batch.kind == Kind.COMMENT) & (batch.text_chars > 0)
        self._count_texts(batch.item[commented], batch.text_hash[commented])

    def columns(self) -> dict[str, NDArray[np.int64]]:
        """Return all counts, indexed by item code; merchant and category as codes, -1 unknown."""
        counts = {Kind(kind).word: self._kinds[:, kind] for kind in range(_KINDS)}
        counts.update(zip(_EXTRA, self._extra.T, strict=True))
        counts["merchant"] = counts["merchant"] - 1
        counts["category"] = counts["category"] - 1
        return counts

    def _count_texts(self, item: NDArray[np.int32], text: NDArray[np.int64]) -> None:
        pair = text.view(np.uint64).copy()
        mix_into(pair, item.astype(np.uint64) + np.uint64(1))
        self._texts.encode_hashed(pair)
        np.add.at(self._extra[:, _TEXTS], item[self._texts.fresh], 1)


class AccountTally:
    """Count what each account did. State: 32 bytes an account."""

    def __init__(self) -> None:
        self._rows = np.zeros((0, 4), np.int64)

    def update(self, batch: Batch) -> None:
        """Take in a batch."""
        self._rows = grown(self._rows, int(batch.account.max(initial=-1)) + 1)
        _note(batch.ts, batch.kind, batch.account, self._rows)

    def columns(self) -> dict[str, NDArray[np.int64]]:
        """Return first and last time (us), number of different kinds, and purchases, by code."""
        first, last, kinds, purchases = self._rows.T
        return {
            "first_us": first,
            "last_us": last,
            "kinds": np.bitwise_count(kinds).astype(np.int64),
            "purchases": purchases,
        }


@njit(cache=True, nogil=True)
def _count(
    ts, kind, item, merchant, category, dwell_ms, permille, chars, repurchase, kinds, extra,
):  # fmt: skip
    for row in range(len(ts)):
        if item[row] < 0:
            continue
        cell = extra[item[row]]
        kinds[item[row], kind[row]] += 1
        if kind[row] == _VIEW:
            if dwell_ms[row] >= 0:
                cell[_DWELL] += dwell_ms[row]
                cell[_DWELL + 1] += 1
            if permille[row] >= 0:
                cell[_COMPLETION] += permille[row]
                cell[_COMPLETION + 1] += 1
        if kind[row] == _COMMENT and chars[row] > 0:
            cell[_CHARS] += chars[row]
        if repurchase[row]:
            cell[_REPURCHASES] += 1
        if cell[_FIRST] == 0:
            cell[_FIRST] = ts[row]
        cell[_LAST] = max(cell[_LAST], ts[row])
        # Stored as code + 1, so that 0 means nobody has said.
        if merchant[row] >= 0:
            cell[_MERCHANT] = merchant[row] + 1
        if category[row] >= 0:
            cell[_CATEGORY] = category[row] + 1


@njit(cache=True, nogil=True)
def _note(ts, kind, account, rows):
    for row in range(len(ts)):
        cell = rows[account[row]]
        if cell[0] == 0:
            cell[0] = ts[row]
        cell[1] = max(cell[1], ts[row])
        cell[2] |= np.int64(1) << np.int64(kind[row])
        if kind[row] == _PURCHASE:
            cell[3] += 1
