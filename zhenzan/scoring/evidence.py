"""Joins the signals of each evidence family so that correlated ones do not count twice."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.detectors.interface import Family

FAMILIES = len(Family)


def join(
    bins: NDArray[np.int8],
    segments: NDArray[np.int16],
    table: NDArray[np.float32],
    families: NDArray[np.int8],
) -> NDArray[np.float32]:
    """Sum the weighed evidence of each like by family: shape (likes, families), in nats.

    Parameters
    ----------
    bins
        Shape (likes, detectors).
    table
        Weighed evidence per (detector, segment, bin): ``Baseline.evidence`` times the weights
        of ``Weights``, in which correlated signals share what they know.
    families
        Family of each detector.
    """
    out = np.zeros((len(bins), FAMILIES), np.float32)
    _join(bins, segments, table, families, out)
    return out


@njit(cache=True, nogil=True)
def _join(bins, segments, table, families, out):
    for like in range(len(bins)):
        for column in range(bins.shape[1]):
            out[like, families[column]] += table[column, segments[like], bins[like, column]]
