"""Whether a like is made the way the item's other likers made theirs."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.arrays import grown
from zhenzan.clock import HOUR_US

_HALF_LIFE_US = 12 * HOUR_US
_KEPT = 15.0 / 16.0
_LIKERS_MIN = 5.0

GRAIN = 64.0
"""Steps per unit to which values are rounded, so that their sums are exact in any order."""


class LikenessTrace:
    """Measure how far a like lies from the item's recent ones, in chosen measures.

    People take their own time, scattered over orders of magnitude; whoever works through an
    order repeats one routine, however human each like looks alone. For every measure (a
    logarithm) the root mean square distance between the like and the earlier likes of the item,
    each of which fades by 1/16 with every further like and by half in 12 h. NaN before 5 (faded)
    likers are known. Peers do not see each other.

    State: 8 + 48 bytes a measure and item.
    """

    def __init__(self, measures: int) -> None:
        self._measures = measures
        self._us = np.zeros(0, np.int64)
        self._sums = np.zeros((0, measures, 6))

    def update(
        self, ts: NDArray[np.int64], item: NDArray[np.int32], values: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Take in likes in time order; return the distance of each in every measure.

        Parameters
        ----------
        values
            Shape (likes, measures), NaN where unknown.
        """
        assert values.shape == (len(ts), self._measures)
        rows = int(item.max(initial=-1)) + 1
        self._us = grown(self._us, rows)
        self._sums = grown(self._sums, rows)
        out = np.full(values.shape, np.nan)
        _update(ts, item, np.round(values * GRAIN), out, self._us, self._sums)
        return out / GRAIN


@njit(cache=True, nogil=True)
def _update(ts, item, values, out, us, sums):
    for row in range(len(ts)):
        code = item[row]
        if code < 0 or ts[row] < us[code]:
            continue  # a late like comes too late to be compared with what was usual then
        if ts[row] != us[code]:
            fade = 0.5 ** ((ts[row] - us[code]) / _HALF_LIFE_US) if us[code] else 0.0
            for measure in range(values.shape[1]):
                cell = sums[code, measure]
                kept = _KEPT ** cell[3]
                for part in range(3):
                    cell[part] = (cell[part] * kept + cell[part + 3]) * fade
                    cell[part + 3] = 0.0
            us[code] = ts[row]
        for measure in range(values.shape[1]):
            value = values[row, measure]
            if value != value:
                continue
            cell = sums[code, measure]
            if cell[0] >= _LIKERS_MIN:
                mean = cell[1] / cell[0]
                spread = max(0.0, cell[2] / cell[0] - mean * mean)
                out[row, measure] = np.sqrt(spread + (value - mean) ** 2)
            # Peers wait in cells 3 to 5 until the tick closes.
            cell[3] += 1.0
            cell[4] += value
            cell[5] += value * value
