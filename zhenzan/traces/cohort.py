"""Who liked this item before: how new, how unprepared, how far from the category."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.arrays import grown
from zhenzan.clock import HOUR_US

_HALF_LIFE_US = 12 * HOUR_US
_LIKERS_MIN = 8.0


class CohortTrace:
    """Average chosen traits of an item's recent likers, fading with a 12 h half-life.

    A trait is a number per like (share-like, 0..1); NaN takes no part. The answer for a like is
    the average over strictly earlier likes of the item, NaN before 8 (faded) likers are known,
    so the like itself and its peers never speak for themselves. The number of traits is fixed at
    construction; state: 8 + 24 bytes a trait and item.
    """

    def __init__(self, traits: int) -> None:
        self._traits = traits
        self._us = np.zeros(0, np.int64)
        self._sums = np.zeros((0, traits, 4))

    def update(
        self, ts: NDArray[np.int64], item: NDArray[np.int32], traits: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Take in likes in time order; return the cohort average of each trait before each like.

        Parameters
        ----------
        traits
            Shape (likes, traits), NaN where a trait is unknown.
        """
        assert traits.shape == (len(ts), self._traits)
        rows = int(item.max(initial=-1)) + 1
        self._us = grown(self._us, rows)
        self._sums = grown(self._sums, rows)
        out = np.full(traits.shape, np.nan)
        _update(ts, item, traits, out, self._us, self._sums)
        return out


@njit(cache=True, nogil=True)
def _update(ts, item, traits, out, us, sums):
    for row in range(len(ts)):
        code = item[row]
        if code < 0:
            continue
        if ts[row] != us[code]:
            fade = 0.5 ** ((ts[row] - us[code]) / _HALF_LIFE_US) if us[code] else 0.0
            for trait in range(traits.shape[1]):
                cell = sums[code, trait]
                cell[0] = (cell[0] + cell[2]) * fade
                cell[1] = (cell[1] + cell[3]) * fade
                cell[2] = 0.0
                cell[3] = 0.0
            us[code] = ts[row]
        for trait in range(traits.shape[1]):
            cell = sums[code, trait]
            if cell[1] >= _LIKERS_MIN:
                out[row, trait] = cell[0] / cell[1]
            value = traits[row, trait]
            if value == value:
                # Peers wait in cells 2 and 3 until the tick closes.
                cell[2] += value
                cell[3] += 1.0
