"""What is usual: histograms of every signal, learned from the log, and the evidence they give.

For each detector and segment the share of honest likes per bin is kept. The evidence of a bin is
a log likelihood ratio against an alternative that is not fitted to any attack: if ``p`` is the
share of honest likes at least as suspicious, the alternative draws ``p`` from Beta(a, 1), the
p-value calibration of Sellke, Bayarri and Berger (2001). As likes are found inauthentic, they
leave the histogram. Likes made inside a campaign are compared with each other only: people who
work through a list of tasks look unlike shoppers (requirements, fixture "Effort").
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.detectors.interface import Detector

SEGMENTS_MAX = 256
"""Categories with a histogram of their own; the rest share one. A limit, not a tuning knob."""

_CAMPAIGN = 1 + SEGMENTS_MAX
_SEGMENTS = 2 + SEGMENTS_MAX

_TILT = 0.3
_SEGMENT_WEIGHT = 300.0
_PRIOR_WEIGHT = 100.0
_PRIOR_RATIO = 0.45
_USUAL = (0.05, 0.90)
_FLOOR = 1e-9

I8 = NDArray[np.int8]
F64 = NDArray[np.float64]


class Baseline:
    """Histograms of signals over honest likes, by detector and segment.

    Parameters
    ----------
    detectors
        In the order of the columns of every matrix of bins.

    State: detectors x (2 + 256 segments) x bins numbers of 8 bytes.
    """

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self.detectors = tuple(detectors)
        self.bins_max = max(detector.bins for detector in detectors) + 1
        self._honest = np.zeros((len(detectors), _SEGMENTS, self.bins_max))
        self._by_category = np.array([d.segment == "category" for d in detectors])

    @staticmethod
    def segments(category: NDArray[np.int32], campaign: NDArray[np.bool_]) -> NDArray[np.int16]:
        """Turn category codes and campaign marks into segments; 0 is that of everything else."""
        inside = (category >= 0) & (category < SEGMENTS_MAX)
        segments = np.where(inside, category + 1, 0)
        return np.where(campaign, _CAMPAIGN, segments).astype(np.int16)

    def learn(self, bins: I8, segments: NDArray[np.int16], score: F64) -> None:
        """Add likes to the histograms, each by its probability of being authentic.

        Parameters
        ----------
        bins
            Shape (likes, detectors).
        """
        _learn(bins, segments, score, self._by_category, self._honest)

    def cleared(self) -> Baseline:
        """Return an empty baseline over the same detectors."""
        return Baseline(self.detectors)

    def evidence(self) -> NDArray[np.float32]:
        """Compute the evidence in nats, shape (detectors, segments, bins); bin 0 gives none."""
        honest, place = self._shares()
        table = np.zeros(honest.shape, np.float32)
        for column, detector in enumerate(self.detectors):
            share = honest[column, :, 1 : detector.bins + 1]
            if detector.suspicious == "low":
                share = share[:, ::-1]
            nats = self._nats(detector, share)
            if detector.suspicious == "low":
                nats = nats[:, ::-1]
            table[column, :, 1 : detector.bins + 1] = nats
        return table[:, place]

    def usual(self) -> tuple[F64, F64]:
        """Return the usual lowest and highest value, each of shape (detectors, segments).

        The bins that hold the middle of the honest likes (5 % to 90 %), as values: -inf or inf
        where the bin is open.
        """
        honest, place = self._shares()
        low = np.full(honest.shape[:2], -np.inf)
        high = np.full(honest.shape[:2], np.inf)
        for column, detector in enumerate(self.detectors):
            rising = np.cumsum(honest[column, :, 1 : detector.bins + 1], axis=1)
            edges = np.array([-np.inf, *detector.edges, np.inf])
            bottom = (rising < _USUAL[0]).sum(axis=1)
            top = np.minimum((rising < _USUAL[1]).sum(axis=1), detector.bins - 1)
            low[column] = edges[bottom]
            high[column] = edges[top + 1]
        return low[:, place], high[:, place]

    def _shares(self) -> tuple[F64, NDArray[np.int64]]:
        """Return shares over the segments in use, and the row that stands for each segment.

        One empty segment stands for all, so that the cost follows the categories of the log.
        """
        used: NDArray[np.bool_] = self._honest.any(axis=(0, 2))
        used[0] = True
        empty = int(np.argmin(used))
        used[empty] = True
        rows = np.cumsum(used) - 1
        known = self._honest[:, used]
        shares = np.zeros_like(known)
        for column, detector in enumerate(self.detectors):
            inside = slice(1, detector.bins + 1)
            whole = known[column, 0, inside] + _PRIOR_WEIGHT * _prior(detector)
            whole = whole / whole.sum()
            local = known[column, :, inside] + _SEGMENT_WEIGHT * whole
            local[0] = whole
            shares[column, :, inside] = local / local.sum(axis=1, keepdims=True)
        return shares, np.where(used, rows, rows[empty])

    def _nats(self, detector: Detector, share: F64) -> F64:
        tail = np.minimum(np.cumsum(share[:, ::-1], axis=1)[:, ::-1], 1.0)
        beyond = np.concatenate([tail[:, 1:], np.zeros((len(tail), 1))], axis=1)
        nats = np.log((tail**_TILT - beyond**_TILT + _FLOOR) / (share + _FLOOR))
        # A more suspicious value never speaks less for inauthenticity than a milder one.
        nats = np.maximum.accumulate(nats, axis=1)
        return np.clip(nats, -detector.clears_max, detector.weight_max)


@njit(cache=True, nogil=True)
def _learn(bins, segments, score, by_category, honest):
    for like in range(len(bins)):
        weight = 1.0 - score[like]
        segment = segments[like]
        for column in range(bins.shape[1]):
            place = bins[like, column]
            if segment != _CAMPAIGN:
                honest[column, 0, place] += weight
            if segment == _CAMPAIGN or (segment > 0 and by_category[column]):
                honest[column, segment, place] += weight


def _prior(detector: Detector) -> F64:
    """Before anything is learned: mild values are common, each step further is about half."""
    share = np.asarray(_PRIOR_RATIO ** np.arange(detector.bins), np.float64)
    share = share / share.sum()
    rising: F64 = share if detector.suspicious == "high" else share[::-1].copy()
    return rising
