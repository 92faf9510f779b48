"""The stage: the world while it is being played, handed to background, twins and attacks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from zhenzan.sim.catalogue import Attention, Catalogue, stock
from zhenzan.sim.funnel import Mood, Views, unfold
from zhenzan.sim.population import Population, populate, session_address, session_device
from zhenzan.sim.rows import F64, I8, I32, I64, Rows
from zhenzan.sim.world import CATEGORIES, HOURS, World

INTEREST_PULL = 0.78
"""Share of views that fall into one of the three categories an account cares about."""

INTEREST_SPLIT = (0.60, 0.27, 0.13)

RHYTHM: tuple[float, ...] = (*HOURS[8:], *HOURS[:8])
"""Weight of each hour, in UTC, by the clock of the largest time zone (UTC+8)."""


@dataclass(frozen=True, slots=True)
class Room:
    """A live room: its item, and when it is open."""

    item: int
    start_us: int
    end_us: int


@dataclass(slots=True)
class Stage:
    """What a part of the play may read and grow; every part has a generator of its own.

    ``rooms`` are live rooms that were held; ``watched`` are people whom attacks prefer to copy;
    ``rhythm`` is the weight of each hour of the day, in UTC.
    """

    world: World
    rng: np.random.Generator
    population: Population
    catalogue: Catalogue
    attention: Attention
    history: Rows = field(default_factory=lambda: Rows.make(0))
    sessions_count: int = 0
    groups_count: int = 0
    campaigns_count: int = 0
    tasks_count: int = 0
    rooms: list[Room] = field(default_factory=list)
    watched: list[int] = field(default_factory=list)
    rhythm: tuple[float, ...] = RHYTHM

    @classmethod
    def open(cls, world: World, rng: np.random.Generator) -> Stage:
        """Build people and shelves, with nobody on the platform yet."""
        population = populate(world, rng)
        catalogue = stock(world, rng)
        return cls(world, rng, population, catalogue, Attention(world, catalogue, rng))

    def sessions(self, count: int) -> I64:
        """Take session codes that nobody uses yet."""
        first = self.sessions_count
        self.sessions_count += count
        return np.arange(first, first + count, dtype=np.int64)

    def group(self) -> int:
        """Take a group code."""
        self.groups_count += 1
        return self.groups_count - 1

    def campaign(self) -> int:
        """Take a campaign code."""
        self.campaigns_count += 1
        return self.campaigns_count - 1

    def tasks(self, count: int) -> I64:
        """Take task codes."""
        first = self.tasks_count
        self.tasks_count += count
        return np.arange(first, first + count, dtype=np.int64)

    def live_accounts(self, before_us: int) -> I32:
        """List the people that exist before a time, without accounts made for an order."""
        people = self.population
        return np.flatnonzero((people.created_us < before_us) & ~people.bought).astype(np.int32)

    def waking_times(self, count: int, low_us: int, high_us: int) -> I64:
        """Draw times between two bounds by the day rhythm of the platform."""
        picks = self.rng.random((count, 4)) * max(1, high_us - low_us) + low_us
        hour = (picks / 3.6e9).astype(np.int64) % 24
        weight = np.array(self.rhythm)[hour] * self.rng.random((count, 4)) ** 0.3
        return np.asarray(picks[np.arange(count), weight.argmax(axis=1)], dtype=np.int64)

    def choose(self, pool: I32, count: int, *, by: F64 | None = None) -> I32:
        """Draw different accounts from a pool, at most as many as there are."""
        count = min(count, len(pool))
        odds = None if by is None else by / by.sum()
        return self.rng.choice(pool, count, replace=False, p=odds).astype(np.int32)

    def visit(
        self,
        account: I32,
        item: I32,
        ts: I64,
        *,
        channel: int | I8 | None = None,
        affinity: float = 0.0,
        ip: I64 | None = None,
        device: I32 | None = None,
    ) -> Views:
        """Let people look at given items, each in a session of its own."""
        count = len(account)
        people, rng = self.population, self.rng
        if channel is None:
            channel = self.lanes(count)
        if ip is None:
            ip = session_address(people, rng, account, ts, vpn_share=self.world.vpn_share)
        return Views(
            ts=ts,
            account=account,
            item=item,
            device=session_device(people, rng, account) if device is None else device,
            ip=ip,
            session=self.sessions(count),
            channel=np.broadcast_to(np.asarray(channel, dtype=np.int8), (count,)),
            affinity=np.full(count, affinity, dtype=np.float32),
        )

    def unfold(self, views: Views, mood: Mood | None = None) -> Rows:
        """Let visits bring what visits bring."""
        mood = mood or Mood(list_like_share=self.world.list_like_share)
        return unfold(views, self.population, self.catalogue, self.rng, mood, self.world.form)

    def lanes(self, count: int) -> I8:
        """Draw through which channels people come on a platform of this shape."""
        shares = self.world.form.channels
        return self.rng.choice(len(shares), count, p=shares).astype(np.int8)

    def browse(self, account: I32, ts: I64, *, ip: I64 | None = None) -> Views:
        """Let each account open the platform once at a time and look at what it likes."""
        return self.wander(
            self.visit(account, np.full(len(account), -1, dtype=np.int32), ts, ip=ip)
        )

    def wander(self, opened: Views, *, length: float = 1.0) -> Views:
        """Let each opened session look at item after item, as its account likes.

        Sessions are ``length`` times as long as usual, at least one view.
        """
        rng, form = self.rng, self.world.form
        mean = max(self.world.views_per_visit * form.session_views * length, 1.0)
        counts = 1 + rng.poisson(rng.gamma(0.75, (mean - 1.0) / 0.75, len(opened)))
        which = np.repeat(np.arange(len(opened)), counts)
        views = opened.take(which)
        first = np.cumsum(counts) - counts
        gap = rng.lognormal(np.log(form.pause_s), 1.0, len(which)) * 1e6
        gap[first] = rng.exponential(2.5e6, len(first))
        walked = np.cumsum(gap)
        start = np.repeat(walked[first] - gap[first], counts)
        ts_view = views.ts + (walked - start).astype(np.int64)
        category = self._tastes(views.account)
        item = self.attention.draw(rng, ts_view, category)
        born = self.catalogue.created_us[item] <= ts_view
        mine = (category[:, None] == self.population.interest[views.account]).any(axis=1)
        views = replace(views, ts=ts_view, item=item, affinity=np.where(mine, 0.25, -0.35))
        return views.take(born)

    def _tastes(self, account: I32) -> I8:
        rng = self.rng
        count = len(account)
        own = rng.choice(3, count, p=INTEREST_SPLIT)
        category = self.population.interest[account, own]
        free = rng.random(count) > INTEREST_PULL
        category[free] = rng.choice(len(CATEGORIES), int(free.sum()), p=self.world.category_shares)
        return category
