"""The settled answer: after the follow-up window, with everything the log has shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zhenzan.clock import DAY_US
from zhenzan.detectors.interface import Detector, Family
from zhenzan.scoring.at_once import PRIOR, TEMPER, grained
from zhenzan.scoring.baseline import Baseline
from zhenzan.scoring.context import (
    ACCOUNT_LIKES,
    ITEM_LIKES,
    logit,
    pooled_around,
    shift,
    sigmoid,
)
from zhenzan.scoring.evidence import FAMILIES, join

ROUNDS = 6
ITEM_REACH_US = DAY_US // 2
ACCOUNT_REACH_US = 7 * DAY_US
DEVICE_REACH_US = DAY_US
DEVICE_WEIGHT = 0.5
_CHUNK = 262_144


@dataclass(frozen=True, slots=True)
class Settled:
    """Settled scores and evidence by family, one row per like, and what was found usual."""

    score: NDArray[np.float64]
    nats: NDArray[np.float32]
    baseline: Baseline
    prior: float


def settle(
    detectors: Sequence[Detector],
    bins: NDArray[np.int8],
    *,
    ts: NDArray[np.int64],
    item: NDArray[np.int32],
    account: NDArray[np.int32],
    device: NDArray[np.int32],
    category: NDArray[np.int32],
    score_at_once: NDArray[np.float64],
) -> Settled:
    """Fit what is usual and what is not, in fixed rounds, and score every like again.

    Each round learns the baseline from the likes weighted by the last scores, joins the
    evidence, and pools it over items, accounts and devices, each time on the evidence of the
    *other* families (the cavity rule of belief propagation, so that no evidence comes back as
    its own confirmation).

    Parameters
    ----------
    bins
        Shape (likes, detectors), all detectors, in their order.
    """
    baseline = Baseline(detectors)
    families = np.array([d.family for d in detectors], np.int8)
    segments = baseline.segments(category)
    pools = [
        _Pool(Family.TARGET, item, ts, ITEM_REACH_US, ITEM_LIKES, 1.0),
        _Pool(Family.ACCOUNT, account, ts, ACCOUNT_REACH_US, ACCOUNT_LIKES, 1.0),
        _Pool(Family.NETWORK, device, ts, DEVICE_REACH_US, ACCOUNT_LIKES, DEVICE_WEIGHT),
    ]
    score = score_at_once
    prior = PRIOR
    nats = np.zeros((len(ts), FAMILIES), np.float32)
    for _ in range(ROUNDS):
        baseline = baseline.cleared()
        for start in range(0, len(ts), _CHUNK):
            part = slice(start, start + _CHUNK)
            baseline.learn(bins[part], segments[part], score[part])
        table = baseline.evidence()
        for start in range(0, len(ts), _CHUNK):
            part = slice(start, start + _CHUNK)
            nats[part] = join(bins[part], segments[part], table, families)
        prior = float(np.clip((score.sum() + 1_000 * PRIOR) / (len(score) + 1_000), 0.002, 0.2))
        own = logit(prior) + TEMPER * nats.sum(axis=1, dtype=np.float64)
        shifts = [pool.last for pool in pools]
        for place, pool in enumerate(pools):
            others = sum(s for k, s in enumerate(shifts) if k != place)
            cavity = own - TEMPER * (nats[:, pool.family] - others)
            pool.refresh(ts, grained(sigmoid(cavity)), prior)
        moved = sum(pool.last for pool in pools)
        score = grained(sigmoid(own + TEMPER * moved))
    for pool in pools:
        nats[:, pool.family] += pool.last.astype(np.float32)
    return Settled(score, nats, baseline, prior)


class _Pool:
    """Likes pooled by one key; ``last`` is the change of the log odds it gave last."""

    def __init__(
        self,
        family: Family,
        key: NDArray[np.int32],
        ts: NDArray[np.int64],
        reach_us: int,
        likes: float,
        weight: float,
    ) -> None:
        self.family = family
        self._key = key
        self._order = np.lexsort((ts, key))
        self._reach_us = reach_us
        self._likes = likes
        self._weight = weight
        self.last = np.zeros(len(key))

    def refresh(
        self, ts: NDArray[np.int64], probability: NDArray[np.float64], prior: float
    ) -> None:
        pooled = pooled_around(
            ts, self._key, probability, order=self._order, reach_us=self._reach_us
        )
        self.last = self._weight * shift(*pooled, prior=prior, weight=self._likes)
