"""Tells by segment how sure a model is, how often it is right, and whom it would reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhenzan.glossary import WORDS
from zhenzan.scoring.learned.model import Part
from zhenzan.training.calibrate import expected_calibration_error
from zhenzan.training.examples import Examples
from zhenzan.training.measure import Likes
from zhenzan.training.reliability import curve

BOUGHT_MIN = 20
"""Bought likes under which a calibration error of a segment is noise and is not told."""

DRAWN_MAX = 8
"""Most values of a segment in one diagram, those with the most bought likes: more cannot be told
apart by colour. The table lists all of them."""

NAMES: dict[str, tuple[str, str]] = {
    "category": (WORDS["category"].en, WORDS["category"].zh),
    "region": ("region", "地区"),
    "age": ("age of the account", "账号年龄"),
}
"""What a person reads of each segment, in English and Chinese."""

VALUES_ZH: dict[str, str] = {
    "under 7 days": "不满 7 天",
    "7 to 60 days": "7 至 60 天",
    "over 60 days": "超过 60 天",
    "unknown": "未知",
}
"""Values that are words of ours; categories and regions are the platform's own."""

F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Reach:
    """Probably honest likes, and which of them reach the thresholds of a model.

    ``honest`` is the probability of each of being honest, over 0; ``segments`` holds its words by
    name.
    """

    honest: F64
    held: Bools
    excluded: Bools
    segments: dict[str, NDArray[np.object_]]

    def share(self, reached: Bools, rows: Bools | None = None) -> float:
        """Give the honest share that a threshold reaches, among some rows or all."""
        rows = np.ones(len(self.honest), np.bool_) if rows is None else rows
        total = max(float(self.honest[rows].sum()), 1e-12)
        return round(float(self.honest[rows & reached].sum()) / total, 6)


def reach_of(part: Part, likes: Likes, honest: F64) -> Reach:
    """Find which of the likes that may be honest reach the thresholds of a model."""
    chosen = honest > 0
    kept = likes.where(chosen)
    matrix = kept.matrix[part.moment]
    said = part.probability(kept.score[part.moment], matrix)
    held, excluded = part.thresholds(matrix)
    return Reach(honest[chosen], said >= held, said >= excluded, kept.segments)


def by_segment(test: Examples, said: F64, reach: Reach) -> dict[str, dict[str, dict[str, Any]]]:
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
    reach
        The probably honest likes of the last part.
    """
    return {
        name: {
            str(word): {
                **_known(test, said, test.segments[name] == word),
                "reach_excluded": reach.share(reach.excluded, words == word),
            }
            for word in sorted({*test.segments[name].tolist(), *words.tolist()})
        }
        for name, words in reach.segments.items()
    }


def curves_of(test: Examples, said: F64, name: str) -> dict[str, list[dict[str, float]]]:
    """Give the reliability curve of each value of a segment, those with most bought likes first.

    A value with fewer than `BOUGHT_MIN` bought likes has none: its curve would show luck.
    """
    words = test.segments[name]
    values, place = np.unique(words.astype(str), return_inverse=True)
    bought = np.bincount(place, weights=test.bought, minlength=len(values))
    # Names settle ties, so that the same likes give the same drawing.
    shown = [k for k in np.lexsort((values, -bought)).tolist() if bought[k] >= BOUGHT_MIN]
    curves = {}
    for k in shown[:DRAWN_MAX]:
        chosen, word = place == k, str(values[k])
        label = f"{word} / {VALUES_ZH[word]}" if word in VALUES_ZH else word
        curves[label] = curve(said[chosen], test.bought[chosen], test.weight[chosen])
    return curves


def _known(test: Examples, said: F64, chosen: Bools) -> dict[str, Any]:
    """Tell how a model does on some of the examples."""
    probability, bought, weight = said[chosen], test.bought[chosen], test.weight[chosen]
    weighs = bool(weight.sum() > 0)
    error = expected_calibration_error(probability, bought, weight)
    return {
        "likes": len(bought),
        "bought": int(bought.sum()),
        "said": round(float(np.average(probability, weights=weight)), 5) if weighs else None,
        "was": round(float(np.average(bought, weights=weight)), 5) if weighs else None,
        "calibration_error": round(error, 4) if bought.sum() >= BOUGHT_MIN else None,
    }
