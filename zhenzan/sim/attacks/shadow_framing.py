"""Shadow framing: bots repeat an honest person's likes within seconds (methods 0.5)."""

from __future__ import annotations

import numpy as np

from zhenzan.clock import MINUTE_US, SECOND_US
from zhenzan.events.schema import Kind
from zhenzan.sim import crew, errand
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import HONEST, Rows
from zhenzan.sim.stage import Stage

PRESETS = {
    "crude": Knobs(
        accounts=40, items=12, likes_per_item=3, window_s=45, jitter_s=1.0, network="farm",
        blocks=3, views=0.1, age_days=20, waking=False, price_per_account=0.5, session="bare",
    ),
    "medium": Knobs(
        accounts=60, items=12, likes_per_item=3, window_s=45, jitter_s=15.0, network="carrier",
        views=0.88, camouflage=0.3, age_days=60, waking=False, price_per_account=2.0,
        dwell=0.65, follow_up=0.2,
    ),
    "stealthy": Knobs(
        accounts=90, items=14, likes_per_item=3, window_s=45, jitter_s=120.0, network="home",
        views=0.94, camouflage=0.6, age_days=200, waking=False, price_per_account=6.0,
        dwell=1.0, follow_up=0.7,
    ),
}  # fmt: skip

LIKES_PER_VICTIM = (12, 45)
"""Victims like often enough to be worth framing and not so often that bots cannot follow."""


@attack("shadow_framing", row="T18", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Follow ``items`` honest people; ``likes_per_item`` bots copy each of their likes.

    Copies come 5 to 5 + ``window_s`` seconds later. With jitter of a minute and more, three in
    ten copies are blurred, and some of those come first, as if the bots knew the person.
    """
    rng, past = stage.rng, stage.history
    likes = past.take((past.kind == Kind.LIKE) & (past.role == HONEST))
    counts = np.bincount(likes.account, minlength=len(stage.population))
    low, high = LIKES_PER_VICTIM
    able = np.flatnonzero((counts >= low) & (counts <= high))
    watched = np.array(stage.watched, dtype=np.int64)
    watched = watched[counts[watched] >= low]
    if len(watched) >= knobs.items:
        able = watched
    if len(able) < knobs.items:
        able = np.argsort(-counts)[: knobs.items * 3]
    victims = rng.choice(able, min(knobs.items, len(able)), replace=False)
    bots = crew.recruit(stage, knobs)
    copied = likes.take(np.isin(likes.account, victims))
    original = np.repeat(np.arange(len(copied)), min(knobs.likes_per_item, len(bots)))
    # A victim has a squad of its own, so that the same few accounts appear beside it each time.
    squads = max(1, len(bots) // len(victims))
    squad = np.searchsorted(np.sort(victims), copied.account[original])
    member = rng.permuted(
        np.tile(np.arange(max(squads, knobs.likes_per_item)), (len(copied), 1)), axis=1
    )[:, : knobs.likes_per_item].ravel()[: len(original)]
    bot = bots[(squad * squads + member) % len(bots)]
    delay_s = 5.0 + rng.random(len(original)) * knobs.window_s
    blurred = rng.random(len(original)) < (0.3 if knobs.jitter_s >= 60.0 else 0.0)
    delay_s = np.where(blurred, rng.normal(0.0, knobs.jitter_s, len(original)), delay_s)
    ts = copied.ts[original] + (delay_s * SECOND_US).astype(np.int64)
    work = crew.Work(bot.astype(np.int32), copied.item[original], ts)
    # Nobody can be ahead of a like on an item that does not exist yet.
    born = np.maximum(
        stage.population.created_us[work.account], stage.catalogue.created_us[work.item]
    )
    work = work.take(ts > born + MINUTE_US)
    group = stage.group()
    return Rows.join(
        [
            errand.deliver(stage, knobs, work, group=group, exact=True),
            errand.camouflage(stage, knobs, bots, work, group=group),
        ]
    )
