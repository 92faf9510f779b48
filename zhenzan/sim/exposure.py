"""What likes are worth: exposure by ranking weight, round after round (S0-08, S0-26, S3-10).

A platform that ranks by likes gives each item a share of the next day's views; views of liked
items bring more likes. The same loop is played three times on one log: with the likes that
people made unasked (what a perfect filter would count), with all likes (no defence), and with
the likes that a filter counts. The differences are the pay-off of an attack with and without
the defence, and the exposure that honest items lose. The loop works on expectations, draws
nothing, and ends in the same numbers every time.

Known limits: one weight for all, no search, no price of ranking itself, and views that would
have come anyway are those of the ranking; the rates come from a log of one world.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhenzan.clock import DAY_US
from zhenzan.errors import SchemaError, SettingError
from zhenzan.events.schema import Kind
from zhenzan.events.state import CountState
from zhenzan.sim.order import ATTACKS
from zhenzan.sim.rows import F64, I64, Bools
from zhenzan.sim.simulation import Simulation

VALUE_PER_VIEW_YUAN = 0.075
"""Paid search costs 50 to 100 yuan per thousand clicks (S4-39); a seller values a view so."""

SMOOTHING_VIEWS = 20.0
"""An item's like rate is drawn towards the rate of all as if it had this many more views."""

INFLATED_SHARE, INFLATED_LIKES = 0.10, 5
"""An item is inflated when ordered likes are at least this share of its likes, and this many."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """How likes become views.

    ``weight`` is the power to which likes are raised (0: likes do not matter), ``explore`` the
    share of views given out evenly, ``keep`` the share of likes that still counts a round
    later. ``rounds`` are days; 30 of them see an attack pay or not.
    """

    rounds: int = 14
    weight: float = 0.9
    explore: float = 0.10
    keep: float = 0.80

    def __post_init__(self) -> None:
        """Refuse a ranking that nobody could run.

        Raises
        ------
        SettingError
            No round, a negative weight, or a share outside 0 to 1.
        """
        if self.rounds < 1:
            raise SettingError(f"ranking `rounds` is {self.rounds}", hint="min 1")
        if self.weight < 0.0:
            raise SettingError(f"ranking `weight` is {self.weight}", hint="min 0")
        for name in ("explore", "keep"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SettingError(f"ranking `{name}` is {getattr(self, name)}", hint="0 to 1")


@dataclass(frozen=True, slots=True)
class Payoff:
    """What an attack at one level brought over all rounds.

    ``cost_yuan`` is the price of ordering once; ``repeats`` counts how often the buyers ordered
    again because the round before had paid for it. ``views_gained`` are the views that its own
    likes brought its items, and those likes that came of such views; ``payoff_yuan`` is their
    value less all orders. Keys are ``claimed`` and (with a filter) ``counted``.
    """

    attack: str
    stealth: str
    likes: int
    cost_yuan: float
    views_gained: dict[str, float] = field(default_factory=dict)
    payoff_yuan: dict[str, float] = field(default_factory=dict)
    repeats: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exposure:
    """Exposure of each item under each ranking, and what follows from it.

    ``table`` has one row per item: its views over all rounds under ``honest``, ``claimed`` and
    (with a filter) ``counted`` likes. ``displaced`` is the share of their exposure that items
    which are not inflated lose against the honest ranking (S0-26). ``top_share`` is the share of
    all exposure that goes to the tenth of items with the best like rate (S2-10).
    """

    table: pa.Table
    payoffs: tuple[Payoff, ...]
    displaced: dict[str, float]
    inflated_share: dict[str, float]
    top_share: dict[str, float]

    def summary(self) -> dict[str, Any]:
        """Give everything but the table as plain values."""
        return {
            "displaced": self.displaced,
            "inflated_share": self.inflated_share,
            "top_share": self.top_share,
            "payoffs": [asdict(row) for row in self.payoffs],
        }


@dataclass(frozen=True, slots=True)
class _Log:
    """Likes as codes: item, order (-1: none), honest or not; and views and likes by item."""

    items: list[str]
    days: float
    item: I64
    order: I64
    honest: Bools
    orders: list[tuple[str, str]]
    views: F64
    rate: F64


def counted_by(simulation: Simulation, likes: pa.Table) -> Bools:
    """Tell which likes of a log were counted, by a ``likes`` output of scoring it.

    Likes made in a campaign weigh nothing (rule 7).

    Raises
    ------
    SchemaError
        The table lacks a column, or does not answer for every like of this log.
    """
    for name in ("event_id", "count_state", "campaign"):
        if name not in likes.column_names:
            raise SchemaError(f"the counted likes have no column `{name}`")
    made = _likes(simulation)["event_id"]
    place = pc.index_in(made, value_set=likes["event_id"].combine_chunks())
    if place.null_count:
        raise SchemaError(
            f"{place.null_count:,} likes of this log are not among the counted likes",
            hint="score the log of the same scenario, seed and size",
        )
    state = pc.equal(likes["count_state"].cast(pa.string()), CountState.COUNTED.word)
    mine = pc.and_not(state, likes["campaign"]).take(place)
    return np.asarray(mine.to_numpy(zero_copy_only=False), dtype=np.bool_)


def exposure(
    simulation: Simulation, counted: Bools | None = None, *, ranking: Ranking | None = None
) -> Exposure:
    """Play the loop of exposure and likes with, without and (given ``counted``) behind a filter.

    ``counted`` has one entry per like, in the order of the log: any rule can stand in.

    Raises
    ------
    SchemaError
        The filter does not answer for every like.
    """
    ranking = ranking or Ranking()
    log = _read(simulation)
    if counted is not None and len(counted) != len(log.item):
        raise SchemaError(f"the filter answers for {len(counted):,} of {len(log.item):,} likes")
    everything = np.ones(len(log.item), dtype=np.bool_)
    filters = {"honest": log.honest, "claimed": everything}
    if counted is not None:
        filters["counted"] = np.asarray(counted, dtype=np.bool_)
    played = {name: _loop(log, kept, ranking) for name, kept in filters.items()}
    bought = _count(log, log.order >= 0)
    honest = _count(log, log.honest)
    inflated = bought >= np.maximum(INFLATED_LIKES, INFLATED_SHARE * (bought + honest))
    views = {name: result.views for name, result in played.items()}
    best = np.argsort(-log.rate, kind="stable")[: max(1, len(log.items) // 10)]
    fair = views["honest"][~inflated].sum()
    others = [name for name in views if name != "honest"]
    return Exposure(
        table=_table(log, inflated, bought, honest, filters, views),
        payoffs=_payoffs(simulation, log, played),
        displaced={
            name: round(float(1.0 - views[name][~inflated].sum() / fair), 5) for name in others
        },
        inflated_share={name: _share(seen, inflated) for name, seen in views.items()},
        top_share={name: _share(seen, best) for name, seen in views.items()},
    )


def _share(seen: F64, chosen: NDArray[Any]) -> float:
    return round(float(seen[chosen].sum() / seen.sum()), 5)


def _likes(simulation: Simulation) -> pa.Table:
    made = pc.equal(simulation.interactions["kind"], Kind.LIKE.word)
    return simulation.interactions.filter(made)


def _read(simulation: Simulation) -> _Log:
    """Read what the loop needs out of a log and its labels."""
    rows, labels = simulation.interactions, simulation.labels
    shown = simulation.items["item_id"].combine_chunks()
    size = len(shown)

    def places(table: pa.Table) -> I64:
        found = pc.index_in(table["item_id"], value_set=shown)
        return np.asarray(pc.fill_null(found, -1).to_numpy(), dtype=np.int64)

    liked = pc.equal(rows["kind"], Kind.LIKE.word)
    likes, truth = rows.filter(liked), labels.filter(liked)
    honest = pc.equal(truth["role"], "honest").to_numpy(zero_copy_only=False)
    bought = truth["is_inauthentic"].to_numpy(zero_copy_only=False)
    names = pc.binary_join_element_wise(
        pc.fill_null(truth["attack"], ""), pc.fill_null(truth["stealth"], ""), " "
    )
    known = sorted(pc.unique(names.filter(pa.array(bought))).to_pylist())
    order = pc.fill_null(pc.index_in(names, value_set=pa.array(known, pa.string())), -1)
    item = places(likes)
    ts = rows["ts"].cast(pa.int64()).to_numpy()
    watched = pc.and_(pc.equal(rows["kind"], Kind.VIEW.word), pc.equal(labels["role"], "honest"))
    seen = places(rows.filter(watched))
    views = np.bincount(seen[seen >= 0], minlength=size).astype(np.float64)
    unasked = np.bincount(item[honest & (item >= 0)], minlength=size).astype(np.float64)
    if not views.any():
        # A log without views: suppose that everybody's items are equally likeable.
        views = unasked / 0.1
    usual = unasked.sum() / max(views.sum(), 1.0)
    rate = (unasked + SMOOTHING_VIEWS * usual) / (views + SMOOTHING_VIEWS)
    return _Log(
        items=shown.to_pylist(),
        days=max(1.0, (int(ts[-1]) - int(ts[0])) / DAY_US),
        item=item,
        order=np.where(bought, order.to_numpy(), -1).astype(np.int64),
        honest=np.asarray(honest, dtype=np.bool_),
        orders=[(name.split(" ")[0], name.split(" ")[1]) for name in known],
        views=views,
        rate=np.minimum(rate, 1.0),
    )


def _count(log: _Log, chosen: Bools) -> F64:
    item = log.item[chosen & (log.item >= 0)]
    return np.bincount(item, minlength=len(log.items)).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Played:
    """Views of each item over all rounds; views gained and repeats of each order."""

    views: F64
    gained: list[float]
    repeats: list[int]


def _loop(log: _Log, kept: Bools, ranking: Ranking) -> _Played:
    """Play the rounds on expectations.

    Each order is judged by itself against the same rivals: it is repeated as long as the views
    that its likes brought in the last round are worth more than it costs.
    """
    daily = float(log.views.sum()) / log.days
    orders = range(len(log.orders))
    ordered = [_count(log, kept & (log.order == number)) for number in orders]
    mine = [likes.copy() for likes in ordered]
    stock = _count(log, kept)
    total = np.zeros(len(stock))
    gained, repeats = [0.0 for _ in orders], [0 for _ in orders]
    running = {number for number in orders if ordered[number].any()}
    for _ in range(ranking.rounds):
        seen = daily * _shares(stock, ranking)
        total += seen
        after = ranking.keep * stock + seen * log.rate
        for number in orders:
            here = ordered[number] > 0
            without = daily * _shares(np.maximum(stock - mine[number], 0.0), ranking)
            extra = np.where(here, seen - without, 0.0)
            gain = float(extra.sum())
            gained[number] += gain
            mine[number] = ranking.keep * mine[number] + extra * log.rate
            if number in running and gain * VALUE_PER_VIEW_YUAN > _cost(log, number):
                repeats[number] += 1
                mine[number] += ordered[number]
                after += ordered[number]
            else:
                running.discard(number)
        stock = after
    return _Played(total, gained, repeats)


def _shares(stock: F64, ranking: Ranking) -> F64:
    """Turn weighted likes into shares of exposure."""
    pull = np.power(stock, ranking.weight, where=stock > 0, out=np.zeros_like(stock))
    even = np.full(len(stock), 1.0 / len(stock))
    if not pull.any():
        return even
    return np.asarray(ranking.explore * even + (1.0 - ranking.explore) * pull / pull.sum())


def _cost(log: _Log, number: int) -> float:
    """Tell what the likes of an order cost, by the price of its level."""
    attack, stealth = log.orders[number]
    knobs = ATTACKS[attack].presets[stealth]
    return float((log.order == number).sum() * knobs.price_per_like)


def _payoffs(simulation: Simulation, log: _Log, played: dict[str, _Played]) -> tuple[Payoff, ...]:
    """Set what each attack brought against what it cost; accounts are paid for once."""
    accounts = _likes(simulation)["account_id"].combine_chunks().dictionary_encode().indices
    account = accounts.to_numpy()
    made = []
    for number, (attack, stealth) in enumerate(log.orders):
        mine = log.order == number
        again = _cost(log, number)
        price = ATTACKS[attack].presets[stealth].price_per_account
        cost = again + len(np.unique(account[mine])) * price
        row = Payoff(attack, stealth, int(mine.sum()), round(cost, 2))
        for name, result in played.items():
            if name == "honest":
                continue
            gained, repeats = result.gained[number], result.repeats[number]
            row.views_gained[name] = round(gained, 1)
            row.repeats[name] = repeats
            paid = cost + again * repeats
            row.payoff_yuan[name] = round(gained * VALUE_PER_VIEW_YUAN - paid, 2)
        made.append(row)
    return tuple(made)


def _table(
    log: _Log,
    inflated: Bools,
    bought: F64,
    honest: F64,
    filters: dict[str, Bools],
    views: dict[str, F64],
) -> pa.Table:
    columns: dict[str, Any] = {
        "item_id": pa.array(log.items, pa.string()),
        "is_inflated": pa.array(inflated),
        "likes_honest": honest.astype(np.int64),
        "likes_ordered": bought.astype(np.int64),
        "like_rate": log.rate,
    }
    if "counted" in filters:
        columns["likes_counted"] = _count(log, filters["counted"]).astype(np.int64)
    for name, seen in views.items():
        columns[f"views_{name}"] = np.round(seen, 3)
    return pa.table(columns)
