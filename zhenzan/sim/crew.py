"""Who carries out an order, from where, when, and what else they do meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from zhenzan.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from zhenzan.events.schema import Kind
from zhenzan.sim import network, wording
from zhenzan.sim.funnel import UNLIKE_RATE
from zhenzan.sim.life import SIGN_IN_SHARE, arrivals
from zhenzan.sim.order import Knobs
from zhenzan.sim.population import interests, session_address, session_device
from zhenzan.sim.rows import ATTACK, CAMOUFLAGE, I8, I32, I64, Bools, Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import CATEGORIES, CHANNEL_SHARES, FEED, LIST, REGIONS

VISIT_US = 30 * MINUTE_US
"""Ordered likes of one account within this time are done in one session."""


@dataclass(frozen=True, slots=True)
class Work:
    """Ordered likes before they are carried out: who, what, when."""

    account: I32
    item: I32
    ts: I64

    def __len__(self) -> int:
        return len(self.ts)

    def take(self, chosen: I64 | Bools) -> Work:
        """Keep the likes that a mask or an index array names."""
        return Work(self.account[chosen], self.item[chosen], self.ts[chosen])


def sized(knobs: Knobs, accounts: int) -> Knobs:
    """Keep the knobs for a smaller pool."""
    return replace(knobs, accounts=accounts)


def recruit(stage: Stage, knobs: Knobs, *, batch_us: int = 6 * HOUR_US) -> I32:
    """Make accounts for an order: registered in batches, aged as ``age_days`` says.

    With ``age_days`` of zero they register inside the log, early in it.
    """
    rng, people, world = stage.rng, stage.population, stage.world
    count = knobs.accounts
    if knobs.age_days > 0:
        batches = max(1, int(knobs.age_days / 3))
        day = rng.integers(0, batches, count) / batches * knobs.age_days
        created = world.start_us - (day * DAY_US).astype(np.int64)
        created -= (rng.random(count) * max(batch_us, knobs.age_days * DAY_US / 40)).astype(
            np.int64
        )
    else:
        opening = world.start_us + int(rng.random() * 0.25 * world.length_us)
        born = np.sort(rng.random(count) * min(batch_us, world.length_us // 8))
        created = opening + born.astype(np.int64)
    machines = max(1, round(count * min(1.0, knobs.devices_per_account)))
    device = people.new_devices(machines)[rng.permutation(count) % machines]
    second = np.full(count, -1)
    spare = rng.random(count) < knobs.devices_per_account - 1.0
    second[spare] = people.new_devices(int(spare.sum()))
    region = rng.choice(4, count).astype(np.int8)
    return people.add(
        created_us=created,
        region=region,
        verified=rng.choice([-1, 0, 1], count, p=_verified(knobs)),
        device=device,
        second_device=second,
        home=_bases(stage, knobs, region),
        place=np.full(count, -1),
        activity=rng.lognormal(0.0, 0.5, count),
        like_bias=rng.normal(0.2, 0.8, count),
        interest=interests(rng, count),
        chronotype=rng.normal(0.0, 1.6, count),
        circle=people.circle.max() + 1 + rng.permutation(count) // 9,
        client=np.zeros(count),
    )


def _verified(knobs: Knobs) -> tuple[float, float, float]:
    """Tell how many sold accounts carry a checked phone number; cheap ones mostly do not."""
    share = 0.62 if knobs.price_per_account >= 5.0 else 0.30
    return (0.12, 0.88 - share, share)


def _bases(stage: Stage, knobs: Knobs, region: I8) -> I64:
    """Choose home addresses: a few blocks for a farm, anywhere for rented home lines."""
    rng, count = stage.rng, len(region)
    if knobs.network == "farm":
        place = REGIONS[int(rng.integers(0, 4))]
        first = network.prefix(place.homes[0])
        blocks = first + rng.integers(0, 256, knobs.blocks) * 256
        return np.asarray(
            blocks[rng.integers(0, knobs.blocks, count)] + rng.integers(1, 255, count)
        )
    existing = stage.population.home
    neighbour = existing[rng.integers(0, len(existing), count)]
    return (neighbour & ~np.int64(255)) + rng.integers(1, 255, count)


def addresses(stage: Stage, knobs: Knobs, account: I32, ts: I64) -> I64:
    """Draw from where each session of an order comes."""
    rng, people = stage.rng, stage.population
    if knobs.network == "own":
        return session_address(people, rng, account, ts, vpn_share=stage.world.vpn_share)
    if knobs.network == "hosting":
        return network.hosting_address(rng, len(account), blocks=knobs.blocks)
    home = network.home_address(people.home[account], ts)
    mobile = network.carrier_address(rng, people.region[account])
    share = {"carrier": 0.95, "home": 0.35, "farm": 0.0}[knobs.network]
    return np.where(rng.random(len(account)) < share, mobile, home)


def targets(stage: Stage, count: int, *, fresh: bool = False, category: int | None = None) -> I32:
    """Choose items that would buy likes: not the best known ones, on sale since the start."""
    shelf, rng, world = stage.catalogue, stage.rng, stage.world
    horizon = world.start_us + (world.length_us // 3 if fresh else 0)
    ready = shelf.created_us <= horizon
    if category is not None and (ready & (shelf.category == category)).any():
        ready &= shelf.category == category
    ready &= shelf.weight > 0
    pool = np.flatnonzero(ready)
    # Rank by attention with noise and leave out the top fifth: hits need no help.
    rank = np.argsort(np.argsort(-shelf.weight[pool] * rng.lognormal(0.0, 0.7, len(pool))))
    pool = pool[rank >= len(pool) // 5]
    return rng.choice(pool, min(count, len(pool)), replace=False).astype(np.int32)


def schedule(stage: Stage, knobs: Knobs, crew: I32, items: I32) -> Work:
    """Spread the ordered likes: each item's quantity within its window, by different accounts."""
    rng, world = stage.rng, stage.world
    window = min(int(knobs.window_s * SECOND_US), world.length_us)
    born = stage.population.created_us[crew]
    earliest = max(world.start_us, int(np.quantile(born, 0.98)) + 10 * MINUTE_US)
    latest = max(earliest + 1, world.end_us - window)
    accounts, item_rows, times = [], [], []
    for item in items.tolist():
        start = max(earliest, int(stage.catalogue.created_us[item]))
        begin = start + int(rng.random() * knobs.span * max(0, latest - start))
        workers = stage.choose(crew, knobs.likes_per_item)
        if knobs.waking and window > 6 * HOUR_US:
            ts = stage.waking_times(len(workers), begin, begin + window)
        else:
            # Workers are served from a queue: most early, some late.
            ts = begin + (rng.beta(1.0, 1.8, len(workers)) * window).astype(np.int64)
        accounts.append(workers)
        item_rows.append(np.full(len(workers), item, dtype=np.int32))
        times.append(
            ts + (rng.exponential(knobs.jitter_s, len(workers)) * SECOND_US).astype(np.int64)
        )
    work = Work(np.concatenate(accounts), np.concatenate(item_rows), np.concatenate(times))
    return work.take(work.ts > stage.population.created_us[work.account] + MINUTE_US)


def deliver(
    stage: Stage,
    knobs: Knobs,
    work: Work,
    *,
    group: int,
    channel: int | None = None,
    ip: I64 | None = None,
    device: I32 | None = None,
    sign_in_share: float = SIGN_IN_SHARE,
) -> Rows:
    """Carry out ordered likes: sessions, sign-ins, views before and actions after."""
    rng, people = stage.rng, stage.population
    key = work.account.astype(np.int64) << 32 | work.ts // VISIT_US
    _, opening, visit = np.unique(key, return_index=True, return_inverse=True)
    who, when = work.account[opening], work.ts[opening]
    address = addresses(stage, knobs, who, when) if ip is None else ip[opening]
    machine = session_device(people, rng, who) if device is None else device[opening]
    lane = np.full(len(who), channel if channel is not None else FEED, dtype=np.int8)
    if channel is None:
        lane[:] = rng.choice(len(CHANNEL_SHARES), len(who), p=CHANNEL_SHARES)
    likes = Rows.make(
        len(work),
        ts=work.ts,
        kind=Kind.LIKE,
        account=work.account,
        item=work.item,
        device=machine[visit],
        ip=address[visit],
        session=stage.sessions(len(who))[visit],
        channel=lane[visit],
        role=ATTACK,
        group=group,
    )
    seen = rng.random(len(likes)) < knobs.views
    if channel is None:
        # Whoever likes without opening the item does so where honest people do: in a list.
        listed = ~seen & (rng.random(len(likes)) < 0.6)
        likes = likes.with_(channel=np.where(listed, LIST, likes.channel))
    parts = [
        likes,
        *_looks(stage, knobs, likes, seen),
        _withdrawals(stage, likes),
        _sign_ins(stage, likes.take(opening), sign_in_share),
        _registrations(stage, likes),
    ]
    return Rows.join(parts)


def _withdrawals(stage: Stage, likes: Rows) -> Rows:
    """Take a few likes back, by mistake or by remorse, as often as honest people do."""
    rng = stage.rng
    undone = likes.take(rng.random(len(likes)) < UNLIKE_RATE)
    later = rng.lognormal(np.log(20.0), 2.2, len(undone)) * SECOND_US
    return undone.with_(kind=Kind.UNLIKE, ts=undone.ts + later.astype(np.int64) + SECOND_US)


def _looks(stage: Stage, knobs: Knobs, likes: Rows, looked: Bools) -> list[Rows]:
    """Fake the view before and the action after, as often as the order pays for."""
    rng = stage.rng
    seen = likes.take(looked)
    # A paid look is short unless the seller imitates people (waking hours, own life).
    careful = knobs.waking and knobs.life > 0
    dwell_s = rng.lognormal(np.log(8.0 if careful else 2.6), 0.9 if careful else 0.35, len(seen))
    video = np.array([row.video for row in CATEGORIES])[stage.catalogue.category[seen.item]]
    length_s = rng.lognormal(np.log(16.0), 0.6, len(seen))
    view = seen.with_(
        kind=Kind.VIEW,
        ts=seen.ts - (dwell_s * SECOND_US * rng.uniform(0.5, 1.0, len(seen))).astype(np.int64),
        dwell_ms=(dwell_s * 1_000).clip(80, 3_600_000),
        completion=np.where(video, np.minimum(dwell_s / length_s, 1.0).round(3), np.nan),
    )
    after = likes.take(rng.random(len(likes)) < knobs.follow_up)
    kind = rng.choice(
        [Kind.FAVORITE, Kind.COMMENT, Kind.SHARE, Kind.CART], len(after), p=[0.5, 0.25, 0.1, 0.15]
    )
    delay = rng.lognormal(np.log(6.0), 1.1, len(after)) * SECOND_US
    words = wording.people(rng, len(after)) if careful else wording.pasted(rng, len(after))
    after = after.with_(
        kind=kind,
        ts=after.ts + delay.astype(np.int64),
        text=np.where(kind == Kind.COMMENT, words, -1),
    )
    return [view, after]


def _sign_ins(stage: Stage, first: Rows, share: float) -> Rows:
    rng = stage.rng
    some = first.take(rng.random(len(first)) < share)
    return some.with_(
        kind=Kind.SIGN_IN,
        ts=some.ts - rng.integers(5 * SECOND_US, 40 * SECOND_US, len(some)),
        item=-1,
        channel=-1,
    )


def _registrations(stage: Stage, likes: Rows) -> Rows:
    """Register accounts born inside the log, from device and address of their first work."""
    people, world = stage.population, stage.world
    order = np.argsort(likes.ts, kind="stable")
    _, first = np.unique(likes.account[order], return_index=True)
    new = likes.take(order[first])
    new = new.take(people.created_us[new.account] >= world.start_us)
    return new.with_(
        kind=Kind.REGISTER,
        ts=people.created_us[new.account],
        item=-1,
        channel=-1,
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
    count = round(knobs.camouflage * len(work))
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
    cover = cover.take(ts > born)
    rows = deliver(stage, knobs, cover, group=group)
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
