"""Joins the signals of each evidence family so that correlated ones do not count twice."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.detectors.interface import Family

FAMILIES = len(Family)

FAMILY_MAX = np.array([4.5, 4.5, 4.0, 2.5, 5.0, 1.5], np.float32)
"""Most evidence for, in nats, that a family may give: account, behaviour, network, target,
group, context. Target and context are low because a burst or an odd channel is never a verdict
(T19); network is below what excludes alone (T18)."""

_SECOND = 0.5
_THIRD = 0.25


def join(
    bins: NDArray[np.int8],
    segments: NDArray[np.int16],
    table: NDArray[np.float32],
    families: NDArray[np.int8],
) -> NDArray[np.float32]:
    """Join the evidence of each like by family: shape (likes, families), in nats.

    Within a family the strongest signal counts in full, the second by half, the third by a
    quarter, the others not at all; the same on the side against.

    Parameters
    ----------
    bins
        Shape (likes, detectors).
    table
        Evidence per (detector, segment, bin) from ``Baseline.evidence``.
    families
        Family of each detector.
    """
    out = np.zeros((len(bins), FAMILIES), np.float32)
    _join(bins, segments, table, families, FAMILY_MAX, out)
    return out


@njit(cache=True, nogil=True)
def _join(bins, segments, table, families, family_max, out):
    best = np.zeros((FAMILIES, 6), np.float32)
    for like in range(len(bins)):
        best[:] = 0.0
        for column in range(bins.shape[1]):
            if bins[like, column] == 0:
                continue
            nats = table[column, segments[like], bins[like, column]]
            cell = best[families[column]]
            if nats > cell[2]:
                if nats > cell[0]:
                    cell[2] = cell[1]
                    cell[1] = cell[0]
                    cell[0] = nats
                elif nats > cell[1]:
                    cell[2] = cell[1]
                    cell[1] = nats
                else:
                    cell[2] = nats
            elif nats < cell[5]:
                if nats < cell[3]:
                    cell[5] = cell[4]
                    cell[4] = cell[3]
                    cell[3] = nats
                elif nats < cell[4]:
                    cell[5] = cell[4]
                    cell[4] = nats
                else:
                    cell[5] = nats
        for family in range(FAMILIES):
            cell = best[family]
            nats = (
                cell[0] + _SECOND * cell[1] + _THIRD * cell[2]
                + cell[3] + _SECOND * cell[4] + _THIRD * cell[5]
            )  # fmt: skip
            out[like, family] = min(nats, family_max[family])
