"""Fixtures A and B of the requirements: bought fame against word of mouth (S0-18, S0-19)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zhenzan import clock
from zhenzan.clock import HOUR_US, MINUTE_US, SECOND_US
from zhenzan.events.schema import Kind
from zhenzan.sim import assemble, crew, crowd, errand
from zhenzan.sim.funnel import Mood
from zhenzan.sim.life import live
from zhenzan.sim.order import Knobs, order
from zhenzan.sim.rows import I32, Rows
from zhenzan.sim.simulation import Simulation, package
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import World

HOUSEHOLD = 3

BOUGHT_LIKES, BOUGHT_CONVERSION = 5_000, 0.004
"""Fixture A: more than 5,000 likes, conversion below 0.5 % of viewing accounts."""

EARNED_LIKES, EARNED_CONVERSION = 800, 0.032
"""Fixture B: more than 800 likes from word of mouth, conversion 3.2 %."""


@dataclass(frozen=True, slots=True)
class Fixtures:
    """The log of both fixtures, and which item is which."""

    simulation: Simulation
    bought_item_id: str
    earned_item_id: str


def fixtures(world: World | None = None, *, seed: int = 7) -> Fixtures:
    """Play a household category in which one item bought its likes and another earned them."""
    world = world or World(days=4, accounts=16_000, items=1_500, merchants=250)
    streams = clock.generator(seed).spawn(4)
    stage = Stage.open(world, streams[0])
    stage.rng = streams[1]
    stage.history = live(stage)
    stage.rng = streams[2]
    start = world.start_us + 6 * HOUR_US
    item = [
        int(stage.catalogue.add(stage.rng, 1, created_us=start - HOUR_US, category=HOUSEHOLD)[0])
        for _ in range(2)
    ]
    placed = order(
        "emulator_farm",
        "medium",
        accounts=round(BOUGHT_LIKES * 1.04),
        items=1,
        likes_per_item=round(BOUGHT_LIKES * 1.01),
        window_s=0.4 * world.length_us / SECOND_US,
        camouflage=0.0,
        session="bare",
        views=0.8,
    )
    parts = [
        stage.history,
        _bought(stage, item[0], placed.knobs).with_(order=0),
        _audience(stage, item[0], start, viewers=900, buyers=20, likes=90),
        _earned(stage, item[1], start),
    ]
    rows = assemble.settle(Rows.join(parts), stage, streams[3])
    played = package(stage, rows, [placed], [], seed=seed)
    names = played.item_names(item)
    return Fixtures(played.simulation, names[0], names[1])


def _bought(stage: Stage, item: int, knobs: Knobs) -> Rows:
    farm = crew.recruit(stage, knobs)
    return errand.carry_out(stage, knobs, farm, np.array([item], dtype=np.int32))


def _earned(stage: Stage, item: int, start_us: int) -> Rows:
    likes = round(EARNED_LIKES * 1.03)
    return _audience(
        stage, item, start_us, viewers=likes * 5, buyers=_share(likes * 5), likes=likes
    )


def _share(viewers: int) -> int:
    return round(viewers * EARNED_CONVERSION)


def _audience(
    stage: Stage, item: int, start_us: int, *, viewers: int, buyers: int, likes: int
) -> Rows:
    """Let different people look; exact numbers of them like and buy."""
    rng, world = stage.rng, stage.world
    pool = stage.live_accounts(world.start_us)
    people: I32 = stage.choose(pool, viewers)
    ts = stage.waking_times(len(people), start_us, world.end_us - 3 * HOUR_US)
    views = stage.visit(people, np.full(len(people), item, dtype=np.int32), ts)
    rows = crowd.visits(stage, views, Mood(like=-30.0, dwell=1.3))
    rows = rows.take(~np.isin(rows.kind, [Kind.LIKE, Kind.PURCHASE, Kind.REFUND, Kind.UNLIKE]))
    seen = rows.take(rows.kind == Kind.VIEW)
    fans = rng.permutation(len(seen))[:likes]
    # Buyers are mostly among those who liked.
    keen = np.concatenate([fans[: buyers * 2 // 3], np.setdiff1d(np.arange(len(seen)), fans)])
    bought = keen[:buyers]
    blank = {"dwell_ms": -1, "completion": np.nan}
    after = seen.ts + seen.dwell_ms.astype(np.int64) * 1_000
    liked = seen.take(fans).with_(
        kind=Kind.LIKE, ts=after[fans] - rng.integers(0, SECOND_US, len(fans)), **blank
    )
    price = stage.catalogue.price_cents[item]
    paid = seen.take(bought).with_(
        kind=Kind.PURCHASE,
        ts=after[bought] + rng.integers(MINUTE_US, 2 * HOUR_US, len(bought)),
        amount_cents=price,
        **blank,
    )
    return Rows.join([rows, liked, paid])
