"""Injects attacks into parts of a platform's own history, each part with attacks of its own.

The background is the platform itself: its items, its people, its day, its channels and lengths of
looks. No attack reaches over the end of a part, so nothing that is learned from one part is known
in another by its group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhenzan import clock
from zhenzan.events.schema import ACCOUNTS
from zhenzan.sim import inject
from zhenzan.sim.order import Order
from zhenzan.training.history import History, Split
from zhenzan.training.orders import draw_orders

BOUGHT_SHARE = 0.06
"""Likes that are injected, for each like of the history: in the middle of the 1 to 10 % that
platforms and studies report, so that the background stays what it is."""

_LIKES_MIN = 300


@dataclass(frozen=True, slots=True)
class Played:
    """A history with attacks in it.

    ``labels`` has one row per injected like: event_id, role (``attack`` or ``camouflage``), attack,
    stealth, order (its place in ``orders``).
    """

    history: History
    labels: pa.Table
    orders: tuple[Order, ...]


def play(
    history: History,
    split: Split,
    *,
    seed: int,
    names: Sequence[str],
    found: Sequence[Order] = (),
    share: float = BOUGHT_SHARE,
) -> Played:
    """Inject drawn attacks into every part of a history.

    Parameters
    ----------
    names
        Attacks to draw from.
    found
        Orders of a red team, played in every part as well.
    """
    parts: list[pa.Table] = []
    labels: list[pa.Table] = []
    made: list[pa.Table] = []
    orders: list[Order] = []
    ts = history.table["ts"].cast(pa.int64()).to_numpy()
    rest = np.ones(len(ts), np.bool_)
    for number, (start, end) in enumerate(split.parts.values()):
        inside = (ts >= start) & (ts < end)
        rest &= ~inside
        table = history.table.filter(pa.array(inside))
        drawn = _drawn(table, clock.generator(seed * 16 + number), names, found, share)
        played = place(
            table, drawn, before_us=end, seed=seed * 16 + number, first_order=len(orders)
        )
        orders += drawn
        parts.append(played.history.table)
        labels.append(played.labels)
        if played.history.accounts is not None:
            made.append(played.history.accounts)
    parts.append(history.table.filter(pa.array(rest)))
    table = pa.concat_tables(parts).sort_by([("ts", "ascending"), ("event_id", "ascending")])
    accounts = _side(history.accounts, made, clock.generator(seed))
    both = replace(history, table=table, accounts=accounts)
    return Played(both, pa.concat_tables(labels), tuple(orders))


def place(
    table: pa.Table, orders: Sequence[Order], *, before_us: int, seed: int, first_order: int = 0
) -> Played:
    """Inject given orders into a table; the accounts made for them are a side table.

    The simulator plays whole days; what it plays at ``before_us`` or later is left out.
    """
    if not orders or not pc.any(pc.equal(table["kind"], "like")).as_py():
        return Played(History(table), _NO_LABELS, ())
    made = inject(table, orders, seed=seed)
    inside = pc.less(made.interactions["ts"].cast(pa.int64()), before_us)
    interactions, truth = made.interactions.filter(inside), made.labels.filter(inside)
    likes = pc.equal(interactions["kind"], "like")
    ordered = pc.is_in(truth["role"], value_set=pa.array(["attack", "camouflage"]))
    chosen = pc.and_(likes, ordered)
    labels = truth.filter(chosen).select(["event_id", "role", "attack", "stealth"])
    numbers = pc.add(made.orders.filter(inside.combine_chunks()).filter(chosen), first_order)
    labels = labels.append_column("order", numbers.cast(pa.int32()))
    return Played(History(interactions, made.accounts), labels, tuple(orders))


_NO_LABELS = pa.table(
    {
        "event_id": pa.array([], pa.string()),
        "role": pa.array([], pa.string()),
        "attack": pa.array([], pa.string()),
        "stealth": pa.array([], pa.string()),
        "order": pa.array([], pa.int32()),
    }
)


def _drawn(
    table: pa.Table,
    rng: np.random.Generator,
    names: Sequence[str],
    found: Sequence[Order],
    share: float,
) -> list[Order]:
    likes = int(pc.sum(pc.equal(table["kind"], "like")).as_py() or 0)
    if not likes:
        return []
    accounts = pc.count_distinct(table["account_id"]).as_py()
    wanted = max(share * likes, min(_LIKES_MIN, likes))
    return draw_orders(rng, likes=wanted, accounts=accounts, names=names, found=found)


def _side(
    known: pa.Table | None, made: Sequence[pa.Table], rng: np.random.Generator
) -> pa.Table | None:
    """Add the accounts that were made, if the platform says when accounts were made.

    They come from its regions, as often as its own do, and say as seldom what it does not say.
    """
    if known is None or not made:
        return known
    added = pa.concat_tables(made)
    drawn = pa.array(rng.integers(0, len(known), len(added)))
    columns = [added["account_id"]]
    for name in ("created_at", "verified", "region"):
        own = known[name].combine_chunks().take(drawn)
        told = own if name == "region" else added[name].combine_chunks()
        columns.append(pc.if_else(pc.is_null(own), pa.scalar(None, own.type), told))
    return pa.concat_tables([known, pa.Table.from_arrays(columns, schema=ACCOUNTS)])
