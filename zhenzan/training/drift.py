"""Says how far the signals of a log have moved from those that a model was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from zhenzan.scoring.learned.inputs import inputs
from zhenzan.scoring.learned.model import Model
from zhenzan.scoring.weights import Moment
from zhenzan.training.measure import Likes

QUANTILES = 10
MOVED = 0.1
SHIFTED = 0.25
"""Customary bounds of the population stability index: below 0.1 the same, above 0.25 another."""

_FLOOR = 1e-4

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Drift:
    """The population stability index of one input at one moment."""

    moment: str
    name: str
    index: float
    missing_before: float
    missing_now: float

    @property
    def word(self) -> str:
        """Name how far it has moved."""
        if self.index >= SHIFTED:
            return "shifted"
        return "moved" if self.index >= MOVED else "same"


def reference_of(likes: Likes) -> dict[str, Any]:
    """Sum up each input of the training history: edges of tenths, and the share in each bin."""
    return {moment: _moment(likes.matrix[moment], moment) for moment in get_args(Moment)}


def _moment(matrix: F32, moment: Moment) -> dict[str, Any]:
    table = {}
    for column, row in enumerate(inputs(moment)):
        values = matrix[:, column]
        known = values[~np.isnan(values)]
        steps = np.linspace(0, 1, QUANTILES + 1)[1:-1]
        edges = np.zeros(0)
        if len(known):
            edges = np.unique(np.quantile(known, steps)).astype(np.float64)
        table[row.name] = {
            "edges": [float(edge) for edge in edges],
            "shares": [round(float(share), 6) for share in shares(values, edges)],
        }
    return table


def shares(values: F32, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tell the share of values per bin; the first is that of missing ones."""
    place = np.searchsorted(edges, values.astype(np.float64), side="right") + 1
    place[np.isnan(values)] = 0
    counts = np.bincount(place, minlength=len(edges) + 2).astype(np.float64)
    return counts / max(len(values), 1)


def stability(before: NDArray[np.float64], now: NDArray[np.float64]) -> float:
    """Compute the population stability index of two lists of shares.

    Examples
    --------
    >>> stability(np.array([0.5, 0.5]), np.array([0.5, 0.5]))
    0.0
    """
    old, new = np.maximum(before, _FLOOR), np.maximum(now, _FLOOR)
    return float(((new - old) * np.log(new / old)).sum())


def drift(model: Model, likes: Likes) -> list[Drift]:
    """Compare a measured log with what a model was trained on, most moved first."""
    found = []
    for moment in get_args(Moment):
        for column, row in enumerate(inputs(moment)):
            known = model.reference[moment][row.name]
            before = np.array(known["shares"])
            now = shares(likes.matrix[moment][:, column], np.array(known["edges"]))
            index = stability(before, now)
            found.append(Drift(moment, row.name, index, float(before[0]), float(now[0])))
    return sorted(found, key=lambda one: (-one.index, one.moment, one.name))
