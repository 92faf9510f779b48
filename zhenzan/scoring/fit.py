"""Fits the shipped weights: ``python -m zhenzan.scoring.fit WORLD...``.

A world is a folder written by ``zhenzan sim``; the shipped table was fitted on four standard ones,
of four shapes.

What is fitted is small on purpose: one non-negative weight per signal, one per pool, at two
moments. The inputs are evidence relative to each world's own baseline, never raw values, so the
weights say how much signals share, not what an attack of this simulator looks like. Each attack
has the same say; likes of camouflage take no part; the weights lean towards one common value.
Only the crude level of each attack teaches: what hides so well that no signal sees it would teach
that signals are worth little, and logs of other shapes then score worse, hidden attacks as well.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhenzan.detectors.interface import Detector, Family
from zhenzan.detectors.registry import all_detectors
from zhenzan.events.ingest import Ingest
from zhenzan.scoring.at_once import POOL_FAMILY, PRIOR
from zhenzan.scoring.baseline import Baseline
from zhenzan.scoring.context import POOLED_LIKES, grained, logit, pooled_around, shift, sigmoid
from zhenzan.scoring.job import Run, keys_of, measure, read
from zhenzan.scoring.lockstep import find_lockstep
from zhenzan.scoring.settled import REACH_US, Keys
from zhenzan.scoring.spill import LikeSpill
from zhenzan.scoring.weights import POOLS, UNFITTED, Moment
from zhenzan.settings import Settings
from zhenzan.traces.order import by_key

F64 = NDArray[np.float64]

RIDGE = 5e-4
FLOOR = 0.05
CEILING = 2.0
BOUGHT_SHARE = 0.05
"""Share of the weight that bought likes have together in the fit."""

TAUGHT = "crude"
THINNED = 10
"""One honest like in so many takes part, with their weight: there are far more than needed."""

_ROUNDS = 2
_STEPS = 400


@dataclass(frozen=True, slots=True)
class World:
    """The likes of one simulated log: bins of all detectors, keys, labels and weights."""

    bins: NDArray[np.int8]
    keys: Keys
    bought: NDArray[np.bool_]
    weight: F64


def fair_weights(
    bought: NDArray[np.bool_],
    camouflage: NDArray[np.bool_],
    attack: NDArray[np.str_],
    stealth: NDArray[np.str_],
) -> F64:
    """Weigh likes so that each attack has a say of the root of its size, and camouflage none."""
    weight = np.where(np.arange(len(bought)) % THINNED == 0, float(THINNED), 0.0)
    weight[bought] = 0.0
    for name in np.unique(attack[bought]):
        chosen = bought & (attack == name) & (stealth == TAUGHT)
        weight[chosen] = 1.0 / np.sqrt(max(chosen.sum(), 1))
    weight[camouflage & ~bought] = 0.0
    weight[bought] *= BOUGHT_SHARE * weight[~bought].sum() / max(weight[bought].sum(), 1e-9)
    return weight


def fit(worlds: Sequence[World], detectors: Sequence[Detector], moment: Moment) -> dict[str, Any]:
    """Fit the weights of one moment; return them as they stand in the shipped table."""
    columns = [k for k, d in enumerate(detectors) if moment == "settled" or not d.settled]
    chosen = [detectors[k] for k in columns]
    bought = np.concatenate([world.bought for world in worlds]).astype(np.float64)
    weight = np.concatenate([world.weight for world in worlds])
    scores = [np.zeros(len(world.bought)) for world in worlds]
    for _ in range(_ROUNDS):
        evidence = [
            _evidence(world, columns, chosen, score)
            for world, score in zip(worlds, scores, strict=True)
        ]
        signals, intercept = _logistic(
            np.concatenate(evidence), bought, weight, toward=UNFITTED, ridge=RIDGE, low=FLOOR
        )
        scores = [grained(sigmoid(part @ signals + intercept)) for part in evidence]
    # The fit sees BOUGHT_SHARE of bought likes; a log's own prior takes that place.
    intercept -= logit(BOUGHT_SHARE / (1 + BOUGHT_SHARE))
    families = np.array([d.family for d in chosen])
    pools = [
        _pools(world, part * signals, families, intercept)
        for world, part in zip(worlds, evidence, strict=True)
    ]
    total = [(part @ signals)[:, None] for part in evidence]
    joined, offset = _logistic(
        np.concatenate([np.concatenate([t, p], axis=1) for t, p in zip(total, pools, strict=True)]),
        bought, weight, toward=0.5, ridge=1e-4, low=0.0,
    )  # fmt: skip
    return {
        "signals": {d.code: round(float(v), 3) for d, v in zip(chosen, signals, strict=True)},
        "own": round(float(joined[0]), 3),
        "pools": {n: round(float(v), 3) for n, v in zip(POOLS, joined[1:], strict=True)},
        "intercept": round(float(offset - logit(BOUGHT_SHARE / (1 + BOUGHT_SHARE))), 3),
    }


def _evidence(
    world: World, columns: list[int], detectors: Sequence[Detector], score: F64
) -> NDArray[np.float32]:
    baseline = Baseline(detectors)
    segments = baseline.segments(world.keys.category, world.keys.campaign)
    bins = world.bins[:, columns]
    baseline.learn(bins, segments, score)
    table = baseline.evidence()
    return table[np.arange(len(detectors)), segments[:, None], bins]


def _pools(
    world: World, weighed: NDArray[np.floating], families: NDArray[np.int64], intercept: float
) -> F64:
    own = logit(PRIOR) + intercept + weighed.sum(axis=1)
    columns = []
    for name in POOLS:
        key = getattr(world.keys, name)
        cavity = own - weighed[:, families == POOL_FAMILY[name]].sum(axis=1)
        around = pooled_around(
            world.keys.ts,
            key,
            grained(sigmoid(cavity)),
            order=by_key(world.keys.ts, key),
            reach_us=REACH_US[name],
        )
        columns.append(shift(*around, prior=PRIOR, weight=POOLED_LIKES[name]))
    return np.stack(columns, axis=1)


def _logistic(
    x: NDArray[np.floating], y: F64, weight: F64, *, toward: float, ridge: float, low: float
) -> tuple[F64, float]:
    """Fit a logistic model with bounded weights by accelerated projected gradient steps."""
    used = weight > 0
    x, y, weight = x[used].astype(np.float32), y[used], weight[used] / weight[used].sum()
    # A bound on the curvature of the loss gives a step that cannot overshoot.
    step = 1.0 / (0.25 * float((weight @ (x.astype(np.float64) ** 2)).sum() + 1.0) + 2 * ridge)
    at = np.append(np.full(x.shape[1], toward), -3.0)
    ahead, momentum = at.copy(), 1.0
    for _ in range(_STEPS):
        residual = weight * (sigmoid((x @ ahead[:-1].astype(np.float32)) + ahead[-1]) - y)
        slope = np.append(
            x.T @ residual.astype(np.float32) + 2 * ridge * (ahead[:-1] - toward), residual.sum()
        )
        new = ahead - step * slope
        new[:-1] = np.clip(new[:-1], low, CEILING)
        grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = new + (momentum - 1) / grown * (new - at)
        at, momentum = new, grown
    return at[:-1], float(at[-1])


def without(world: World, detectors: Sequence[Detector], families: set[Family]) -> World:
    """Return the world as a log would show it that says nothing about these families."""
    bins = world.bins.copy()
    bins[:, [d.family in families for d in detectors]] = 0
    return World(bins, world.keys, world.bought, world.weight)


def read_world(folder: Path) -> World:
    """Read a simulated log with its labels, through the same path as any log."""
    labels = pq.read_table(folder / "labels.parquet")
    with tempfile.TemporaryDirectory() as scratch, LikeSpill(Path(scratch)) as spill:
        run = Run(Ingest(folder / "interactions.parquet", Settings()), Settings(), spill)
        read(run)
        bins = np.array(measure(run, find_lockstep(spill)).bins)
        keys, ids = keys_of(spill), spill.event_ids()
        at = pc.index_in(ids.combine_chunks(), labels["event_id"].cast(ids.type).combine_chunks())
        chosen = labels.take(at)
        bought = chosen["is_inauthentic"].to_numpy()
        camouflage = pc.equal(chosen["role"], "camouflage").to_numpy()
        attack, stealth = (
            np.array(pc.fill_null(chosen[name], "").to_pylist()) for name in ("attack", "stealth")
        )
        weight = fair_weights(bought, camouflage, attack, stealth)
    return World(bins, keys, bought, weight)


def main(folders: Sequence[str]) -> None:
    """Fit both moments on the worlds and on their poorer versions; write the shipped table."""
    detectors = all_detectors()
    worlds = []
    for folder in folders:
        world = read_world(Path(folder))
        worlds += [world, without(world, detectors, {Family.NETWORK})]
        worlds += [without(world, detectors, {Family.NETWORK, Family.BEHAVIOUR, Family.CONTEXT})]
    table = {moment: fit(worlds, detectors, moment) for moment in get_args(Moment)}
    path = Path(__file__).with_name("weights.json")
    path.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
