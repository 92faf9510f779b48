"""What is known of the neighbours of a row, without the row itself.

The pools of the product (`zhenzan.scoring.context`) are used where rows meet at a key, and its
`shift` turns what they hold into log odds. A graph of accounts with accounts has no keys: its sums
and maxima are the bench's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.ranking import Bools, Floats
from zhenzan.scoring.context import POOLED_LIKES, grained, most_around, pooled_around, shift
from zhenzan.traces.order import by_key

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Graph:
    """An undirected graph of ``count`` nodes; every edge is listed in both directions."""

    to: Ints
    near: Ints
    count: int

    @classmethod
    def of(cls, one: Ints, other: Ints, count: int) -> Graph:
        """Take undirected edges, each listed once; an edge to itself is none."""
        apart = one != other
        one, other = one[apart].astype(np.int64), other[apart].astype(np.int64)
        to, near = np.concatenate([one, other]), np.concatenate([other, one])
        order = np.lexsort((near, to))
        return cls(to[order], near[order], count)

    def total(self, value: Floats) -> Floats:
        """Add a value up over the neighbours of every node."""
        return np.bincount(self.to, value[self.near], minlength=self.count)

    def degree(self) -> Floats:
        """Count the neighbours of every node."""
        return np.bincount(self.to, minlength=self.count).astype(np.float64)

    def mean(self, value: Floats) -> Floats:
        """Average a value over the neighbours of every node; NaN where there is none."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.total(value) / self.degree())

    def most(self, value: Floats) -> Floats:
        """Give the greatest value among the neighbours of every node; NaN where there is none."""
        found = np.full(self.count, -np.inf)
        np.maximum.at(found, self.to, value[self.near])
        return np.where(np.isinf(found), np.nan, found)

    def columns(self, raw: Floats) -> Floats:
        """Give degree, and mean and maximum of every column over neighbours, and the mean of means.

        The last is over neighbours of neighbours, the node itself among them.
        """
        parts = [self.degree()]
        for column in raw.T:
            mean = self.mean(column)
            parts += [mean, self.most(column), self.mean(np.nan_to_num(mean))]
        return np.stack(parts, axis=1)

    def suspicion(self, score: Floats, known: Bools, truth: Bools, *, prior: float) -> Floats:
        """Pool the neighbours as the product does: their scores, and the labels known of them.

        A node's own label reaches none of its columns: labels are pooled over one step only.
        """
        weight = POOLED_LIKES["item"]
        degree, rows = self.degree(), np.asarray(known, np.float64)
        near = shift(self.total(score), degree, prior=prior, weight=weight)
        labels = shift(self.total(rows * truth), self.total(rows), prior=prior, weight=weight)
        near = np.where(degree > 0, near, np.nan)
        return np.stack(
            [near, self.most(score), self.mean(np.nan_to_num(near)), labels], axis=1
        )  # fmt: skip


def other_rows(keys: dict[str, Ints], raw: Floats, score: Floats, *, prior: float) -> Floats:
    """Give what is known of the other rows with the same key, by the product's pools.

    Parameters
    ----------
    keys
        ``account`` and ``item`` of every row.
    raw
        Columns from 0 to 1, of which mean and maximum are taken.
    score
        Probability of every row by its own columns, which is pooled into log odds.
    """
    ts = np.zeros(len(raw), np.int64)
    parts = []
    for name, codes in keys.items():
        code = codes.astype(np.int32)
        order = by_key(ts, code)
        for column in np.column_stack([score, raw]).T:
            value = grained(column)
            total, count = pooled_around(ts, code, value, order=order, reach_us=0)
            with np.errstate(invalid="ignore", divide="ignore"):
                parts.append(total / count)
            most = most_around(ts, code, value, order=order, reach_us=0)
            parts.append(np.where(count > 0, most, np.nan))
        total, count = pooled_around(ts, code, grained(score), order=order, reach_us=0)
        parts.append(shift(total, count, prior=prior, weight=POOLED_LIKES[name]))
    return np.stack(parts, axis=1)


def other_labels(keys: dict[str, Ints], known: Bools, truth: Bools, *, prior: float) -> Floats:
    """Pool the known labels of the other rows with the same key, leaving out the row's own.

    A trap, kept to be measured: among rows of one key the positives see one positive less.
    """
    ts = np.zeros(len(known), np.int64)
    rows, parts = known.astype(np.float64), []
    for name, codes in keys.items():
        code = codes.astype(np.int32)
        order = by_key(ts, code)
        suspected, _ = pooled_around(ts, code, rows * truth, order=order, reach_us=0)
        total, _ = pooled_around(ts, code, rows, order=order, reach_us=0)
        parts.append(shift(suspected, total, prior=prior, weight=POOLED_LIKES[name]))
    return np.stack(parts, axis=1)


def earlier_months(repo: Ints, month: Ints, value: Floats) -> Floats:
    """Give number, mean, maximum and the last of a value over earlier months of the same key.

    Strictly earlier: a month never sees itself or what comes after; NaN where there is none.
    """
    order = np.lexsort((month, repo))
    found = np.full((len(repo), 4), np.nan)
    found[:, 0] = 0.0
    start = 0
    for place, row in enumerate(order):
        if place and repo[order[place - 1]] != repo[row]:
            start = place
        seen = value[order[start:place]][month[order[start:place]] < month[row]]
        if len(seen):
            found[row] = len(seen), seen.mean(), seen.max(), seen[-1]
    return found
