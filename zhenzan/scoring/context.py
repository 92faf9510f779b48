"""What the company of a like says: its item's, its account's and its device's other likes.

A bought item stays visible when its workers are too many to be known one by one (rotating
pools), so evidence is pooled: how inauthentic the *other* likes of the same item, account or
device look on evidence of other families. The like itself never speaks for itself, and a like
with good evidence of its own keeps it: pooling moves the prior, it does not decide.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.arrays import grown
from zhenzan.clock import HOUR_US

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

SHIFT_MAX = 3.0
SHIFT_MIN = -1.0
POOLED_LIKES = {"item": 8.0, "account": 4.0, "device": 4.0}
"""Likes that the prior is worth in each pool: few where keys have few likes."""

_HALF_LIFE_US = 12 * HOUR_US

GRAIN = 2.0**24
"""Probabilities are rounded to this grain, so that their sums are exact in any order."""


def logit(probability: float) -> float:
    """Turn a probability into log odds."""
    return float(np.log(probability / (1.0 - probability)))


def sigmoid(nats: F64) -> F64:
    """Turn log odds into probabilities."""
    return 1.0 / (1.0 + np.exp(-np.clip(nats, -40.0, 40.0)))


def grained(probability: F64) -> F64:
    """Round probabilities to the grain at which their sums are exact."""
    return np.round(probability * GRAIN) / GRAIN


def shift(suspected: F64, likes: F64, *, prior: float, weight: float) -> F64:
    """Turn the suspected among some likes into a change of the log odds.

    Parameters
    ----------
    suspected
        Sum of the probabilities of the other likes.
    likes
        Their number.
    weight
        Likes that the prior is worth.
    """
    pooled = (suspected + weight * prior) / (likes + weight)
    return np.clip(np.log(pooled / (1.0 - pooled)) - logit(prior), SHIFT_MIN, SHIFT_MAX)


class RunningContext:
    """Pool by one key as likes arrive: strictly earlier likes, fading with a 12 h half-life."""

    def __init__(self) -> None:
        self._us = np.zeros(0, np.int64)
        self._sums = np.zeros((0, 6))

    def update(self, ts: I64, key: I32, probability: F64) -> tuple[F64, F64]:
        """Return (suspected, likes) before each like, then take the likes in."""
        suspected, likes, _ = self.update_with_most(ts, key, probability)
        return suspected, likes

    def update_with_most(self, ts: I64, key: I32, probability: F64) -> tuple[F64, F64, F64]:
        """Return (suspected, likes, most) before each like, then take the likes in.

        ``most`` is the greatest probability of an earlier like, each faded by its age.
        """
        self._us = grown(self._us, int(key.max(initial=-1)) + 1)
        self._sums = grown(self._sums, int(key.max(initial=-1)) + 1)
        suspected, likes, most = np.zeros((3, len(ts)))
        _running(ts, key, probability, suspected, likes, most, self._us, self._sums)
        return suspected, likes, most

    def forget(self, key: I32) -> None:
        """Forget keys, so that their codes can stand for others."""
        key = key[key < len(self._us)]
        self._us[key] = 0
        self._sums[key] = 0.0


def pooled_around(
    ts: I64, key: I32, probability: F64, *, order: I64, reach_us: int
) -> tuple[F64, F64]:
    """Return (suspected, likes) of the other likes with the same key within ``reach_us``.

    Parameters
    ----------
    order
        Positions that sort the likes by (key, ts).
    """
    suspected = np.zeros(len(ts))
    likes = np.zeros(len(ts))
    _around(ts, key, probability, order, reach_us, suspected, likes)
    return suspected, likes


def most_around(ts: I64, key: I32, probability: F64, *, order: I64, reach_us: int) -> F64:
    """Return the greatest probability of the other likes with the same key within ``reach_us``.

    Zero where there is no other. Parameters as in `pooled_around`.
    """
    most = np.zeros(len(ts))
    queue = np.empty(len(order), np.int64)
    _most(ts, key, probability, order, reach_us, most, queue)
    _most(-ts, key, probability, order[::-1].copy(), reach_us, most, queue)
    return most


@njit(cache=True, nogil=True)
def _running(ts, key, probability, suspected, likes, most, us, sums):
    for like in range(len(ts)):
        code = key[like]
        if code < 0:
            continue
        cell = sums[code]
        if ts[like] != us[code]:
            fade = 0.5 ** ((ts[like] - us[code]) / _HALF_LIFE_US) if us[code] else 0.0
            cell[0] = (cell[0] + cell[2]) * fade
            cell[1] = (cell[1] + cell[3]) * fade
            cell[4] = max(cell[4], cell[5]) * fade
            cell[2] = 0.0
            cell[3] = 0.0
            cell[5] = 0.0
            us[code] = ts[like]
        suspected[like] = cell[0]
        likes[like] = cell[1]
        most[like] = cell[4]
        cell[2] += probability[like]
        cell[3] += 1.0
        cell[5] = max(cell[5], probability[like])


@njit(cache=True, nogil=True)
def _around(ts, key, probability, order, reach_us, suspected, likes):
    rows = len(order)
    low = 0
    high = 0
    total = 0.0
    for place in range(rows):
        like = order[place]
        code = key[like]
        if code < 0:
            continue
        if place == 0 or key[order[place - 1]] != code:
            low = place
            high = place
            total = 0.0
        while high < rows and key[order[high]] == code and ts[order[high]] - ts[like] <= reach_us:
            total += probability[order[high]]
            high += 1
        while ts[like] - ts[order[low]] > reach_us:
            total -= probability[order[low]]
            low += 1
        suspected[like] = max(0.0, total - probability[like])
        likes[like] = high - low - 1


@njit(cache=True, nogil=True)
def _most(ts, key, probability, order, reach_us, most, queue):
    """Raise ``most`` to the greatest probability among the likes that come before in the order.

    The queue holds likes of falling probability, so that its first one is the greatest in reach.
    """
    head = 0
    tail = 0
    for place in range(len(order)):
        like = order[place]
        if key[like] < 0:
            continue
        if place == 0 or key[order[place - 1]] != key[like]:
            head = 0
            tail = 0
        while head < tail and ts[like] - ts[queue[head]] > reach_us:
            head += 1
        if head < tail:
            most[like] = max(most[like], probability[queue[head]])
        while head < tail and probability[queue[tail - 1]] <= probability[like]:
            tail -= 1
        queue[tail] = like
        tail += 1
