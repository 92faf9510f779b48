"""Accounts, their devices and the places from which they come."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from zhenzan.clock import DAY_US, MINUTE_US
from zhenzan.sim import network
from zhenzan.sim.rows import F32, I8, I32, I64, Bools
from zhenzan.sim.world import CATEGORIES, REGIONS, World

HOME, OFFICE, CARRIER = 0, 1, 2

APP, WEB, OLD_APP = 0, 1, 2


@dataclass(slots=True)
class Population:
    """One entry per account; grows when a twin or an attack brings accounts of its own.

    ``place`` is the office or campus address (-1: none). ``circle`` is the set of friends.
    ``interest`` holds three categories, the first the strongest. ``activity`` is the mean number
    of sessions a day. ``haste`` is the share of likes tapped at once. ``verified`` is -1 where
    unknown. ``client`` is one of ``APP``, ``WEB`` and ``OLD_APP``. ``bought`` marks accounts
    made for an order.
    """

    created_us: I64
    region: I8
    verified: I8
    device: I32
    second_device: I32
    home: I64
    place: I64
    activity: F32
    like_bias: F32
    haste: F32
    interest: I8
    chronotype: F32
    circle: I32
    client: I8
    bought: Bools
    devices_count: int = 0

    def __len__(self) -> int:
        return len(self.created_us)

    def add(self, **columns: Any) -> I32:
        """Append accounts and tell their codes."""
        before = len(self)
        for row in fields(self):
            if row.name == "devices_count":
                continue
            old = getattr(self, row.name)
            new = np.asarray(columns.pop(row.name)).astype(old.dtype)
            setattr(self, row.name, np.concatenate([old, new]))
        assert not columns, f"unknown columns {sorted(columns)}"
        return np.arange(before, len(self), dtype=np.int32)

    def new_devices(self, count: int) -> I32:
        """Take device codes that nobody uses yet."""
        first = self.devices_count
        self.devices_count += count
        return np.arange(first, first + count, dtype=np.int32)


def populate(world: World, rng: np.random.Generator) -> Population:
    """People the platform: households, offices, dormitories, tastes and habits."""
    count = world.accounts
    region = rng.choice(len(REGIONS), count, p=[place.share for place in REGIONS]).astype(np.int8)
    home = network.home_bases(rng, region)
    # Families live at one address: each later member takes region and home of an earlier one.
    joins = np.flatnonzero(rng.random(count) < world.family_share)
    joins = joins[joins > 0]
    head = (joins - rng.integers(1, 4, len(joins))).clip(0)
    region[joins], home[joins] = region[head], home[head]
    # The order of accounts must not carry the families: circles are drawn on a shuffled list.
    population = Population(
        created_us=_birthdays(world, rng, count),
        region=region,
        verified=rng.choice([-1, 0, 1], count, p=[0.12, 0.23, 0.65]).astype(np.int8),
        device=np.arange(count, dtype=np.int32),
        second_device=np.full(count, -1, dtype=np.int32),
        home=home,
        place=_workplaces(world, rng, region),
        activity=_activity(rng, count),
        like_bias=_like_bias(world, rng, count),
        haste=haste(rng, count),
        interest=interests(world, rng, count),
        chronotype=rng.normal(0.0, 1.6, count).astype(np.float32),
        circle=(rng.permutation(count) // 9).astype(np.int32),
        client=clients(world, rng, count),
        bought=np.zeros(count, dtype=np.bool_),
        devices_count=count,
    )
    owners = np.flatnonzero(rng.random(count) < world.second_device_share)
    population.second_device[owners] = population.new_devices(len(owners))
    # A third of family members also use the tablet of the household.
    shared = joins[rng.random(len(joins)) < 0.35]
    population.second_device[shared] = population.device[(shared - 1).clip(0)]
    return population


def interests(world: World, rng: np.random.Generator, count: int) -> I8:
    """Draw three categories per account by their share of all views."""
    return rng.choice(len(CATEGORIES), (count, 3), p=world.category_shares).astype(np.int8)


def haste(rng: np.random.Generator, count: int) -> F32:
    """Draw the share of likes tapped at once: one in eight for most, nearly all for a few."""
    share = rng.beta(0.9, 6.0, count)
    quick = rng.random(count) < 0.05
    share[quick] = rng.beta(8.0, 2.0, int(quick.sum()))
    return share.astype(np.float32)


def clients(world: World, rng: np.random.Generator, count: int) -> I8:
    """Draw with what people come: the current app, a browser, or an app they never updated."""
    lot = rng.random(count)
    old = lot > 1.0 - world.old_client_share
    return np.where(lot < world.web_share, WEB, np.where(old, OLD_APP, APP)).astype(np.int8)


def _birthdays(world: World, rng: np.random.Generator, count: int) -> I64:
    """Draw creation times: steady growth over four years, and newcomers inside the log."""
    age = rng.beta(1.1, 1.6, count) * 4 * 365 * DAY_US + 3 * DAY_US * rng.random(count)
    created = (world.start_us - age).astype(np.int64)
    newcomers = rng.random(count) < world.newcomer_share
    span = world.length_us - 30 * MINUTE_US
    created[newcomers] = world.start_us + (rng.random(int(newcomers.sum())) * span).astype(np.int64)
    # Some people joined in the days before the log starts.
    fresh = rng.random(count) < world.newcomer_share
    fresh &= ~newcomers
    created[fresh] = world.start_us - (rng.random(int(fresh.sum())) ** 2 * 14 * DAY_US).astype(
        np.int64
    )
    return created


def _activity(rng: np.random.Generator, count: int) -> F32:
    """Draw sessions a day: most people come rarely, some live on the platform."""
    weight = rng.lognormal(0.0, 1.15, count)
    return np.asarray(np.minimum(weight / np.exp(1.15**2 / 2), 30.0), dtype=np.float32)


def _like_bias(world: World, rng: np.random.Generator, count: int) -> F32:
    """Draw the log-odds by which an account likes more or less than others."""
    bias = rng.normal(-0.45, 1.25, count)
    habitual = rng.random(count) < world.habitual_liker_share
    bias[habitual] = rng.normal(3.2, 0.6, int(habitual.sum()))
    return bias.astype(np.float32)


def _workplaces(world: World, rng: np.random.Generator, region: I8) -> I64:
    count = len(region)
    place = np.full(count, -1, dtype=np.int64)
    lot = rng.random(count)
    worker = np.flatnonzero(lot < world.office_share)
    # Squaring makes a few large offices and many small ones.
    offices = (rng.random(len(worker)) ** 2 * max(1, len(worker) / 12)).astype(np.int64)
    place[worker] = network.office_address(region[worker], offices)
    student = np.flatnonzero(lot > 1.0 - world.dormitory_share)
    blocks = network.campus_blocks(rng, int(np.clip(len(student) // 120, 1, 60)))
    # A dormitory hides behind three addresses of its block.
    place[student] = rng.choice(blocks, len(student)) + rng.integers(5, 8, len(student))
    return place


def session_address(
    population: Population, rng: np.random.Generator, account: I32, ts: I64, *, vpn_share: float
) -> I64:
    """Draw from where each session comes: home, mobile network, or the place of work or study."""
    region = population.region[account]
    lot = rng.random(len(account))
    address = network.home_address(population.home[account], ts)
    mobile = lot > 0.56
    address[mobile] = network.carrier_address(rng, region[mobile])
    place = population.place[account]
    there = (place >= 0) & (lot > 0.30) & (lot < 0.80)
    address[there] = place[there]
    tunnel = rng.random(len(account)) < vpn_share
    address[tunnel] = network.hosting_address(rng, int(tunnel.sum()))
    return address


def session_device(population: Population, rng: np.random.Generator, account: I32) -> I32:
    """Draw which of its devices an account uses in a session."""
    second = population.second_device[account]
    uses_second = (second >= 0) & (rng.random(len(account)) < 0.28)
    return np.where(uses_second, second, population.device[account]).astype(np.int32)
