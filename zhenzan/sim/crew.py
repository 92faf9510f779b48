"""Who carries out an order, from where, on which items, and when."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from zhenzan.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from zhenzan.events.schema import Kind
from zhenzan.sim import network
from zhenzan.sim.order import Knobs
from zhenzan.sim.population import clients, haste, interests, session_address
from zhenzan.sim.rows import I8, I32, I64, Bools
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import REGIONS

SIZES = (30, 2_000)
"""Smallest and largest quantity that one buyer orders for an item."""


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
        haste=haste(rng, count),
        interest=interests(world, rng, count),
        chronotype=rng.normal(0.0, 1.6, count),
        circle=people.circle.max() + 1 + rng.permutation(count) // 9,
        client=clients(world, rng, count),
        bought=np.ones(count, dtype=np.bool_),
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


AUDIENCES: tuple[tuple[int, float], ...] = (
    (0, 0.14), (3, 0.14), (10, 0.20), (30, 0.26), (100, 0.18), (300, 0.08),
)  # fmt: skip
"""Honest likes that a bought item has of its own (at least), and how often: launches without
any, most with tens, some with hundreds. Buyers sell all sorts of things."""


def targets(stage: Stage, count: int, *, apart: bool = False) -> I32:
    """Choose items that buy likes: with all sorts of honest audiences, on sale since the start.

    With ``apart`` they belong to as many different merchants as there are.
    """
    shelf, rng, world = stage.catalogue, stage.rng, stage.world
    pool = np.flatnonzero((shelf.created_us <= world.start_us) & (shelf.weight > 0))
    liked = stage.history.take(stage.history.kind == Kind.LIKE)
    honest = np.bincount(liked.item, minlength=len(shelf))[pool]
    edges = np.array([edge for edge, _ in AUDIENCES])
    share = np.array([part for _, part in AUDIENCES])
    step = np.searchsorted(edges, honest, side="right") - 1
    size = np.bincount(step, minlength=len(edges))
    weight = (share / np.maximum(size, 1))[step]
    count = min(count, len(pool))
    if not apart:
        return rng.choice(pool, count, replace=False, p=weight / weight.sum()).astype(np.int32)
    # One item of each merchant first, then second ones.
    order = rng.choice(pool, len(pool), replace=False, p=weight / weight.sum())
    _, first = np.unique(shelf.merchant[order], return_index=True)
    first = np.sort(first)
    rest = np.setdiff1d(np.arange(len(order)), first)
    return np.asarray(order[np.concatenate([first, rest])[:count]], dtype=np.int32)


def quantities(stage: Stage, knobs: Knobs, count: int) -> list[int]:
    """Draw how many likes each buyer orders: half of them ask for a round number."""
    rng = stage.rng
    if knobs.size_spread <= 0:
        return [knobs.likes_per_item] * count
    size = knobs.likes_per_item * rng.lognormal(0.0, knobs.size_spread, count)
    step = np.where(size >= 400, 100, np.where(size >= 120, 50, 10))
    rounded = np.maximum(1, np.round(size / step)) * step
    size = np.where(rng.random(count) < 0.5, rounded, size)
    most = max(2, round(0.95 * knobs.accounts))
    low, high = min(SIZES[0], most), min(SIZES[1], most)
    return [round(value) for value in size.clip(low, high).tolist()]


def schedule(stage: Stage, knobs: Knobs, crew: I32, items: I32) -> Work:
    """Spread the ordered likes: each item's quantity within its window, by different accounts."""
    rng, world = stage.rng, stage.world
    window = min(int(knobs.window_s * SECOND_US), world.length_us)
    born = stage.population.created_us[crew]
    earliest = max(world.start_us, int(np.quantile(born, 0.98)) + 10 * MINUTE_US)
    latest = max(earliest + 1, world.end_us - window)
    accounts, item_rows, times = [], [], []
    for item, size in zip(items.tolist(), quantities(stage, knobs, len(items)), strict=True):
        start = max(earliest, int(stage.catalogue.created_us[item]))
        begin = start + int(rng.random() * knobs.span * max(0, latest - start))
        workers = stage.choose(crew, size)
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


def hire(stage: Stage, count: int) -> I32:
    """Hire existing people, active ones rather than rare visitors; their history is honest."""
    people = stage.population
    pool = stage.live_accounts(stage.world.start_us)
    return stage.choose(pool, count, by=np.sqrt(people.activity[pool].astype(np.float64)) + 0.05)
