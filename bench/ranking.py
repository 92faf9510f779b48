"""How well a score ranks what is labelled; equal scores share their rank."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zhenzan.scoring.evaluation import average_precision

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def roc_auc(score: Floats, positive: Bools) -> float:
    """Tell how often a positive scores above another row, ties counting half; NaN without both.

    Examples
    --------
    >>> roc_auc(np.array([0.9, 0.5, 0.5]), np.array([True, True, False]))
    0.75
    """
    _, place, size = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(size) - (size - 1) / 2)[place]
    positives = int(positive.sum())
    pairs = positives * (len(positive) - positives)
    if pairs == 0:
        return float("nan")
    return float((rank[positive].sum() - positives * (positives + 1) / 2) / pairs)


def ndcg(score: Floats, positive: Bools, *, first: int) -> float:
    """Tell the discounted gain of the first ranks over the best there could be, 0 to 1.

    Rows of one score share the mean gain of the ranks that they fill.

    Examples
    --------
    >>> round(ndcg(np.array([3.0, 2.0, 1.0]), np.array([False, True, False]), first=2), 3)
    0.631
    """
    values, place = np.unique(-score, return_inverse=True)
    size = np.bincount(place, minlength=len(values))
    gain = np.bincount(place, positive.astype(np.float64), minlength=len(values)) / size
    discount = 1.0 / np.log2(np.arange(min(first, len(score))) + 2.0)
    ideal = discount[: int(positive.sum())].sum()
    if ideal == 0:
        return float("nan")
    return float((np.repeat(gain, size)[: len(discount)] * discount).sum() / ideal)


def ranked(score: Floats, positive: Bools) -> dict[str, float]:
    """Give the two figures of a ranking."""
    return {"auc": roc_auc(score, positive), "ap": average_precision(score, positive)}


def named(chosen: Bools, positive: Bools) -> dict[str, float]:
    """Give precision, recall and F1 of a choice; precision is 0 where nothing is chosen."""
    right, given = int((chosen & positive).sum()), int(chosen.sum())
    precision, recall = right / max(given, 1), right / max(int(positive.sum()), 1)
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {"precision": precision, "recall": recall, "f1": f1}


def resampled(positive: Bools, share: float, random: np.random.Generator) -> NDArray[np.int64]:
    """Choose all negatives and as many positives as make the given share, in row order."""
    negatives = int((~positive).sum())
    kept = min(round(share / (1.0 - share) * negatives), int(positive.sum()))
    chosen = random.choice(np.flatnonzero(positive), kept, replace=False)
    return np.sort(np.concatenate([np.flatnonzero(~positive), chosen])).astype(np.int64)
