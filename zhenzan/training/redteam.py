"""Searches the simulator for the cheapest attack that survives a model, and learns from it.

It plays in a copy of the history and nowhere else: nothing leaves this process but figures and the
knobs of simulated attacks. The search is successive halving with mutation: many orders are placed
at once, the half that costs least per surviving like stays and breeds. What is found teaches the
next model, and the cost is told round by round (methods.md, targets d7).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhenzan import clock
from zhenzan.errors import SchemaError, SettingError
from zhenzan.events.state import CountState
from zhenzan.scoring.learned.model import Model, load_model
from zhenzan.sim.order import STEALTH, Knobs, Order
from zhenzan.training.history import TEST, History, Split, split
from zhenzan.training.injection import place
from zhenzan.training.job import Plan, train
from zhenzan.training.measure import Likes, index_of, measure
from zhenzan.training.orders import LEVEL_MAX, SPREAD, knobs_at, names_of, sized
from zhenzan.training.shadow import answers

CLICK_YUAN = 0.075
"""Price of one visit by paid search: the middle of 50 to 100 yuan per 1,000 clicks that the source
articles name (requirements.md, fixture E; a claim of theirs)."""

MARKET_YUAN = 0.01
"""Least that an ordered like is worth, about one yuan for 100 (methods.md, section 1.4): members of
a ring pay nothing in money, and with likes of their own."""

SURVIVORS_MIN = 5
"""Likes that must be counted before a price per surviving like says anything."""

STEP = 0.4
"""Standard deviation of a mutation, on the scale from crude (0) to stealthy (2)."""

Report = Callable[[str], None]


def _silent(text: str) -> None:
    del text


@dataclass(frozen=True, slots=True)
class Search:
    """How much is searched: orders at a time, halvings, and rounds of learning."""

    rounds: int = 3
    candidates: int = 12
    halvings: int = 2
    attacks: tuple[str, ...] = ()
    likes: float = 60.0
    kept: int = 3
    seed: int = 7

    def __post_init__(self) -> None:
        """Refuse a search that looks at nothing.

        Raises
        ------
        SettingError
            A number below one, or fewer than two candidates.
        """
        for name in ("rounds", "candidates", "halvings", "kept"):
            if getattr(self, name) < 1 or self.candidates < 2:
                raise SettingError(f"{name} is {getattr(self, name)}", hint="min 1; candidates 2")


@dataclass(frozen=True, slots=True)
class Tried:
    """One order that was tried: its genes, what it cost, and how many of its likes counted."""

    attack: str
    levels: dict[str, float]
    order: Order
    cost_yuan: float = 0.0
    delivered: int = 0
    counted: int = 0

    @property
    def yuan_per_like(self) -> float:
        """Price of one like that is counted; infinite below `SURVIVORS_MIN` of them."""
        if self.counted < SURVIVORS_MIN:
            return float("inf")
        return self.cost_yuan / self.counted

    def as_dict(self) -> dict[str, Any]:
        """Turn it into plain values."""
        price = self.yuan_per_like
        return {
            "attack": self.attack,
            "cost_yuan": round(self.cost_yuan, 2),
            "delivered": self.delivered,
            "counted": self.counted,
            "yuan_per_like": round(price, 4) if np.isfinite(price) else None,
            "knobs": {f.name: getattr(self.order.knobs, f.name) for f in fields(Knobs)},
        }


@dataclass(frozen=True, slots=True)
class Round:
    """What one round found against one model, cheapest first."""

    number: int
    version: str
    tried: int
    found: tuple[Tried, ...]

    @property
    def cheapest(self) -> float:
        """The least price of a surviving like; infinite where nothing survived."""
        return min((one.yuan_per_like for one in self.found), default=float("inf"))


@dataclass(slots=True)
class _Arena:
    """The history in which candidates are played: its last part, after all that teaches."""

    history: History
    parts: Split
    accounts: int = 0
    inside: pa.Table = field(init=False)
    outside: pa.Table = field(init=False)

    def __post_init__(self) -> None:
        start, end = self.parts.parts[TEST]
        ts = self.history.table["ts"].cast(pa.int64()).to_numpy()
        chosen = pa.array((ts >= start) & (ts < end))
        self.inside = self.history.table.filter(chosen)
        self.outside = self.history.table.filter(pc.invert(chosen))
        self.accounts = pc.count_distinct(self.inside["account_id"]).as_py()
        if not pc.any(pc.equal(self.inside["kind"], "like")).as_py():
            raise SchemaError("the last part of the history holds no like")

    def try_out(self, tried: Sequence[Tried], model: Model | None, *, seed: int) -> list[Tried]:
        """Play all candidates at once and count which of their likes are counted."""
        end = self.parts.parts[TEST][1]
        played = place(self.inside, [one.order for one in tried], before_us=end, seed=seed)
        table = pa.concat_tables([self.outside, played.history.table])
        table = table.sort_by([("ts", "ascending"), ("event_id", "ascending")])
        likes = measure(replace(self.history, table=table))
        return _counted(tried, likes, played.labels, model)


def _counted(
    tried: Sequence[Tried], likes: Likes, labels: pa.Table, model: Model | None
) -> list[Tried]:
    states = answers(likes, model).states
    ordered = labels.filter(pc.equal(labels["role"], "attack"))
    where = index_of(likes.event_id, ordered["event_id"].combine_chunks())
    order = ordered["order"].to_numpy()[where >= 0]
    counted = states[where[where >= 0]] == CountState.COUNTED
    delivered = np.bincount(order, minlength=len(tried))
    kept = np.bincount(order[counted], minlength=len(tried))
    return [
        replace(
            one,
            cost_yuan=max(one.order.cost, MARKET_YUAN * int(delivered[number])),
            delivered=int(delivered[number]),
            counted=int(kept[number]),
        )
        for number, one in enumerate(tried)
    ]


def advertising_yuan(history: History) -> float | None:
    """Tell what an honest like costs by advertising: a click, over the platform's own like rate.

    None where the log holds no views.
    """
    views = pc.sum(pc.equal(history.table["kind"], "view")).as_py() or 0
    likes = pc.sum(pc.equal(history.table["kind"], "like")).as_py() or 0
    return CLICK_YUAN * views / likes if views and likes else None


def attack(
    history: History,
    models: Path,
    plan: Plan,
    search: Search,
    *,
    version: str | None = None,
    report: Report = _silent,
) -> list[Round]:
    """Search, learn, and search again; return what each round found.

    Every round but the last trains a new version on the finds of all rounds so far; versions are
    written to ``models`` and none is promoted.

    Parameters
    ----------
    version
        The first model to attack; None: the promoted one.
    report
        Called with a line of text after every round.
    """
    model = load_model(models, version)
    arena = _Arena(history, split(history))
    found: list[Order] = list(plan.found)
    rounds = []
    for number in range(search.rounds):
        tried, best = _search(arena, model, search, seed=search.seed * 1_000 + number * 50)
        rounds.append(Round(number + 1, model.version, tried, tuple(best)))
        report(line(rounds[-1]))
        if number + 1 < search.rounds:
            found += [one.order for one in best[: search.kept] if np.isfinite(one.yuan_per_like)]
            facts = train(history, models, replace(plan, found=tuple(found)))
            model = load_model(models, facts["version"])
    return rounds


def line(done: Round) -> str:
    """Write one round as a line."""
    if not np.isfinite(done.cheapest):
        return f"round {done.number}, model {done.version}: nothing of {done.tried} orders survives"
    best = done.found[0]
    return (
        f"round {done.number}, model {done.version}: {done.cheapest:.3f} yuan per surviving like "
        f"({best.attack}, {best.counted} of {best.delivered} counted, {done.tried} orders tried)"
    )


def _search(
    arena: _Arena, model: Model | None, search: Search, *, seed: int
) -> tuple[int, list[Tried]]:
    """Halve and breed; return how many orders were tried and all that were, cheapest first."""
    rng = clock.generator(seed)
    names = names_of(search.attacks)
    pool = [
        _candidate(rng, arena, search, names[int(rng.integers(len(names)))])
        for _ in range(search.candidates)
    ]
    seen: list[Tried] = []
    for halving in range(search.halvings + 1):
        seen += arena.try_out(pool, model, seed=seed + halving + 1)
        seen.sort(key=lambda one: one.yuan_per_like)
        keep = seen[: max(2, search.candidates >> (halving + 1))]
        pool = [_mutated(rng, arena, search, one) for one in keep]
    return len(seen), seen[: max(search.kept, 5)]


def _candidate(rng: np.random.Generator, arena: _Arena, search: Search, name: str) -> Tried:
    levels = {f.name: float(rng.uniform(0.0, LEVEL_MAX)) for f in fields(Knobs)}
    return _placed(rng, arena, search, name, levels)


def _mutated(rng: np.random.Generator, arena: _Arena, search: Search, one: Tried) -> Tried:
    """Turn each knob a little."""
    levels = {
        name: float(np.clip(level + rng.normal(0.0, STEP), 0.0, LEVEL_MAX))
        for name, level in one.levels.items()
    }
    return _placed(rng, arena, search, one.attack, levels)


def _placed(
    rng: np.random.Generator, arena: _Arena, search: Search, name: str, levels: dict[str, float]
) -> Tried:
    """Place an order with each knob at its own level; its price is that of the dearest."""
    knobs = knobs_at(name, levels)
    spread = {size: rng.lognormal(0.0, SPREAD) for size in ("accounts", "likes_per_item")}
    knobs = replace(
        knobs,
        accounts=max(10, round(knobs.accounts * spread["accounts"])),
        likes_per_item=max(5, round(knobs.likes_per_item * spread["likes_per_item"])),
    )
    knobs = sized(knobs, likes=search.likes, accounts=arena.accounts)
    dearest = round(max(levels.values()))
    return Tried(name, levels, Order(name, STEALTH[dearest], knobs))
