"""Nurtured bots: accounts fed with templated human-like paths, then put to work (S3-12)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zhenzan.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from zhenzan.events.schema import Kind
from zhenzan.sim import crew, errand
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import CAMOUFLAGE, I32, Rows
from zhenzan.sim.stage import Stage

PRESETS = {
    "crude": Knobs(
        accounts=120, items=5, likes_per_item=90, window_s=1_800, jitter_s=10.0,
        network="carrier", views=0.7, age_days=40, waking=False, price_per_like=0.05,
        price_per_account=2.0, session="bare",
    ),
    "medium": Knobs(
        accounts=180, items=6, likes_per_item=80, window_s=10_800, jitter_s=60.0,
        camouflage=0.5, network="carrier", views=0.88, age_days=90, price_per_like=0.08,
        price_per_account=5.0, dwell=0.65, follow_up=0.2,
    ),
    "stealthy": Knobs(
        accounts=160, items=7, likes_per_item=70, window_s=86_400, jitter_s=900.0,
        camouflage=1.0, devices_per_account=1.1, network="home", views=0.94, age_days=240,
        life=0.3, price_per_like=0.15, price_per_account=12.0, dwell=1.0, follow_up=0.7,
    ),
}  # fmt: skip

TEMPLATES = 4
"""How many scripted paths a nursery owns."""


@attack("nurtured_bots", row="S3-12", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Feed accounts through the first half of the log, by template or by life, then use them."""
    bots = crew.recruit(stage, knobs)
    late = replace(knobs, span=min(knobs.span, 0.5))
    group = stage.group()
    work = crew.schedule(stage, late, bots, crew.targets(stage, knobs.items))
    # Work falls in the second half; the nursery in the first.
    half = stage.world.length_us // 2
    early = work.ts < stage.world.start_us + half
    moved = np.where(early, work.ts + half, work.ts)
    work = crew.Work(work.account, work.item, np.minimum(moved, stage.world.end_us - SECOND_US))
    parts = [
        # Careful nurseries let accounts live; the others replay a few scripted paths.
        Rows.make(0) if knobs.life > 0 else _nursery(stage, knobs, bots, group=group),
        errand.deliver(stage, knobs, work, group=group),
        errand.camouflage(stage, knobs, bots, work, group=group),
    ]
    if knobs.life > 0:
        parts.append(errand.ordinary_life(stage, knobs, bots, group=group))
    return Rows.join(parts)


def _nursery(stage: Stage, knobs: Knobs, bots: I32, *, group: int) -> Rows:
    """Replay scripted paths: same hour, same number of looks, nearly the same pauses."""
    rng, world = stage.rng, stage.world
    days = max(1, int(world.days * 0.5))
    spread = 0.08 if knobs.session == "bare" else 0.35
    account = np.repeat(bots, days)
    template = np.repeat(rng.integers(0, TEMPLATES, len(bots)), days)
    hour = np.array([3.0, 5.5, 11.0, 13.5])[template]
    day = np.tile(np.arange(days), len(bots))
    ts = world.start_us + day * DAY_US + (hour * HOUR_US).astype(np.int64)
    ts += (rng.normal(0.0, 40.0, len(account)) * MINUTE_US * spread).astype(np.int64)
    kept = (ts > stage.population.created_us[account]) & (ts >= world.start_us)
    account, ts, template = account[kept], ts[kept], template[kept]
    if not len(account):
        return Rows.make(0)
    ip = crew.addresses(stage, knobs, account, ts)
    opened = stage.visit(account, np.full(len(account), 0, dtype=np.int32), ts, ip=ip)
    length = 4 + template
    views = opened.take(np.repeat(np.arange(len(account)), length))
    step = np.concatenate([np.arange(size) for size in length])
    pause = (9.0 + 2.0 * np.repeat(template, length)) * rng.lognormal(0.0, spread, len(views))
    when = views.ts + (step * pause * SECOND_US).astype(np.int64)
    taste = stage.population.interest[views.account, step % 3]
    item = stage.attention.draw(rng, when, taste)
    dwell_s = 6.0 * rng.lognormal(0.0, spread, len(views))
    rows = Rows.make(
        len(views),
        ts=when,
        kind=Kind.VIEW,
        account=views.account,
        item=item,
        device=views.device,
        ip=views.ip,
        session=views.session,
        channel=views.channel,
        dwell_ms=dwell_s * 1_000,
        role=CAMOUFLAGE,
        group=group,
    )
    rows = rows.take(stage.catalogue.created_us[item] <= when)
    # One look in eight ends in a like, as the template says.
    liked = rows.take(rng.random(len(rows)) < 0.12)
    liked = liked.with_(
        kind=Kind.LIKE, ts=liked.ts + liked.dwell_ms.astype(np.int64) * 700, dwell_ms=-1
    )
    return Rows.join([rows, liked])
