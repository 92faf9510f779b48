"""The settled answer: after the follow-up window, with everything the log has shown."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zhenzan.clock import DAY_US
from zhenzan.detectors.interface import Detector
from zhenzan.scoring.at_once import (
    POOL_FAMILY,
    PRIOR,
    PRIOR_LIKES,
    PRIOR_MAX,
    PRIOR_MIN,
)
from zhenzan.scoring.baseline import Baseline
from zhenzan.scoring.context import POOLED_LIKES, grained, logit, pooled_around, shift, sigmoid
from zhenzan.scoring.evidence import FAMILIES, join
from zhenzan.scoring.weights import POOLS, load
from zhenzan.traces.order import by_key

ROUNDS = 4
REACH_US = {"item": DAY_US // 2, "account": 7 * DAY_US, "device": DAY_US}
_CHUNK = 262_144
_THREADS = min(os.cpu_count() or 1, 4)


@dataclass(frozen=True, slots=True)
class Keys:
    """What the settled answer pools by: one array per key, one row per like."""

    ts: NDArray[np.int64]
    item: NDArray[np.int32]
    account: NDArray[np.int32]
    device: NDArray[np.int32]
    category: NDArray[np.int32]
    campaign: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Settled:
    """Settled scores, each like's own evidence by family, and what was found usual."""

    score: NDArray[np.float64]
    nats: NDArray[np.float32]
    baseline: Baseline
    table: NDArray[np.float32]
    prior: float


def settle(
    detectors: Sequence[Detector],
    bins: NDArray[np.int8],
    keys: Keys,
    *,
    score_at_once: NDArray[np.float64],
) -> Settled:
    """Learn what is usual from the likes as last judged, and score every like again.

    Fixed rounds. Each learns the baseline from the likes weighted by the last scores, joins the
    evidence, and pools it over items, accounts and devices, each on the evidence of the *other*
    families (the cavity rule of belief propagation, so that no evidence comes back as its own
    confirmation).

    Parameters
    ----------
    bins
        Shape (likes, detectors), all detectors, in their order.
    """
    weights = load(detectors, "settled")
    baseline = Baseline(detectors)
    families = np.array([d.family for d in detectors], np.int8)
    segments = baseline.segments(keys.category, keys.campaign)
    orders = {name: by_key(keys.ts, getattr(keys, name)) for name in POOLS}
    score, prior = score_at_once, PRIOR
    count = len(score)
    nats = np.zeros((count, FAMILIES), np.float32)
    table = baseline.evidence()

    def join_part(part: slice) -> None:
        nats[part] = join(bins[part], segments[part], table, families, weights.louder)

    def company(name: str) -> NDArray[np.float64]:
        around = pooled_around(
            keys.ts,
            getattr(keys, name),
            grained(sigmoid(own - nats[:, POOL_FAMILY[name]])),
            order=orders[name],
            reach_us=REACH_US[name],
        )
        return shift(*around, prior=prior, weight=POOLED_LIKES[name])

    # Likes and pools are worked on side by side; no answer depends on how many threads there are.
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in range(ROUNDS):
            baseline = baseline.cleared()
            for part in _parts(count, _CHUNK):
                baseline.learn(bins[part], segments[part], score[part])
            table = baseline.evidence() * weights.signals[:, None, None]
            list(pool.map(join_part, _parts(count, _CHUNK // 8)))
            pooled = (score.sum() + PRIOR_LIKES * PRIOR) / (count + PRIOR_LIKES)
            prior = float(np.clip(pooled, PRIOR_MIN, PRIOR_MAX))
            signals = nats.sum(axis=1, dtype=np.float64)
            own = logit(prior) + weights.intercept + signals
            total = own + (weights.own - 1.0) * signals
            changes = pool.map(company, POOLS)
            moved = sum(w * change for w, change in zip(weights.pools, changes, strict=True))
            score = grained(sigmoid(total + moved))
    return Settled(score, nats, baseline, table, prior)


def _parts(count: int, rows: int) -> list[slice]:
    return [slice(start, start + rows) for start in range(0, count, rows)]
