"""How ordered likes are made: in bare sessions, while browsing, or inside an own session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zhenzan.clock import MINUTE_US, SECOND_US
from zhenzan.events.schema import Kind
from zhenzan.sim import wording
from zhenzan.sim.crew import Work, addresses, schedule
from zhenzan.sim.funnel import UNLIKE_RATE, Mood, Views
from zhenzan.sim.life import SIGN_IN_SHARE, arrivals
from zhenzan.sim.order import Knobs
from zhenzan.sim.population import session_device
from zhenzan.sim.rows import ATTACK, CAMOUFLAGE, HONEST, I32, I64, Bools, Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import CATEGORIES, LIST

VISIT_US = 30 * MINUTE_US
"""Ordered likes of one account within this time are done in one session."""

CERTAIN = 60.0
"""Log-odds of liking what one is paid to like: no taste outweighs them."""

CAREFUL = 0.75
"""From this length of looks on, a seller also lets people write their own comments."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where ordered likes are made, one entry per like; what is not given is drawn."""

    channel: int | None = None
    ip: I64 | None = None
    device: I32 | None = None
    sign_in_share: float = SIGN_IN_SHARE
    exact: bool = False


def deliver(stage: Stage, knobs: Knobs, work: Work, *, group: int, **place: Any) -> Rows:
    """Carry out ordered likes: sessions, sign-ins, views before and actions after.

    Keywords are those of ``Place``; with ``exact`` the times of the work are kept.
    """
    where = Place(**place)
    if not len(work):
        return Rows.make(0)
    visits, visit = _visits(stage, knobs, work, where)
    if knobs.session == "bare":
        return _bare(stage, knobs, work, visits, visit, where=where, group=group)
    moved, fresh = visits.ts, np.ones(len(visits), dtype=np.bool_)
    if knobs.session == "own":
        visits, fresh = _join_own(stage, knobs, visits)
    shift = visits.ts - moved
    # A look at other things comes before the first errand, in most sessions.
    lead = (stage.rng.exponential(45.0, len(visits)) * SECOND_US).astype(np.int64)
    begun = replace(visits, ts=np.maximum(visits.ts - lead, _earliest(stage, visits)))
    begun = begun.take(fresh)
    # Cover costs working time: only careful sellers pay for sessions of full length.
    around = stage.wander(begun, length=1.0 if knobs.dwell >= CAREFUL else 0.45)
    parts = [
        _errands(stage, knobs, work, visits.take(visit), shift[visit], where=where),
        stage.unfold(around).with_(role=CAMOUFLAGE),
        arrivals(stage, begun, sign_in_share=where.sign_in_share),
    ]
    rows = Rows.join(parts)
    newborn = rows.kind == Kind.REGISTER
    signed = rows.kind == Kind.SIGN_IN
    role = np.where(newborn, ATTACK, np.where(signed, CAMOUFLAGE, rows.role))
    return rows.with_(role=role, group=group)


def _visits(stage: Stage, knobs: Knobs, work: Work, where: Place) -> tuple[Views, I64]:
    """Open one session per account and half hour; tell the session of each like."""
    rng, people = stage.rng, stage.population
    key = work.account.astype(np.int64) << 32 | (work.ts - stage.world.start_us) // VISIT_US
    by_time = np.argsort(work.ts, kind="stable")
    _, first, visit = np.unique(key[by_time], return_index=True, return_inverse=True)
    opening = by_time[first]
    back = np.empty(len(work), dtype=np.int64)
    back[by_time] = visit.ravel()
    who, when = work.account[opening], work.ts[opening]
    ip, device = where.ip, where.device
    visits = stage.visit(
        who,
        np.full(len(who), -1, dtype=np.int32),
        when,
        channel=where.channel if knobs.session == "bare" else None,
        ip=addresses(stage, knobs, who, when) if ip is None else ip[opening],
        device=session_device(people, rng, who) if device is None else device[opening],
    )
    return visits, back


def _earliest(stage: Stage, visits: Views) -> I64:
    """Tell when each account could open a session at the earliest."""
    born = stage.population.created_us[visits.account] + 2 * SECOND_US
    return np.asarray(np.minimum(np.maximum(born, stage.world.start_us), visits.ts))


def _join_own(stage: Stage, knobs: Knobs, visits: Views) -> tuple[Views, Bools]:
    """Move each visit into the next session of its account, if one comes within the window.

    Of a session that exists the work takes device, address and channel. Tells the visits, and
    which of them still need a session of their own.
    """
    rng, past = stage.rng, stage.history
    mine = np.zeros(len(stage.population), dtype=np.bool_)
    mine[visits.account] = True
    rows = past.take((past.kind == Kind.VIEW) & (past.role == HONEST))
    rows = rows.take(mine[rows.account])
    fresh = np.ones(len(visits), dtype=np.bool_)
    if not len(rows):
        return visits, fresh
    rows = rows.take(np.lexsort((rows.ts, rows.session)))
    _, first, length = np.unique(rows.session, return_index=True, return_counts=True)
    start, end = rows.take(first), rows.ts[first + length - 1]
    order = np.lexsort((start.ts, start.account))
    start, end = start.take(order), end[order]
    low = stage.world.start_us
    key = start.account.astype(np.int64) << 44 | (start.ts - low)
    wanted = visits.account.astype(np.int64) << 44 | (visits.ts - low).clip(0)
    place = np.searchsorted(key, wanted).clip(0, len(key) - 1)
    wait = start.ts[place] - visits.ts
    reach = int(knobs.window_s * SECOND_US)
    found = (start.account[place] == visits.account) & (wait >= 0) & (wait < reach)
    length_us = end[place] - start.ts[place]
    inside = rng.random(len(visits)) < 0.6
    after = rng.lognormal(np.log(15.0), 0.8, len(visits)) * SECOND_US
    step = np.where(inside, rng.random(len(visits)) * length_us, length_us + after)
    ts = start.ts[place] + step.astype(np.int64) + SECOND_US
    own = replace(
        visits,
        ts=np.where(found, ts, visits.ts),
        device=np.where(found, start.device[place], visits.device),
        ip=np.where(found, start.ip[place], visits.ip),
        session=np.where(found, start.session[place], visits.session),
        channel=np.where(found, start.channel[place], visits.channel),
    )
    return own, ~found


def _errands(
    stage: Stage, knobs: Knobs, work: Work, visits: Views, shift: I64, *, where: Place
) -> Rows:
    """Look at the ordered items and like them, by the same steps as everybody else."""
    rng = stage.rng
    # Those who must be on time look first, for as long as it takes to find the button.
    early = rng.exponential(2.5, len(work)) * where.exact
    ts = work.ts + shift - (early * SECOND_US).astype(np.int64)
    views = replace(visits, ts=ts, item=work.item)
    if where.channel is not None:
        views = replace(views, channel=np.full(len(work), where.channel, dtype=np.int8))
    mood = Mood(
        like=CERTAIN,
        follow_up=knobs.follow_up,
        dwell=knobs.dwell,
        list_like_share=1.0 - knobs.views,
    )
    rows = stage.unfold(views, mood).with_(role=ATTACK)
    # Nobody is paid enough to buy.
    rows = rows.take(~np.isin(rows.kind, [Kind.PURCHASE, Kind.REFUND, Kind.REPORT]))
    if knobs.dwell < CAREFUL:
        pasted = wording.pasted(rng, len(rows))
        rows = rows.with_(text=np.where(rows.kind == Kind.COMMENT, pasted, -1))
    return rows


def _bare(
    stage: Stage,
    knobs: Knobs,
    work: Work,
    visits: Views,
    visit: I64,
    *,
    where: Place,
    group: int,
) -> Rows:
    """Make likes in sessions that hold nothing else: at most a sign-in and a glance."""
    rng = stage.rng
    session = visits.take(visit)
    likes = Rows.make(
        len(work),
        ts=work.ts,
        kind=Kind.LIKE,
        account=work.account,
        item=work.item,
        device=session.device,
        ip=session.ip,
        session=session.session,
        channel=session.channel,
        role=ATTACK,
        group=group,
    )
    seen = rng.random(len(likes)) < knobs.views
    if where.channel is None:
        # Whoever likes without opening the item does so where honest people do: in a list.
        listed = ~seen & (rng.random(len(likes)) < 0.6)
        likes = likes.with_(channel=np.where(listed, LIST, likes.channel))
    undone = likes.take(rng.random(len(likes)) < UNLIKE_RATE)
    later = rng.lognormal(np.log(20.0), 2.2, len(undone)) * SECOND_US
    undone = undone.with_(kind=Kind.UNLIKE, ts=undone.ts + later.astype(np.int64) + SECOND_US)
    doors = arrivals(stage, visits, sign_in_share=where.sign_in_share)
    doors = doors.with_(role=ATTACK, group=group)
    return Rows.join([likes, _glances(stage, likes.take(seen)), undone, doors])


def _glances(stage: Stage, seen: Rows) -> Rows:
    """Fake the view before a bare like: two or three seconds, all alike."""
    rng = stage.rng
    dwell_s = rng.lognormal(np.log(2.6), 0.35, len(seen))
    video = np.array([row.video for row in CATEGORIES])[stage.catalogue.category[seen.item]]
    video |= stage.world.form.all_video
    length_s = rng.lognormal(np.log(16.0), 0.6, len(seen))
    return seen.with_(
        kind=Kind.VIEW,
        ts=seen.ts - (dwell_s * SECOND_US * rng.uniform(0.5, 1.0, len(seen))).astype(np.int64),
        dwell_ms=(dwell_s * 1_000).clip(80, 3_600_000),
        completion=np.where(video, np.minimum(dwell_s / length_s, 1.0).round(3), np.nan),
    )


def ordinary_life(stage: Stage, knobs: Knobs, crew: I32, *, group: int) -> Rows:
    """Let bought accounts browse like people, to look like people."""
    rng, world, people = stage.rng, stage.world, stage.population
    counts = rng.poisson(knobs.life * world.days * rng.gamma(2.0, 0.5, len(crew)))
    account = np.repeat(crew, counts)
    ts = stage.waking_times(len(account), world.start_us, world.end_us)
    kept = ts > people.created_us[account] + MINUTE_US
    account, ts = account[kept], ts[kept]
    if not len(account):
        return Rows.make(0)
    views = stage.browse(account, ts, ip=addresses(stage, knobs, account, ts))
    rows = Rows.join([stage.unfold(views), arrivals(stage, views)])
    rows = rows.take(rows.kind != Kind.REGISTER)
    return rows.with_(role=CAMOUFLAGE, group=group)


def camouflage(stage: Stage, knobs: Knobs, crew: I32, work: Work, *, group: int) -> Rows:
    """Like popular items in between, so that the account's list looks like everybody's."""
    rng = stage.rng
    # A visit brings other likes along; bare work needs every one of them by itself.
    share = knobs.camouflage if knobs.session == "bare" else 0.4 * knobs.camouflage
    count = round(share * len(work))
    if not count:
        return Rows.make(0)
    account = rng.choice(crew, count).astype(np.int32)
    low, high = int(work.ts.min()), int(work.ts.max()) + 1
    ts = stage.waking_times(count, low, high)
    category = stage.population.interest[account, rng.integers(0, 3, count)]
    item = stage.attention.draw(rng, ts, category)
    cover = Work(account, item, ts)
    born = np.maximum(
        stage.population.created_us[account] + MINUTE_US, stage.catalogue.created_us[item]
    )
    rows = deliver(stage, knobs, cover.take(ts > born), group=group)
    rows = rows.take(rows.kind != Kind.REGISTER)
    return rows.with_(role=CAMOUFLAGE)


def carry_out(
    stage: Stage,
    knobs: Knobs,
    crew: I32,
    items: I32,
    *,
    channel: int | None = None,
) -> Rows:
    """Play a whole order with one crew: work, camouflage, ordinary life."""
    group = stage.group()
    work = schedule(stage, knobs, crew, items)
    parts = [
        deliver(stage, knobs, work, group=group, channel=channel),
        camouflage(stage, knobs, crew, work, group=group),
    ]
    if knobs.life > 0:
        parts.append(ordinary_life(stage, knobs, crew, group=group))
    return Rows.join(parts)
