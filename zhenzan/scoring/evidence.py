"""Joins the signals of each evidence family so that correlated ones do not count twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.detectors.interface import Family
from zhenzan.scoring.baseline import Baseline

FAMILIES = len(Family)
_NONE = np.zeros((0, 0))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What each signal says at each value, as it was last looked at.

    Attributes
    ----------
    table
        Weighed evidence in nats, shape (detectors, segments, bins).
    low, high
        The usual range, each of shape (detectors, segments); empty where nobody asked for it.
    """

    table: NDArray[np.float32]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def of(cls, baseline: Baseline, weights: NDArray[np.floating[Any]], *, usual: bool) -> Evidence:
        """Look at what a baseline has learned so far."""
        table = (baseline.evidence() * weights[:, None, None]).astype(np.float32)
        low, high = baseline.usual() if usual else (_NONE, _NONE)
        return cls(table, low, high)


def join(
    bins: NDArray[np.int8],
    segments: NDArray[np.int16],
    table: NDArray[np.float32],
    families: NDArray[np.int8],
    louder: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Sum the weighed evidence of each like by family: shape (likes, families), in nats.

    Weights are small because signals of a family often know the same thing. Where only one of
    them speaks there is nothing to share, so the loudest of each family says more than its weight.

    Parameters
    ----------
    bins
        Shape (likes, detectors).
    table
        Weighed evidence per (detector, segment, bin): ``Baseline.evidence`` times the weights
        of ``Weights``, in which correlated signals share what they know.
    families
        Family of each detector.
    louder
        How much more each detector says where it is the loudest of its family, as a share of
        its weighed evidence (`weights.Weights.louder`).

    Examples
    --------
    >>> table = np.array([[[0.0, 1.0]], [[0.0, 2.0]]], np.float32)
    >>> both, family = np.ones((1, 2), np.int8), np.zeros(2, np.int8)
    >>> float(join(both, np.zeros(1, np.int16), table, family, np.float32([0.5, 0.5])).max())
    4.0
    """
    out = np.zeros((len(bins), FAMILIES), np.float32)
    _join(bins, segments, table, families, louder, out)
    return out


@njit(cache=True, nogil=True)
def _join(bins, segments, table, families, louder, out):
    loudest = np.zeros(out.shape[1], np.float32)
    for like in range(len(bins)):
        loudest[:] = 0.0
        for column in range(bins.shape[1]):
            nats = table[column, segments[like], bins[like, column]]
            family = families[column]
            out[like, family] += nats
            loudest[family] = max(loudest[family], nats * louder[column])
        out[like] += loudest
