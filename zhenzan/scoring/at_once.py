"""The answer at the moment a like arrives: what was known then, nothing later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zhenzan.detectors.interface import Detector, Family, Likes
from zhenzan.scoring.baseline import Baseline
from zhenzan.scoring.context import (
    ACCOUNT_LIKES,
    ITEM_LIKES,
    RunningContext,
    logit,
    shift,
    sigmoid,
)
from zhenzan.scoring.evidence import join

PRIOR = 0.03
"""Share of inauthentic likes assumed before anything is known; between the 1 % that quiet
platforms report and the 5 to 10 % of studies of sold engagement (methods.md, section 2)."""

TEMPER = 0.85
"""Families are less independent than their sum supposes; all evidence is scaled by this."""

GRAIN = 2.0**24
"""Probabilities are rounded to this grain, so that their sums are exact in any order."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Scores and what they rest on, one row per like."""

    values: NDArray[np.float32]
    bins: NDArray[np.int8]
    nats: NDArray[np.float32]
    score: NDArray[np.float64]


class AtOnceScorer:
    """Score likes in time order against the baseline learned from the likes before them.

    The baseline is renewed after every call, so calls must follow the cuts of the sorted stream
    (``Batch``), which are a function of the data alone.
    """

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self.detectors = tuple(d for d in detectors if not d.settled)
        self.baseline = Baseline(self.detectors)
        self._families = np.array([d.family for d in self.detectors], np.int8)
        self._item = RunningContext()
        self._account = RunningContext()
        self._suspected = 0.0
        self._likes = 0.0

    def score(self, likes: Likes) -> Answers:
        """Measure and score likes; ``likes`` holds features, traces, and the columns ``ts``,
        ``item``, ``account`` and ``category``.
        """
        count = len(likes["ts"])
        values = np.empty((count, len(self.detectors)), np.float32)
        bins = np.empty((count, len(self.detectors)), np.int8)
        for column, detector in enumerate(self.detectors):
            measured, bins[:, column] = detector.bin(likes)
            values[:, column] = measured
        segments = self.baseline.segments(likes["category"])
        nats = join(bins, segments, self.baseline.evidence(), self._families)
        prior = self._prior()
        own = logit(prior) + TEMPER * nats.sum(axis=1, dtype=np.float64)
        without_target = own - TEMPER * nats[:, Family.TARGET]
        without_account = own - TEMPER * nats[:, Family.ACCOUNT]
        ts = likes["ts"]
        by_item = self._item.update(ts, likes["item"], grained(sigmoid(without_target)))
        by_account = self._account.update(ts, likes["account"], grained(sigmoid(without_account)))
        item_shift = shift(*by_item, prior=prior, weight=ITEM_LIKES)
        account_shift = shift(*by_account, prior=prior, weight=ACCOUNT_LIKES)
        nats[:, Family.TARGET] += item_shift
        nats[:, Family.ACCOUNT] += account_shift
        score = grained(sigmoid(own + TEMPER * (item_shift + account_shift)))
        self.baseline.learn(bins, segments, score)
        self._suspected += float(score.sum())
        self._likes += count
        return Answers(values, bins, nats, score)

    def _prior(self) -> float:
        # 1,000 likes of assumption, so that a young log does not swing.
        pooled = (self._suspected + 1_000 * PRIOR) / (self._likes + 1_000)
        return float(np.clip(pooled, 0.002, 0.2))


def grained(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round probabilities to the grain at which their sums are exact."""
    return np.round(probability * GRAIN) / GRAIN
