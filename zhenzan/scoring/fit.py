"""Fits the shipped weights: ``python -m zhenzan.scoring.fit WORLD...``.

A world is a folder written by ``zhenzan sim``; the shipped table was fitted on four standard ones,
of four shapes.

What is fitted is small on purpose: one non-negative weight per signal, one per family for its
loudest signal, one per pool, at two moments. The inputs are evidence relative to each world's own
baseline, never raw values, so the weights say how much signals share, not what an attack of this
simulator looks like. Each attack has the same say; likes of camouflage take no part; the weights
lean towards one common value.

It is mostly the crude level of each attack that teaches: what hides so well that no signal sees it
would teach that signals are worth little, and logs of other shapes then score worse, hidden attacks
as well. Instead every bought like is shown again in disguise, with some families of its evidence
taken from an honest like: attacks elsewhere hide other things than those of the simulator do, and
whatever is left must then speak for itself.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
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
from zhenzan.scoring.evidence import FAMILIES
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

TAUGHT = {"crude": 1.0, "medium": 0.4}
"""What each level of an attack has to say."""

DISGUISES = 2
"""How often each bought like is shown again in disguise."""

HIDDEN = 0.4
"""Chance that a disguise hides a family."""

THINNED = 10
"""One honest like in so many takes part, with their weight: there are far more than needed."""

CAUTION: dict[Moment, float] = {"at_once": 1.0, "settled": 2.0}
"""How much dearer it is to suspect an honest like than to miss a bought one. The settled answer
hears the groups as well, after the fit."""

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
        for level, say in TAUGHT.items():
            chosen = bought & (attack == name) & (stealth == level)
            weight[chosen] = say / np.sqrt(max(chosen.sum(), 1))
    weight[camouflage & ~bought] = 0.0
    weight[bought] *= BOUGHT_SHARE * weight[~bought].sum() / max(weight[bought].sum(), 1e-9)
    return weight


def fit(worlds: Sequence[World], detectors: Sequence[Detector], moment: Moment) -> dict[str, Any]:
    """Fit the weights of one moment; return them as they stand in the shipped table.

    The signals are fitted on likes as they are and in disguise, the pools on likes as they are.
    """
    columns = [k for k, d in enumerate(detectors) if moment == "settled" or not d.settled]
    chosen = [detectors[k] for k in columns]
    families = np.array([d.family for d in chosen])
    worlds = [replace(world, bins=world.bins[:, columns]) for world in worlds]
    lessons = [_lesson(world, families, seed) for seed, world in enumerate(worlds)]
    scores = [np.zeros(len(world.bought)) for world in worlds]
    toward = np.append(np.full(len(chosen), UNFITTED), np.zeros(FAMILIES))
    low = np.append(np.full(len(chosen), FLOOR), np.zeros(FAMILIES))
    for _ in range(_ROUNDS):
        tables = [_table(w, chosen, score) for w, score in zip(worlds, scores, strict=True)]
        taught = [_told(one, t, families) for one, t in zip(lessons, tables, strict=True)]
        signals, intercept = _logistic(taught, lessons, toward=toward, ridge=RIDGE, low=low)
        told = [_told(world, t, families) for world, t in zip(worlds, tables, strict=True)]
        scores = [grained(sigmoid(part @ signals + intercept)) for part in told]
    # The fit sees BOUGHT_SHARE of bought likes; a log's own prior takes that place.
    usual = logit(BOUGHT_SHARE / (1 + BOUGHT_SHARE))
    family_of = np.append(families, np.arange(FAMILIES))
    seen = []
    for world, part in zip(worlds, told, strict=True):
        pools = _pools(world, part * signals, family_of, intercept - usual)
        seen.append(np.concatenate([(part @ signals)[:, None], pools], axis=1))
    start = np.full(1 + len(POOLS), 0.5)
    joined, offset = _logistic(seen, worlds, toward=start, ridge=1e-4, low=np.zeros(len(start)))
    spoken, loudest = signals[: len(chosen)], signals[len(chosen) :]
    return {
        "signals": {d.code: round(float(v), 3) for d, v in zip(chosen, spoken, strict=True)},
        "loudest": {f.word: round(float(v), 3) for f, v in zip(Family, loudest, strict=True)},
        "own": round(float(joined[0]), 3),
        "pools": {n: round(float(v), 3) for n, v in zip(POOLS, joined[1:], strict=True)},
        "intercept": round(float(offset - usual - np.log(CAUTION[moment])), 3),
    }


def disguised(
    bins: NDArray[np.int8],
    bought: NDArray[np.int64],
    donors: NDArray[np.int64],
    families: NDArray[np.int64],
    seed: int,
) -> NDArray[np.int8]:
    """Return the bins of bought likes with some families of each taken from one honest like.

    Parameters
    ----------
    bought, donors
        Rows of the bought likes, and of the honest ones to take from.
    families
        Family of each column.
    """
    rng = np.random.default_rng(seed)
    shown = bins[bought]
    donor = rng.choice(donors, len(bought))
    for family in Family:
        hidden = np.flatnonzero(rng.random(len(bought)) < HIDDEN)
        own = np.flatnonzero(families == family)
        shown[np.ix_(hidden, own)] = bins[np.ix_(donor[hidden], own)]
    return shown


def _lesson(world: World, families: NDArray[np.int64], seed: int) -> World:
    """Return the likes that take part, the bought ones as they are and in disguise."""
    used = np.flatnonzero(world.weight > 0)
    bought = used[world.bought[used]]
    donors = np.flatnonzero(~world.bought)
    masks = [
        disguised(world.bins, bought, donors, families, DISGUISES * seed + k)
        for k in range(DISGUISES)
    ]
    rows = np.concatenate([used, *[bought] * DISGUISES])
    weight = world.weight[rows] / np.where(world.bought[rows], 1 + DISGUISES, 1)
    keys = Keys(*(getattr(world.keys, field.name)[rows] for field in fields(Keys)))
    return World(np.concatenate([world.bins[used], *masks]), keys, world.bought[rows], weight)


def _table(world: World, detectors: Sequence[Detector], score: F64) -> NDArray[np.float32]:
    """Learn what is usual in a world and give the evidence, before any weight."""
    baseline = Baseline(detectors)
    segments = baseline.segments(world.keys.category, world.keys.campaign)
    baseline.learn(world.bins, segments, score)
    return baseline.evidence()


def _told(
    world: World, table: NDArray[np.float32], families: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Give what each signal says of each like, and then the loudest of each family."""
    segments = Baseline.segments(world.keys.category, world.keys.campaign)
    nats = table[np.arange(len(families)), segments[:, None], world.bins]
    loudest = [np.maximum(nats[:, families == f].max(axis=1), 0.0) for f in Family]
    return np.concatenate([nats, np.stack(loudest, axis=1)], axis=1)


def _pools(
    world: World, weighed: NDArray[np.floating], families: NDArray[np.int64], intercept: float
) -> F64:
    """Give what the company of each like says, on its weighed signals and their families."""
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
    told: Sequence[NDArray[np.floating]],
    worlds: Sequence[World],
    *,
    toward: F64,
    ridge: float,
    low: F64,
) -> tuple[F64, float]:
    """Fit a logistic model with bounded weights by accelerated projected gradient steps."""
    x = np.concatenate(told)
    y = np.concatenate([world.bought for world in worlds]).astype(np.float64)
    weight = np.concatenate([world.weight for world in worlds])
    used = weight > 0
    x, y, weight = x[used].astype(np.float32), y[used], weight[used] / weight[used].sum()
    # A bound on the curvature of the loss gives a step that cannot overshoot.
    step = 1.0 / (0.25 * float((weight @ (x.astype(np.float64) ** 2)).sum() + 1.0) + 2 * ridge)
    at = np.append(toward, -3.0)
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
