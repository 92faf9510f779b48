"""Tells by segment how sure a model is, how often it is right, and whom it would reach."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhenzan.scoring.learned.model import Part
from zhenzan.training.calibrate import expected_calibration_error
from zhenzan.training.examples import Examples
from zhenzan.training.measure import Likes

BOUGHT_MIN = 20
"""Bought likes under which a calibration error of a segment is noise and is not told."""

F64 = NDArray[np.float64]


def by_segment(
    part: Part, test: Examples, said: F64, *, likes: Likes, honest: F64
) -> dict[str, dict[str, dict[str, Any]]]:
    """Measure each category, region and age of accounts in the last part.

    ``said`` and ``was`` are the mean probability and the share of bought likes among the examples,
    by their weights; ``reach_excluded`` is the share of probably honest likes of the clean history
    that reach the threshold. Known false positives: a segment where few likes are known is judged
    by luck, so each row says how many bought likes it rests on.

    Parameters
    ----------
    test
        Examples of the last part, weighed to the share of bought likes on the platform.
    said
        What the model says of each.
    honest
        The probability of being honest of each like of ``likes``; 0 outside the last part.
    """
    reached = _reached(part, likes)
    table: dict[str, dict[str, dict[str, Any]]] = {}
    for name, words in likes.segments.items():
        known = test.segments[name]
        table[name] = {}
        for word in sorted({*known.tolist(), *words[honest > 0].tolist()}):
            chosen, rows = known == word, words == word
            weight = test.weight[chosen]
            bought = int(test.bought[chosen].sum())
            told = bought >= BOUGHT_MIN
            there = max(float(honest[rows].sum()), 1e-9)
            table[name][str(word)] = {
                "likes": int(chosen.sum()),
                "bought": bought,
                "said": _mean(said[chosen], weight),
                "was": _mean(test.bought[chosen].astype(np.float64), weight),
                "reach_excluded": round(float(honest[rows & reached].sum() / there), 6),
                "calibration_error": round(
                    expected_calibration_error(said[chosen], test.bought[chosen], weight), 4
                )
                if told
                else None,
            }
    return table


def _reached(part: Part, likes: Likes) -> NDArray[np.bool_]:
    matrix = likes.matrix[part.moment]
    _, excluded = part.thresholds(matrix)
    return np.asarray(part.probability(likes.score[part.moment], matrix) >= excluded)


def _mean(values: F64, weight: F64) -> float | None:
    total = float(weight.sum())
    return round(float((values * weight).sum() / total), 5) if total > 0 else None
