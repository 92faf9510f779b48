"""Honest crowds for the twins: ordinary people with a place, a device or a reason in common."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from zhenzan.clock import SECOND_US
from zhenzan.events.schema import Kind
from zhenzan.sim.funnel import Mood, Views
from zhenzan.sim.life import arrivals
from zhenzan.sim.population import clients, haste, interests
from zhenzan.sim.rows import I32, I64, Rows
from zhenzan.sim.stage import Stage


def settle_in(stage: Stage, count: int, **given: Any) -> I32:
    """Add ordinary people; what is not given is drawn as for everybody else.

    Without ``created_us`` they joined over the last years; without ``home`` they live in
    blocks where others live.
    """
    rng, people, world = stage.rng, stage.population, stage.world
    like = rng.integers(0, world.accounts, count)
    old = people.created_us[rng.choice(stage.live_accounts(world.start_us), count)]
    columns: dict[str, Any] = {
        "created_us": old,
        "region": people.region[like],
        "verified": people.verified[like],
        "second_device": np.full(count, -1),
        "home": (people.home[like] & ~np.int64(255)) + rng.integers(1, 255, count),
        "place": np.full(count, -1),
        "activity": people.activity[like],
        "like_bias": people.like_bias[rng.integers(0, world.accounts, count)],
        "haste": haste(rng, count),
        "interest": interests(world, rng, count),
        "chronotype": people.chronotype[like],
        "circle": people.circle.max() + 1 + np.arange(count) // 9,
        "client": clients(world, rng, count),
        "bought": np.zeros(count, dtype=np.bool_),
    }
    if "device" not in given:
        columns["device"] = people.new_devices(count)
    return people.add(**{**columns, **given})


def everyday(stage: Stage, account: I32, *, sessions_per_day: float) -> Rows:
    """Let added people live on the platform as others do."""
    rng, world, people = stage.rng, stage.world, stage.population
    counts = rng.poisson(rng.gamma(1.2, sessions_per_day / 1.2, len(account)) * world.days)
    who = np.repeat(account, counts)
    ts = stage.waking_times(len(who), world.start_us, world.end_us)
    kept = ts > people.created_us[who]
    return visits(stage, stage.browse(who[kept], ts[kept]))


def visits(stage: Stage, views: Views, mood: Mood | None = None, *, linger: float = 0.0) -> Rows:
    """Unfold views with their sign-ins, without registrations (see ``welcome``).

    A share ``linger`` of the visitors also looks at other things in the same session.
    """
    if not len(views):
        return Rows.make(0)
    parts = [stage.unfold(views, mood), arrivals(stage, views)]
    if linger > 0:
        stays = views.take(stage.rng.random(len(views)) < linger)
        before = stage.rng.normal(0.0, 40.0, len(stays)) * SECOND_US
        early = np.maximum(stage.population.created_us[stays.account], stage.world.start_us)
        ts = np.maximum(stays.ts + before.astype(np.int64), np.minimum(early, stays.ts))
        stays = replace(stays, ts=ts, channel=stage.lanes(len(stays)))
        parts.append(stage.unfold(stage.wander(stays)))
    rows = Rows.join(parts)
    return rows.take(rows.kind != Kind.REGISTER)


def welcome(stage: Stage, account: I32) -> Rows:
    """Register accounts born inside the log and let each look around at once."""
    people = stage.population
    ts = people.created_us[account] + stage.rng.integers(
        9 * SECOND_US, 150 * SECOND_US, len(account)
    )
    views = stage.browse(account, ts)
    rows = Rows.join([stage.unfold(views), arrivals(stage, views)])
    return rows


def wave(stage: Stage, count: int, start_us: int, *, rise_s: float, fade_s: float) -> I64:
    """Draw arrival times of a crowd that swells and ebbs, faster in waking hours."""
    rng = stage.rng
    rise = rng.exponential(rise_s, count)
    fade = rng.exponential(fade_s, count) * rng.lognormal(0.0, 0.6, count)
    ts = start_us + ((rise + fade) * SECOND_US).astype(np.int64)
    return np.minimum(ts, stage.world.end_us - SECOND_US)


def moment(stage: Stage, low: float, high: float) -> int:
    """Draw a time between two shares of the log."""
    share = stage.rng.uniform(low, high)
    return stage.world.start_us + int(share * stage.world.length_us)


def audience(stage: Stage, count: int, *, category: int | None = None) -> I32:
    """Draw existing people, with repeats, those interested in a category more often."""
    people = stage.population
    pool = stage.live_accounts(stage.world.start_us)
    weight = np.sqrt(people.activity[pool].astype(np.float64)) + 0.05
    if category is not None:
        weight *= np.where((people.interest[pool] == category).any(axis=1), 4.0, 1.0)
    return stage.rng.choice(pool, count, p=weight / weight.sum()).astype(np.int32)


def showcase(stage: Stage, count: int, *, category: int | None = None) -> I32:
    """Choose items of one real shop, on sale since before the log."""
    shelf = stage.catalogue
    ready = (shelf.created_us <= stage.world.start_us) & (shelf.weight > 0)
    if category is not None and (ready & (shelf.category == category)).any():
        ready &= shelf.category == category
    pool = np.flatnonzero(ready)
    sizes = np.bincount(shelf.merchant[pool], minlength=shelf.merchants_count)
    wanted = np.flatnonzero(sizes >= min(count, sizes.max()))
    mine = pool[shelf.merchant[pool] == stage.rng.choice(wanted)]
    return stage.rng.choice(mine, min(count, len(mine)), replace=False).astype(np.int32)
