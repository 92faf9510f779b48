"""The honest background: people come, look, like, buy, share with friends, and leave."""

from __future__ import annotations

import numpy as np

from zhenzan.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from zhenzan.events.schema import Kind
from zhenzan.sim.funnel import Views
from zhenzan.sim.rows import I32, I64, Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import HOURS, REGIONS, SHARE_LINK, WEEKDAYS

SIGN_IN_SHARE = 0.14
"""Share of sessions that begin with a sign-in; the others still hold a valid one."""

FRIENDS_PER_SHARE = 1.3


def live(stage: Stage) -> Rows:
    """Play the background of the whole log."""
    account, ts = _sessions(stage)
    views = stage.browse(account, ts)
    rows = stage.unfold(views)
    parts = [rows, arrivals(stage, views), _cascades(stage, rows)]
    return Rows.join(parts)


def _sessions(stage: Stage) -> tuple[I32, I64]:
    """Draw who opens the platform when: heavy-tailed people, day and week rhythms."""
    world, rng, people = stage.world, stage.rng, stage.population
    # A person's days differ: some weeks are dense, some empty.
    mood = rng.gamma(1.6, 1 / 1.6, len(people))
    counts = rng.poisson(people.activity * mood * world.days * world.visits_per_day)
    account = np.repeat(np.arange(len(people), dtype=np.int32), counts)
    days = np.arange(world.days)
    week = np.array(WEEKDAYS)[(days + 0) % 7]
    day = rng.choice(days, len(account), p=week / week.sum())
    hours = np.array(HOURS)
    hour = rng.choice(24, len(account), p=hours / hours.sum()) + rng.random(len(account))
    hour = (hour + people.chronotype[account]) % 24.0
    offset = np.array([region.offset_us for region in REGIONS])[people.region[account]]
    local = day * DAY_US + (hour * HOUR_US).astype(np.int64) - offset
    ts = world.start_us + local % world.length_us
    kept = ts > people.created_us[account]
    account, ts = account[kept], ts[kept]
    # Whoever registers inside the log also opens it right then.
    new = np.flatnonzero(people.created_us >= world.start_us).astype(np.int32)
    first = people.created_us[new] + rng.integers(8 * SECOND_US, 3 * MINUTE_US, len(new))
    account, ts = np.concatenate([account, new]), np.concatenate([ts, first])
    order = np.argsort(ts, kind="stable")
    return account[order], ts[order]


def arrivals(stage: Stage, views: Views, *, sign_in_share: float = SIGN_IN_SHARE) -> Rows:
    """Write the registrations and sign-ins that belong to browsing sessions.

    A registration carries device, address and session of the first visit of its account.
    """
    rng, people, world = stage.rng, stage.population, stage.world
    _, opening = np.unique(views.session, return_index=True)
    starts = views.take(opening)
    starts = starts.take(np.argsort(starts.ts, kind="stable"))
    _, first = np.unique(starts.account, return_index=True)
    newcomer = starts.take(first)
    newcomer = newcomer.take(people.created_us[newcomer.account] >= world.start_us)
    common = {"device": newcomer.device, "ip": newcomer.ip, "session": newcomer.session}
    register = Rows.make(
        len(newcomer),
        ts=people.created_us[newcomer.account],
        kind=Kind.REGISTER,
        account=newcomer.account,
        **common,
    )
    some = starts.take(rng.random(len(starts)) < sign_in_share)
    sign_in = Rows.make(
        len(some),
        ts=some.ts - rng.integers(SECOND_US // 2, 9 * SECOND_US, len(some)),
        kind=Kind.SIGN_IN,
        account=some.account,
        device=some.device,
        ip=some.ip,
        session=some.session,
    )
    return Rows.join([register, sign_in.take(sign_in.ts > people.created_us[sign_in.account])])


def _cascades(stage: Stage, rows: Rows) -> Rows:
    """Let friends open what was shared with them: honest lockstep in small circles."""
    rng, people = stage.rng, stage.population
    shares = rows.take(rows.kind == Kind.SHARE)
    shares = shares.take(
        np.repeat(np.arange(len(shares)), rng.poisson(FRIENDS_PER_SHARE, len(shares)))
    )
    by_circle = np.argsort(people.circle, kind="stable").astype(np.int32)
    edges = np.searchsorted(people.circle[by_circle], np.arange(people.circle.max() + 2))
    circle = people.circle[shares.account]
    size = edges[circle + 1] - edges[circle]
    friend = by_circle[edges[circle] + (rng.random(len(shares)) * size).astype(np.int64)]
    delay = rng.lognormal(np.log(240.0), 1.7, len(shares)) * SECOND_US
    ts = shares.ts + delay.astype(np.int64)
    kept = (friend != shares.account) & (ts > people.created_us[friend])
    views = stage.visit(friend[kept], shares.item[kept], ts[kept], channel=SHARE_LINK, affinity=0.7)
    return stage.unfold(views)
