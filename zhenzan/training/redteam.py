"""Searches the simulator for the cheapest attack that survives a model, and learns from it.

It plays in a copy of the history and nowhere else: nothing leaves this process but figures and the
knobs of simulated attacks. The search is successive halving with mutation: many orders are placed
at once, the half that costs least per surviving like stays and breeds. What is found teaches the
next model (methods.md, targets d7).

Each round's search meets other attacks, so what two searches find says little about the two models.
At the end everything that any round has found is therefore played again with other seeds, and each
model is asked for the price of the same plays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from zhenzan import clock
from zhenzan.errors import SettingError
from zhenzan.scoring.learned.model import Model, load_model
from zhenzan.sim.order import Knobs, Order
from zhenzan.training.arena import Arena, Trial
from zhenzan.training.genes import NOT_SOLD, Genes, drawn, mutated, placed
from zhenzan.training.history import History, split
from zhenzan.training.job import Plan, gather, train_on
from zhenzan.training.orders import names_of
from zhenzan.training.pricing import WANTED, Price, is_in_kind
from zhenzan.training.shadow import NONE

Report = Callable[[str], None]


def _silent(text: str) -> None:
    del text


@dataclass(frozen=True, slots=True)
class Search:
    """How much is searched: orders at a time, halvings, and rounds of learning.

    ``wanted`` likes must be left on an item; ``kept`` finds of a round teach the next model;
    ``replays`` times all finds are played again at the end.
    """

    rounds: int = 3
    candidates: int = 14
    halvings: int = 2
    attacks: tuple[str, ...] = ()
    wanted: int = WANTED
    kept: int = 5
    replays: int = 2
    seed: int = 7

    def __post_init__(self) -> None:
        """Refuse a search that looks at nothing.

        Raises
        ------
        SettingError
            A number below one, or fewer than two candidates.
        """
        for name in ("rounds", "candidates", "halvings", "wanted", "kept", "replays"):
            if getattr(self, name) < 1 or self.candidates < 2:
                raise SettingError(f"{name} is {getattr(self, name)}", hint="min 1; candidates 2")


@dataclass(frozen=True, slots=True)
class Found:
    """One order that was tried, and its price under the model that it was tried on."""

    order: Order
    price: Price

    def as_dict(self) -> dict[str, Any]:
        """Turn it into plain values."""
        knobs = {row.name: getattr(self.order.knobs, row.name) for row in fields(Knobs)}
        return {"attack": self.order.attack, "in_kind": is_in_kind(self.order),
                **told(self.price), "knobs": knobs}  # fmt: skip


def told(price: Price) -> dict[str, Any]:
    """Turn a price into plain values; a price that is infinite is null."""
    each = price.yuan_per_like
    return {
        "yuan_per_like": round(each, 4) if np.isfinite(each) else None,
        "cost_yuan": round(price.cost_yuan, 2),
        "delivered": price.delivered,
        "counted": price.counted,
        "items": price.items,
        "served_items": price.served_items,
    }


@dataclass(frozen=True, slots=True)
class Round:
    """What one round found against one model, cheapest first."""

    number: int
    version: str
    tried: int
    found: tuple[Found, ...]

    @property
    def cheapest(self) -> float:
        """The least price of a surviving like; infinite where nothing survived."""
        return min((one.price.yuan_per_like for one in self.found), default=float("inf"))


@dataclass(frozen=True, slots=True)
class Again:
    """The finds of all rounds under one model, played again with seeds that no search has seen.

    ``version`` is ``none`` for the evidence alone; ``prices`` are in the order of the finds.
    """

    version: str
    prices: tuple[Price, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Rounds of search, all that they found, and what it costs under each model."""

    rounds: tuple[Round, ...]
    finds: tuple[Order, ...]
    again: tuple[Again, ...]

    def cheapest(self, again: Again, *, in_kind: bool) -> tuple[float, Order | None]:
        """Give the least price under a model, and its order, of finds that are sold or in kind."""
        prices = [
            (price.yuan_per_like, place)
            for place, price in enumerate(again.prices)
            if is_in_kind(self.finds[place]) == in_kind
        ]
        best, place = min(prices, default=(float("inf"), -1))
        return best, self.finds[place] if np.isfinite(best) else None

    def as_dict(self) -> dict[str, Any]:
        """Turn it into plain values."""
        models = []
        for again in self.again:
            best: dict[str, dict[str, Any] | None] = {}
            for word, in_kind in (("sold", False), ("in_kind", True)):
                price, order = self.cheapest(again, in_kind=in_kind)
                best[word] = (
                    {"yuan_per_like": round(price, 4), "attack": order.attack} if order else None
                )
            models.append(
                {
                    "model": again.version,
                    "cheapest": best,
                    "served_share": round(self.served_share(again), 4),
                    "prices": [told(price) for price in again.prices],
                }
            )
        return {
            "rounds": [
                {
                    "round": one.number,
                    "model": one.version,
                    "tried": one.tried,
                    "found": [found.as_dict() for found in one.found],
                }
                for one in self.rounds
            ],
            "finds": [
                {
                    "attack": order.attack,
                    "stealth": order.stealth,
                    "likes_per_item": order.knobs.likes_per_item,
                    "items": order.knobs.items,
                    "accounts": order.knobs.accounts,
                    "in_kind": is_in_kind(order),
                }
                for order in self.finds
            ],
            "all_finds_again": models,
        }

    def served_share(self, again: Again) -> float:
        """Tell on which share of all ordered items the wanted likes are left."""
        items = sum(price.items for price in again.prices)
        return sum(price.served_items for price in again.prices) / items if items else 0.0


def attack(
    history: History,
    models: Path,
    plan: Plan,
    search: Search,
    *,
    version: str | None = None,
    report: Report = _silent,
) -> Outcome:
    """Search, learn, and search again; then tell what each find costs under each model.

    Every round trains a new version on the finds of all rounds so far, so the last version knows
    what the last search has found, and no search has attacked it; versions are written to
    ``models`` and none is promoted.

    Parameters
    ----------
    version
        The first model to attack; ``none`` is the evidence alone, None the promoted one.
    report
        Called with a line of text after every round, and for every model at the end.
    """
    tried_on = [None if version == NONE else load_model(models, version)]
    arena = Arena(history, split(history))
    finds: list[Order] = []
    taught: tuple[Order, ...] = ()
    known: list[Genes] = []
    rounds: list[Round] = []
    clean = None
    for number in range(search.rounds):
        seed = search.seed * 1_000 + number * 100
        count, best = _search(arena, tried_on[-1], search, known, seed=seed)
        rounds.append(Round(number + 1, _name(tried_on[-1]), count, tuple(one for one, _ in best)))
        report(line(rounds[-1]))
        # Finds teach the newest first and of those the cheapest, as far as a part has room for
        # them: in drawn order rings of a thousand likes left none for what still survives.
        new = [one.order for one, _ in best if one.price.served]
        taught = (*new, *taught)
        finds += new
        known = [genes for _, genes in best] + known
        # Where nothing is found there is nothing to learn, and the search goes on elsewhere.
        if new:
            aim = replace(plan, found=(*taught, *plan.found))
            material = gather(history, aim, clean=clean)
            clean = material.clean
            facts = train_on(material, models, aim)
            tried_on.append(load_model(models, facts["version"]))
    trials = [
        arena.play(finds, seed=search.seed * 1_000 + 500_000 + 100 * replay)
        for replay in range(search.replays)
    ]
    outcome = Outcome(
        tuple(rounds),
        tuple(finds),
        tuple(_again(trials, model, search) for model in (None, *filter(None, tried_on))),
    )
    for again in outcome.again:
        report(line_again(outcome, again))
    return outcome


def _again(replays: Sequence[Sequence[Trial]], model: Model | None, search: Search) -> Again:
    prices = [
        sum((trial.price(model, wanted=search.wanted) for trial in same), Price())
        for same in zip(*replays, strict=True)
    ]
    return Again(_name(model), tuple(prices))


def _name(model: Model | None) -> str:
    return NONE if model is None else model.version


def line(done: Round) -> str:
    """Write one round as a line."""
    if not np.isfinite(done.cheapest):
        return f"round {done.number}, model {done.version}: nothing of {done.tried} orders survives"
    best = done.found[0]
    return (
        f"round {done.number}, model {done.version}: {done.cheapest:.3f} yuan per surviving like "
        f"({best.order.attack}, {best.price.counted} of {best.price.delivered} counted, "
        f"{done.tried} orders tried)"
    )


def line_again(outcome: Outcome, again: Again) -> str:
    """Write what the finds of all rounds cost under one model as a line."""
    parts = []
    for word, in_kind in (("sold", False), ("in kind", True)):
        price, order = outcome.cheapest(again, in_kind=in_kind)
        parts.append(f"{word} {price:.3f} yuan ({order.attack})" if order else f"{word} none")
    share = outcome.served_share(again)
    return f"all finds under model {again.version}: {', '.join(parts)}; {share:.0%} of items served"


def _search(
    arena: Arena, model: Model | None, search: Search, known: Sequence[Genes], *, seed: int
) -> tuple[int, list[tuple[Found, Genes]]]:
    """Halve and breed; return how many orders were tried and the best of them, cheapest first.

    Parameters
    ----------
    known
        What earlier rounds have found: up to half of the first orders are bred from it.
    """
    rng = clock.generator(seed)
    names = [name for name in names_of(search.attacks) if name not in NOT_SOLD]
    if not names:
        raise SettingError(f"{', '.join(search.attacks)}: no buyer gets counted likes on an item")
    # As many attacks as there are, in drawn order, before one comes twice.
    order = [names[place] for place in rng.permutation(len(names)).tolist()]
    pool = [mutated(rng, genes) for genes in known[: search.candidates // 2]]
    pool += [drawn(rng, order[k % len(order)]) for k in range(search.candidates - len(pool))]
    seen: list[tuple[Found, Genes]] = []
    for halving in range(search.halvings + 1):
        orders = [
            placed(genes, search.wanted, accounts=arena.accounts, days=arena.days) for genes in pool
        ]
        trials = arena.play(orders, seed=seed + 30 * halving + 1)
        for trial, genes in zip(trials, pool, strict=True):
            seen.append((Found(trial.order, trial.price(model, wanted=search.wanted)), genes))
        seen.sort(key=lambda one: one[0].price.rank)
        keep = seen[: max(2, search.candidates >> (halving + 1))]
        pool = [mutated(rng, genes) for _, genes in keep]
    return len(seen), seen[: search.kept]
