"""Counts per item, account and merchant, taken while the log is read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zhenzan.events.batch import Batch
from zhenzan.events.schema import Kind
from zhenzan.traces.growing import grown

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


class ItemTally:
    """Count what happened to each item; columns as ``authenticity`` reads them.

    State: 192 bytes an item, and 16 bytes per distinct comment text of an item.
    """

    def __init__(self) -> None:
        self._kinds = np.zeros((0, _KINDS), np.int64)
        self._extra = np.zeros((0, len(_EXTRA)), np.int64)
        self._texts: set[tuple[int, int]] = set()

    def update(self, batch: Batch, *, repurchase: NDArray[np.bool_]) -> None:
        """Take in a batch; ``repurchase`` marks purchases by a returning buyer."""
        rows = int(batch.item.max(initial=-1)) + 1
        self._kinds = grown(self._kinds, rows)
        self._extra = grown(self._extra, rows)
        extra = dict(zip(_EXTRA, self._extra.T, strict=True))
        on_item = batch.item >= 0
        item = batch.item
        np.add.at(self._kinds, (item[on_item], batch.kind[on_item]), 1)
        viewed = on_item & (batch.kind == Kind.VIEW)
        for name, counter, column in (
            ("dwell_ms_sum", "dwell_views", batch.dwell_ms),
            ("completion_sum", "completion_views", batch.completion_permille),
        ):
            told = viewed & (column >= 0)
            np.add.at(extra[name], item[told], column[told])
            np.add.at(extra[counter], item[told], 1)
        commented = on_item & (batch.kind == Kind.COMMENT) & (batch.text_chars > 0)
        np.add.at(extra["comment_chars_sum"], item[commented], batch.text_chars[commented])
        self._count_texts(item[commented], batch.text_hash[commented])
        np.add.at(extra["repurchases"], item[on_item & repurchase], 1)
        first = extra["first_us"]
        unseen = on_item & (first[item] == 0)
        first[item[unseen][::-1]] = batch.ts[unseen][::-1]
        np.maximum.at(extra["last_us"], item[on_item], batch.ts[on_item])
        # Stored as code + 1, so that 0 means nobody has said.
        for name, column in (("merchant", batch.merchant), ("category", batch.category)):
            told = on_item & (column >= 0)
            extra[name][item[told]] = column[told] + 1

    def columns(self) -> dict[str, NDArray[np.int64]]:
        """Return all counts, indexed by item code; merchant and category as codes, -1 unknown."""
        counts = {Kind(kind).word: self._kinds[:, kind] for kind in range(_KINDS)}
        counts.update(zip(_EXTRA, self._extra.T, strict=True))
        counts["merchant"] = counts["merchant"] - 1
        counts["category"] = counts["category"] - 1
        return counts

    def _count_texts(self, item: NDArray[np.int32], text: NDArray[np.int64]) -> None:
        new = set(zip(item.tolist(), text.tolist(), strict=True)) - self._texts
        self._texts |= new
        if new:
            column = self._extra[:, _EXTRA.index("comment_texts_distinct")]
            np.add.at(column, np.array([pair[0] for pair in new]), 1)


class AccountTally:
    """Count what each account did. State: 32 bytes an account."""

    def __init__(self) -> None:
        self._rows = np.zeros((0, 4), np.int64)

    def update(self, batch: Batch) -> None:
        """Take in a batch."""
        self._rows = grown(self._rows, int(batch.account.max(initial=-1)) + 1)
        first, last, kinds, purchases = self._rows.T
        account = batch.account
        unseen = first[account] == 0
        first[account[unseen][::-1]] = batch.ts[unseen][::-1]
        np.maximum.at(last, account, batch.ts)
        np.bitwise_or.at(kinds, account, np.int64(1) << batch.kind.astype(np.int64))
        np.add.at(purchases, account[batch.kind == Kind.PURCHASE], 1)

    def columns(self) -> dict[str, NDArray[np.int64]]:
        """Return first and last time (us), number of different kinds, and purchases, by code."""
        first, last, kinds, purchases = self._rows.T
        return {
            "first_us": first,
            "last_us": last,
            "kinds": np.bitwise_count(kinds).astype(np.int64),
            "purchases": purchases,
        }
