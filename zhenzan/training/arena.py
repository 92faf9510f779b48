"""Plays orders in the last days of a history and keeps what was measured of their likes.

What is kept of a play is enough to judge it again by any later model, so that the same attack has
a price under each of them without being played anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhenzan.clock import DAY_US
from zhenzan.errors import SchemaError
from zhenzan.events.state import CountState
from zhenzan.scoring.learned.model import Model
from zhenzan.sim.order import Order
from zhenzan.training.history import TEST, History, Split
from zhenzan.training.injection import place
from zhenzan.training.measure import Likes, index_of, measure
from zhenzan.training.orders import quantity_of
from zhenzan.training.pricing import WANTED, Price, cost_yuan
from zhenzan.training.shadow import answers

CROWDED = 0.15
"""Most likes that are ordered in one play, for each like of the arena: more of them would change
the platform on which they are judged."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One order as it was played: its delivered likes, the item of each, and which count apart.

    Likes inside a campaign are counted apart, whatever their state, and are worth nothing to a
    buyer.
    """

    order: Order
    likes: Likes
    item: NDArray[np.int64]
    apart: NDArray[np.bool_]

    def price(self, model: Model | None, *, wanted: int = WANTED) -> Price:
        """Judge the likes by a model, or by the evidence alone, and tell what is left."""
        counted = (answers(self.likes, model).states == CountState.COUNTED) & ~self.apart
        items, code = np.unique(self.item, return_inverse=True)
        left = np.bincount(code, weights=counted, minlength=len(items)).astype(np.int64)
        served = left >= wanted
        return Price(
            cost_yuan(self.order, len(self.item)),
            delivered=len(self.item),
            counted=int(counted.sum()),
            served=int(left[served].sum()),
            items=self.order.knobs.items,
            served_items=int(served.sum()),
            most=int(left.max(initial=0)),
        )


@dataclass(slots=True)
class Arena:
    """The last part of a history, after all that teaches, cut to whole days if it is that long.

    The simulator plays whole days; what it plays after the end of the part is not delivered.
    """

    history: History
    parts: Split
    accounts: int = field(init=False)
    days: float = field(init=False)
    inside: pa.Table = field(init=False)
    outside: pa.Table = field(init=False)

    def __post_init__(self) -> None:
        start, end = self.parts.parts[TEST]
        if end - start >= DAY_US:
            start = end - (end - start) // DAY_US * DAY_US
        self.days = (end - start) / DAY_US
        ts = self.history.table["ts"].cast(pa.int64()).to_numpy()
        chosen = pa.array((ts >= start) & (ts < end))
        self.inside = self.history.table.filter(chosen)
        self.outside = self.history.table.filter(pc.invert(chosen))
        self.accounts = pc.count_distinct(self.inside["account_id"]).as_py()
        if not pc.any(pc.equal(self.inside["kind"], "like")).as_py():
            raise SchemaError("the last part of the history holds no like")

    def play(self, orders: Sequence[Order], *, seed: int) -> list[Trial]:
        """Play orders, few enough at a time that the platform stays what it is."""
        likes = int(pc.sum(pc.equal(self.inside["kind"], "like")).as_py())
        trials: list[Trial] = []
        waiting: list[Order] = []
        for order in orders:
            size = sum(quantity_of(one) for one in (*waiting, order))
            if waiting and size > CROWDED * likes:
                trials += self._together(waiting, seed=seed + len(trials))
                waiting = []
            waiting.append(order)
        if waiting:
            trials += self._together(waiting, seed=seed + len(trials))
        return trials

    def _together(self, orders: Sequence[Order], *, seed: int) -> list[Trial]:
        played = place(self.inside, orders, before_us=self.parts.parts[TEST][1], seed=seed)
        table = pa.concat_tables([self.outside, played.history.table])
        table = table.sort_by([("ts", "ascending"), ("event_id", "ascending")])
        labels = played.labels.filter(pc.equal(played.labels["role"], "attack"))
        ids = labels["event_id"].combine_chunks()
        ordered = pc.is_in(table["event_id"], value_set=ids)
        # A like whose item the log has lost serves nobody.
        rows = table.filter(pc.and_(ordered, pc.is_valid(table["item_id"])))
        likes = measure(replace(self.history, table=table))
        place_of = index_of(likes.event_id, rows["event_id"].combine_chunks())
        order = labels["order"].to_numpy()[_index(ids, rows["event_id"])]
        item = rows["item_id"].combine_chunks().dictionary_encode().indices.to_numpy()
        apart = rows["campaign_id"].is_valid().to_numpy()
        trials = []
        for number, one in enumerate(orders):
            mine = (order == number) & (place_of >= 0)
            own = likes.at(place_of[mine])
            trials.append(Trial(one, own, item[mine].astype(np.int64), apart[mine]))
        return trials


def _index(known: pa.Array, wanted: pa.ChunkedArray) -> NDArray[np.int64]:
    place = pc.index_in(wanted.combine_chunks(), value_set=known)
    return np.asarray(place.to_numpy(zero_copy_only=False), np.int64)
