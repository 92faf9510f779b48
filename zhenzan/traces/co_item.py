"""Pairs of items that surprisingly many accounts like both, kept up to date as likes arrive.

The streaming form of the degree-corrected item-pair lift (methods.md, path B):
no window at all, so a drip over days and a pool that takes turns show as well, and they show
while the order is still running: the later workers of an order are known by the company that the
earlier ones have kept.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.arrays import grown, peers_by
from zhenzan.clock import DAY_US
from zhenzan.traces.filter import TwoWeekFilter, mark
from zhenzan.traces.order import tick_end
from zhenzan.traces.pair import mix, pair_key

ITEMS_MAX = 24
"""Items of one account that a new like is paired with: its latest. A limit on time per like."""

PAIRS_MAX = 1 << 24
"""Pairs of items kept at most; beyond that those that have rested longest are let go."""

_SHARED_MIN = 3
_SURPRISE_MIN = 6.0
_LIFT_MIN = 3.0
_LIFT_NATS_MAX = 6.0
_EXPECTED_MAX = 8.0
_PAIRS_FIRST = 1 << 14
_MEMORY_US = 28 * DAY_US
_EPOCH_US = 7 * DAY_US
_EPOCH_BITS = 24
_EPOCH_MASK = (1 << _EPOCH_BITS) - 1
_EMPTY = np.int64(-1)

_LIKES, _SQUARES, _OWNER_SQUARES, _PAIRS = 0, 1, 2, 3
_SAME_KIND, _OTHER_KIND, _SAME_OWNER = range(3)

SIGNALS = ("reappearing", "reappearing_items", "reappearing_in_shop")

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F64 = NDArray[np.float64]


class CoItemTrace:
    """Keep, per account, its latest liked items and, per pair of items, their common likers.

    For each like, three float64 signals at the moment it arrives, from strictly earlier likes:

    - ``reappearing``: sum of the log lifts, in nats, over the account's other items that share
      at least 3 likers with this one, at least 3 times as many as both items' popularity
      predicts, with a Poisson surprise of 6 nats or more;
    - ``reappearing_items``: how many such items there are;
    - ``reappearing_in_shop``: the same sum over the items of the same merchant, which stand
      apart: fans of a shop are no cohort.

    Another like of an account on one of its latest items is no coincidence and gets 0.

    Usual is a block model: pairs of items of one merchant, of one category and of two, each
    corrected for how often the items are liked. Pairs of two popular items (more than 8 common
    likers expected) are not kept, since a cohort shows in its rarer items. The first coincidence
    marks a filter (two halves of 32 MiB, one renewed each week); from the second on a pair
    has a counter, which is let go after 28 days of rest.

    State: 112 bytes per account with likes, 16 per item, 16 per pair in a table at most half full.

    Known false positives: a narrow interest inside a broad category, a page that recommends the
    same few items of different shops together. Source: S2-22; methods.md sections 0 and 4a.
    """

    def __init__(self) -> None:
        self._slot = np.zeros(0, np.int32)
        self._ring = np.zeros((0, ITEMS_MAX), np.int32)
        self._head = np.zeros(0, np.int32)
        self._size = np.zeros(0, np.int32)
        self._used = 0
        self._likers = np.zeros(0, np.int64)
        self._merchant = np.zeros(0, np.int32)
        self._category = np.zeros(0, np.int32)
        self._mass = np.zeros(0, np.int64)
        self._owner_mass = np.zeros(0, np.int64)
        self._totals = np.zeros(6, np.float64)
        self._filter = TwoWeekFilter()
        self._pairs = np.full((_PAIRS_FIRST, 2), _EMPTY, np.int64)
        self._pairs_used = 0
        self._epoch = -1

    def update(
        self, ts: I64, account: I32, item: I32, merchant: I32, category: I32
    ) -> dict[str, F64]:
        """Take in likes in time order and answer for each from what was known before it."""
        order = peers_by(ts, account, item)
        ts, account, item, merchant, category = (
            column[order] for column in (ts, account, item, merchant, category)
        )
        self._grow(account, item, merchant, category)
        answers = np.zeros((len(ts), len(SIGNALS)))
        row = 0
        while row < len(ts):
            self._turn(int(ts[row]))
            self._make_room()
            row, self._used, self._pairs_used = _update(
                row, ts, account, item, merchant, category, answers, self._slot, self._ring,
                self._head, self._size, self._used, self._likers, self._merchant, self._category,
                self._mass, self._owner_mass, self._totals, self._filter.words, self._pairs,
                self._pairs_used, self._epoch,
            )  # fmt: skip
        out = np.empty_like(answers)
        out[order] = answers
        return {name: out[:, column] for column, name in enumerate(SIGNALS)}

    @property
    def likes_count(self) -> int:
        """Count the likes taken in, repeated ones of an account's latest items left out."""
        return int(self._totals[_LIKES])

    @property
    def accounts_count(self) -> int:
        """Count the accounts with likes."""
        return self._used

    def latest(self, account: I32) -> I32:
        """Give the latest liked items of accounts that are known; -1 where there are fewer.

        Shape (accounts, ITEMS_MAX).
        """
        return self._ring[self._slot[account]]

    def likers(self, item: I32) -> I64:
        """Count the likes of items, over the whole stream."""
        return self._likers[item]

    def _grow(self, account: I32, item: I32, merchant: I32, category: I32) -> None:
        self._slot = grown(self._slot, int(account.max(initial=-1)) + 1, fill=-1)
        need = self._used + len(account)
        self._ring = grown(self._ring, need, fill=-1)
        self._head = grown(self._head, need)
        self._size = grown(self._size, need)
        items = int(item.max(initial=-1)) + 1
        self._likers = grown(self._likers, items)
        self._merchant = grown(self._merchant, items, fill=-1)
        self._category = grown(self._category, items, fill=-1)
        # Place 0 is that of items without a category, or without an owner.
        self._mass = grown(self._mass, int(category.max(initial=-1)) + 2)
        self._owner_mass = grown(self._owner_mass, int(merchant.max(initial=-1)) + 2)

    def _turn(self, now_us: int) -> None:
        """Renew one half of the filter each week of event time, so that it never fills up."""
        epoch = now_us // _EPOCH_US
        if self._epoch < 0:
            self._epoch = epoch
        while self._epoch < epoch:
            self._epoch = max(self._epoch + 1, epoch - 1)
            self._filter.renew(self._epoch)

    def _make_room(self) -> None:
        if self._pairs_used * 2 < len(self._pairs):
            return
        living = self._pairs[:, 0] != _EMPTY
        touched = self._pairs[:, 1] & _EPOCH_MASK
        oldest = self._epoch - _MEMORY_US // _EPOCH_US
        if self._pairs_used >= PAIRS_MAX:
            oldest = int(np.median(touched[living])) + 1
        keep = living & (touched >= oldest)
        room = _PAIRS_FIRST
        while room < 4 * int(keep.sum()):
            room *= 2
        pairs = np.full((room, 2), _EMPTY, np.int64)
        self._pairs_used = _carry_over(self._pairs, keep, pairs)
        self._pairs = pairs


@njit(cache=True, nogil=True, inline="always")
def _find(pairs, key):
    mask = np.uint64(len(pairs) - 1)
    slot = mix(key) & mask
    while pairs[slot, 0] != key and pairs[slot, 0] != _EMPTY:
        slot = (slot + np.uint64(1)) & mask
    return np.int64(slot)


@njit(cache=True, nogil=True)
def _carry_over(pairs, keep, new_pairs):
    used = 0
    for old in range(len(pairs)):
        if keep[old]:
            slot = _find(new_pairs, pairs[old, 0])
            new_pairs[slot, 0] = pairs[old, 0]
            new_pairs[slot, 1] = pairs[old, 1]
            used += 1
    return used


@njit(cache=True, nogil=True, inline="always")
def _block(first, second, owner, kind):
    if owner[first] >= 0 and owner[first] == owner[second]:
        return _SAME_OWNER
    return _SAME_KIND if kind[first] == kind[second] else _OTHER_KIND


@njit(cache=True, nogil=True, inline="always")
def _expected(first, second, block, likers, totals):
    """Common likers that popularity explains: the pairs drawn so far, spread over the shares."""
    product = np.float64(likers[first]) * np.float64(likers[second])
    # Shops may span categories, so what they take of the other two blocks is left in them.
    if block == _SAME_OWNER:
        room = totals[_OWNER_SQUARES]
    elif block == _SAME_KIND:
        room = totals[_SQUARES]
    else:
        room = totals[_LIKES] * totals[_LIKES] - totals[_SQUARES]
    return totals[_PAIRS + block] * product / max(0.5 * room, 1.0)


@njit(cache=True, nogil=True)
def _update(
    row, ts, account, item, merchant, category, out, slot, ring, head, size, used, likers, owner,
    kind, mass, owner_mass, totals, seen, pairs, pairs_used, epoch,
):  # fmt: skip
    rows = len(ts)
    entered = np.zeros(rows, np.bool_)
    drawn = np.zeros(3)
    while row < rows:
        # One tick can add at most its rows times the ring; leave before the table is too full.
        if pairs_used * 2 >= len(pairs) or ts[row] // _EPOCH_US > epoch:
            break
        end = tick_end(ts, row)
        for like in range(row, end):
            if item[like] < 0 or account[like] < 0:
                continue
            place = slot[account[like]]
            if place >= 0:
                # Before the first like of an item nothing is known of it, its owner included.
                _answer(item[like], ring[place], size[place], out[like], likers, owner, kind,
                        totals, pairs)  # fmt: skip
        for like in range(row, end):
            if item[like] < 0 or account[like] < 0:
                continue
            if slot[account[like]] < 0:
                slot[account[like]] = used
                used += 1
            owner[item[like]] = max(owner[item[like]], merchant[like])
            kind[item[like]] = max(kind[item[like]], category[like])
        # Pairs are measured against what was liked before the tick, whichever peer is first.
        drawn[:] = 0.0
        for like in range(row, end):
            if item[like] < 0 or account[like] < 0:
                continue
            entered[like], pairs_used = _enter(
                item[like], ring[slot[account[like]]], head, size, slot[account[like]], likers,
                owner, kind, totals, drawn, seen, pairs, pairs_used, epoch,
            )  # fmt: skip
        for block in range(3):
            totals[_PAIRS + block] += drawn[block]
        for like in range(row, end):
            if entered[like]:
                _count(item[like], likers, owner, kind, mass, owner_mass, totals)
        row = end
    return row, used, pairs_used


@njit(cache=True, nogil=True, inline="always")
def _answer(item, ring, size, out, likers, owner, kind, totals, pairs):
    for place in range(size):
        if ring[place] == item:
            return
    for place in range(size):
        other = ring[place]
        slot = _find(pairs, pair_key(item, other))
        if pairs[slot, 0] == _EMPTY:
            continue
        shared = np.float64(pairs[slot, 1] >> _EPOCH_BITS)
        if shared < _SHARED_MIN:
            continue
        block = _block(item, other, owner, kind)
        expected = _expected(item, other, block, likers, totals)
        if expected <= 0.0 or shared <= _LIFT_MIN * expected:
            continue
        lift = np.log(shared / expected)
        if shared * lift - shared + expected < _SURPRISE_MIN:
            continue
        if block == _SAME_OWNER:
            out[2] += min(lift, _LIFT_NATS_MAX)
        else:
            out[0] += min(lift, _LIFT_NATS_MAX)
            out[1] += 1.0


@njit(cache=True, nogil=True, inline="always")
def _enter(
    item, ring, head, size, place, likers, owner, kind, totals, drawn, seen, pairs, pairs_used,
    epoch,
):  # fmt: skip
    for near in range(size[place]):
        if ring[near] == item:
            return False, pairs_used
    for near in range(size[place]):
        other = ring[near]
        block = _block(item, other, owner, kind)
        drawn[block] += 1.0
        key = pair_key(item, other)
        slot = _find(pairs, key)
        if pairs[slot, 0] == _EMPTY:
            known = mark(seen, key, epoch)
            if not known or pairs_used * 4 >= len(pairs) * 3:
                continue
            if _expected(item, other, block, likers, totals) > _EXPECTED_MAX:
                continue
            pairs[slot, 0] = key
            pairs[slot, 1] = np.int64(1) << _EPOCH_BITS
            pairs_used += 1
        shared = pairs[slot, 1] >> _EPOCH_BITS
        pairs[slot, 1] = ((shared + 1) << _EPOCH_BITS) | epoch
    ring[head[place]] = item
    head[place] = (head[place] + 1) % ITEMS_MAX
    size[place] = min(size[place] + 1, ITEMS_MAX)
    return True, pairs_used


@njit(cache=True, nogil=True, inline="always")
def _count(item, likers, owner, kind, mass, owner_mass, totals):
    likers[item] += 1
    totals[_SQUARES] += 2.0 * mass[kind[item] + 1] + 1.0
    mass[kind[item] + 1] += 1
    if owner[item] >= 0:
        totals[_OWNER_SQUARES] += 2.0 * owner_mass[owner[item] + 1] + 1.0
        owner_mass[owner[item] + 1] += 1
    totals[_LIKES] += 1.0


__all__ = ["ITEMS_MAX", "PAIRS_MAX", "SIGNALS", "CoItemTrace"]
