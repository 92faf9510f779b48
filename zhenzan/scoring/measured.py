"""What was measured of every like: at once, in hindsight, and sorted into bins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zhenzan.detectors.interface import Detector


class Measured:
    """Values and bins of all detectors, one row per like; values stay in two matrices on disk.

    Parameters
    ----------
    at_once, later
        Values of the detectors that answer at once, and of those that need hindsight, each in
        the order of ``detectors``.
    bins
        Shape (likes, detectors).
    """

    def __init__(
        self,
        detectors: Sequence[Detector],
        at_once: NDArray[np.float32],
        later: NDArray[np.float32],
        bins: NDArray[np.int8],
    ) -> None:
        self.bins = bins
        self._at_once, self._later = at_once, later
        self._is_later = np.array([detector.settled for detector in detectors], np.bool_)
        places = np.cumsum(self._is_later)
        self._place = np.where(self._is_later, places, np.arange(1, len(places) + 1) - places) - 1

    def values(self, like: NDArray[np.int64], detector: NDArray[np.int16]) -> NDArray[np.float32]:
        """Look up the value of one detector for one like each."""
        values = np.empty(len(like), np.float32)
        is_later, place = self._is_later[detector], self._place[detector]
        values[is_later] = self._later[like[is_later], place[is_later]]
        at_once = ~is_later
        values[at_once] = self._at_once[like[at_once], place[at_once]]
        return values

    def matrix(self, part: slice | NDArray[np.int64]) -> NDArray[np.float32]:
        """Put the values of some likes together: shape (likes, detectors)."""
        later, at_once = self._later[part], self._at_once[part]
        values = np.empty((len(later), len(self._place)), np.float32)
        values[:, self._is_later] = later
        values[:, ~self._is_later] = at_once
        return values
