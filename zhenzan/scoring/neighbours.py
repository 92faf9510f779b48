"""What is known of a like's neighbours in the account-item, -device and -address graphs.

Boosted trees over such aggregates match graph networks (methods.md, section 1.3). A neighbour's
score never rests on evidence of the family through which it is a neighbour, so that no evidence
comes back as its own confirmation. At once only earlier likes are neighbours, fading with the half
life of the pools; settled, those on both sides in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zhenzan.clock import DAY_US
from zhenzan.detectors.interface import Family, Likes
from zhenzan.scoring.context import (
    POOLED_LIKES,
    RunningContext,
    grained,
    logit,
    most_around,
    pooled_around,
    shift,
    sigmoid,
)
from zhenzan.traces.order import by_key

F64 = NDArray[np.float64]
Pooled = tuple[F64, F64, F64]
"""Sum of the neighbours' probabilities, their number, and the greatest of them."""


@dataclass(frozen=True, slots=True)
class Near:
    """One measure of neighbours: its name, the family it belongs to, and its sentences."""

    name: str
    family: Family
    reason: str
    reason_zh: str


def _pair(key: str, family: Family, en: str, zh: str) -> tuple[Near, Near]:
    return (
        Near(
            f"near_{key}_mean",
            family,
            f"suspicion of the other likes {en} is {{value}} nats from the usual",
            f"{zh}的其他点赞的可疑程度与通常水平相差 {{value}} nats",
        ),
        Near(
            f"near_{key}_most",
            family,
            f"the most suspicious other like {en} has probability {{value}}",
            f"{zh}的其他点赞中，最可疑者的概率为 {{value}}",
        ),
    )


NEAR: tuple[Near, ...] = (
    *_pair("item", Family.TARGET, "of this item", "该条目"),
    *_pair("account", Family.ACCOUNT, "of this account", "该账号"),
    *_pair("device", Family.NETWORK, "from this device", "该设备"),
    *_pair("block", Family.NETWORK, "from this address block", "该网段"),
    Near(
        "near_item_likers",
        Family.TARGET,
        "the record of the accounts that like this item is {value} nats from the usual",
        "点赞该条目的账号的记录与通常水平相差 {value} nats",
    ),
    Near(
        "near_device_items",
        Family.NETWORK,
        "suspicion of what else is liked from this device is {value} nats from the usual",
        "该设备点赞的其他条目的可疑程度与通常水平相差 {value} nats",
    ),
)
"""What is measured, in the order of the columns: means and maxima over direct neighbours, and two
means over neighbours of neighbours."""

_HOPS = (("item", "account"), ("device", "item"))
_BLOCK_LIKES = 8.0
_REACH_US = {"item": DAY_US // 2, "account": 7 * DAY_US, "device": DAY_US, "block": DAY_US}


class RunningNeighbours:
    """Measure neighbours as likes arrive; all of them strictly earlier than the like itself."""

    def __init__(self) -> None:
        self._block = RunningContext()
        self._hops = {key: RunningContext() for key, _ in _HOPS}

    def update(
        self, likes: Likes, company: Mapping[str, Pooled], apart: F64, *, prior: float
    ) -> NDArray[np.float32]:
        """Take in likes in time order; return one column per measure of `NEAR`, NaN if unknown.

        Parameters
        ----------
        company
            What the pools of item, account and device knew before each like.
        apart
            Probability of each like without evidence of the network.
        """
        ts = likes["ts"]
        pooled = dict(company)
        pooled["block"] = self._block.update_with_most(ts, likes["block"], apart)
        direct = {key: _means(pooled[key], key, prior) for key in _REACH_US}
        hops = []
        for key, of in _HOPS:
            total, count = self._hops[key].update(ts, likes[key], _record(direct[of]))
            hops.append(_mean(total, count))
        return _columns(direct, {key: pooled[key][2] for key in _REACH_US}, hops)

    def forget(self, device: NDArray[np.int32]) -> None:
        """Forget devices whose codes were given back."""
        self._hops["device"].forget(device)


def settled_neighbours(
    keys: Mapping[str, NDArray[np.int64]], own: F64, nats: NDArray[np.float32], *, prior: float
) -> NDArray[np.float32]:
    """Measure the neighbours of every like of a log, on both sides in time.

    Parameters
    ----------
    keys
        ``ts``, ``item``, ``account``, ``device`` and ``block``.
    own
        Log odds of each like by its own evidence.
    nats
        That evidence by family.
    """
    ts = keys["ts"]
    families = {"item": Family.TARGET, "account": Family.ACCOUNT}
    direct: dict[str, F64] = {}
    most: dict[str, F64] = {}
    orders = {key: by_key(ts, keys[key].astype(np.int32)) for key in _REACH_US}
    for key, reach_us in _REACH_US.items():
        cavity = own - nats[:, families.get(key, Family.NETWORK)]
        probability = grained(sigmoid(cavity))
        code = keys[key].astype(np.int32)
        near = pooled_around(ts, code, probability, order=orders[key], reach_us=reach_us)
        most[key] = most_around(ts, code, probability, order=orders[key], reach_us=reach_us)
        direct[key] = _means((*near, most[key]), key, prior)
    hops = []
    for key, of in _HOPS:
        code, record = keys[key].astype(np.int32), _record(direct[of])
        hops.append(_mean(*_signed(ts, code, record, orders[key], _REACH_US[key])))
    return _columns(direct, most, hops)


def _signed(
    ts: NDArray[np.int64], code: NDArray[np.int32], value: F64, order: NDArray[np.int64], reach: int
) -> tuple[F64, F64]:
    """Pool values of either sign: `pooled_around` knows probabilities, which are positive."""
    up, count = pooled_around(ts, code, np.maximum(value, 0.0), order=order, reach_us=reach)
    down, _ = pooled_around(ts, code, np.maximum(-value, 0.0), order=order, reach_us=reach)
    return up - down, count


def _means(pooled: Pooled, key: str, prior: float) -> F64:
    suspected, count, _ = pooled
    weight = POOLED_LIKES.get(key, _BLOCK_LIKES)
    moved = shift(suspected, count, prior=prior, weight=weight)
    return np.where(count > 0, moved, np.nan)


def _record(direct: F64) -> F64:
    """Take the record of a neighbour, none where it has no likes; exact to add in any order."""
    return grained(np.nan_to_num(direct))


def _mean(total: F64, count: F64) -> F64:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, total / count, np.nan)


def _columns(
    direct: Mapping[str, F64], most: Mapping[str, F64], hops: list[F64]
) -> NDArray[np.float32]:
    columns = []
    for key in _REACH_US:
        columns += [direct[key], np.where(np.isnan(direct[key]), np.nan, most[key])]
    return np.stack([*columns, *hops], axis=1).astype(np.float32)


def own_odds(prior: float, intercept: float, nats: NDArray[np.float32]) -> F64:
    """Give the log odds of likes by their own evidence, before their company speaks."""
    return np.asarray(logit(prior) + intercept + nats.sum(axis=1, dtype=np.float64))
