"""Pairs of accounts that keep liking the same items at about the same time.

The per-like evidence of methods such as CopyCatch and SynchroTrap, kept as a ledger of pairs: a
coincidence counts from its second shop on, because the fans of one shop gather at each of its
items, and who came first is kept as a sign, because a victim shadowed by bots is always first
(design.md, safety rule 10).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.arrays import grown, peers_by
from zhenzan.clock import DAY_US, MINUTE_US
from zhenzan.traces.filter import TwoWeekFilter, mark
from zhenzan.traces.order import by_key, tick_end
from zhenzan.traces.pair import EMPTY, find, mix, pair_key
from zhenzan.traces.review import review

WINDOW_US = 10 * MINUTE_US
_RING = 32
_NEAREST_MIN = 4
_RATE_MEMORY_US = 12 * 60 * MINUTE_US
_RATE_AGE_MIN_US = 6 * 60 * MINUTE_US
_PAIRS_MIN = 1 << 16
_WEEK_US = 7 * DAY_US
_MEMORY_WEEKS = 4
_NEVER_US = 1 << 62
_WAITING = {
    "ts": np.int64, "item": np.int32, "account": np.int32, "place": np.int64, "done": np.bool_,
}  # fmt: skip

_MET, _SIGN, _WEEK, _MET_IN_SHOP = range(4)

SIGNALS = ("partners", "partner_likes", "led_share", "partners_in_shop")


class CoLikeTrace:
    """Keep, per item, a ring of recent likers and, per pair of accounts, their coincidences.

    For each like, four float64 signals at the moment it arrives:

    - ``partners``: accounts that liked this item within 10 min before and had done so on items
      of at least two other shops before;
    - ``partner_likes``: those earlier coincidences, one per shop, at most 8 counted per partner;
    - ``led_share``: share of these coincidences in which this account came first;
    - ``partners_in_shop``: accounts that liked this item within 10 min before and had done so on
      several items before, but of one shop only.

    Where a log names no owner of an item, each item stands for a shop of its own. Another like of
    an account on the same item is no coincidence.

    The ring holds the last 32 likers of an item, so one hot item costs no more than any other,
    and only as many of them are paired as the item's usual rate (12 h memory) does not explain.
    A pair's first coincidence, and its first in each shop, only mark a filter (two halves
    of 32 MiB, one renewed each week); from the second on it has exact counters, 24 bytes
    in a table half full.
    At the turn of a week, counted in event time, pairs at rest for four whole weeks are let go;
    likes as old as that are reviewed first. Each like holds 32 bytes until ``review``, and 25
    more while it waits for its review; with ``reviews=False`` nothing is kept for a review, and
    none can be asked for.

    Known false positives: a fan club that gathers when its artist posts; members of one
    household; heavy users of one feed. None of them is excluded on this evidence alone.
    """

    def __init__(self, *, window_us: int = WINDOW_US, reviews: bool = True) -> None:
        self._window_us = window_us
        self._reviews = reviews
        self._slot = np.zeros(0, np.int32)
        self._ring_account = np.zeros((0, _RING), np.int32)
        self._ring_us = np.zeros((0, _RING), np.int64)
        self._head = np.zeros(0, np.int32)
        self._rate = np.zeros((0, 2))
        self._used = 0
        self._filter = TwoWeekFilter()
        self._pairs = np.full(_PAIRS_MIN, EMPTY, np.int64)
        self._values = np.zeros((_PAIRS_MIN, 4), np.int32)
        self._pairs_used = 0
        self._epoch = -1
        self._waiting: dict[str, NDArray[Any]] = {
            name: np.zeros(0, kind) for name, kind in _WAITING.items()
        }
        self._fresh: list[dict[str, NDArray[Any]]] = []
        self._reviewed = np.zeros((0, len(SIGNALS)))
        self._count = 0

    def update(
        self,
        ts: NDArray[np.int64],
        item: NDArray[np.int32],
        account: NDArray[np.int32],
        merchant: NDArray[np.int32],
    ) -> dict[str, NDArray[np.float64]]:
        """Take in likes in time order and answer for each from what was known before it."""
        order = peers_by(ts, item, account)
        ts, item, account, merchant = (column[order] for column in (ts, item, account, merchant))
        self._grow(item)
        if self._reviews:
            self._keep(ts, item, account, place=self._count + order)
        answers = np.zeros((len(ts), len(SIGNALS)))
        row = 0
        while row < len(ts):
            self._turn(int(ts[row]))
            self._make_room()
            row, self._used, self._pairs_used, self._epoch = _update(
                row, ts, item, account, merchant, answers, self._slot, self._ring_account,
                self._ring_us, self._head, self._rate, self._used, self._filter.words, self._pairs,
                self._values, self._pairs_used, self._epoch, self._window_us,
            )  # fmt: skip
        out = np.empty_like(answers)
        out[order] = answers
        return {name: out[:, column] for column, name in enumerate(SIGNALS)}

    def _keep(
        self,
        ts: NDArray[np.int64],
        item: NDArray[np.int32],
        account: NDArray[np.int32],
        *,
        place: NDArray[np.int64],
    ) -> None:
        """Keep likes for their review."""
        done = np.zeros(len(ts), np.bool_)
        self._fresh.append(dict(zip(_WAITING, (ts, item, account, place, done), strict=True)))
        self._count += len(ts)

    def review(self) -> dict[str, NDArray[np.float64]]:
        """Answer again for all likes, in the order in which they came, in both directions.

        A partner is an account whose like of the item lies within the window before *or after*
        and with which at least two coincidences are on record, now or four weeks after the like,
        whichever comes first; pairs in which this account nearly always came first do not count
        against it.
        """
        assert self._reviews, "nothing was kept for a review"
        self._review_before(_NEVER_US)
        return {name: self._reviewed[: self._count, k] for k, name in enumerate(SIGNALS)}

    @property
    def pairs_count(self) -> int:
        """Count the pairs on record."""
        return self._pairs_used

    def _review_before(self, before_us: int) -> None:
        """Review the likes before a time; those around it stay to be seen by their neighbours."""
        parts = [self._waiting, *self._fresh]
        waiting = {name: np.concatenate([part[name] for part in parts]) for name in _WAITING}
        self._fresh = []
        seen = np.flatnonzero(waiting["ts"] < before_us + self._window_us)
        order = seen[by_key(waiting["ts"][seen], waiting["item"][seen])]
        out = np.zeros((len(order), len(SIGNALS)))
        review(
            waiting["ts"][order], waiting["item"][order], waiting["account"][order], out,
            self._pairs, self._values[:, _MET], self._values[:, _SIGN], _RING, self._window_us,
        )  # fmt: skip
        self._reviewed = grown(self._reviewed, self._count)
        due = (waiting["ts"][order] < before_us) & ~waiting["done"][order]
        self._reviewed[waiting["place"][order[due]]] = out[due]
        waiting["done"][order[due]] = True
        kept = waiting["ts"] >= before_us - self._window_us
        self._waiting = {name: values[kept] for name, values in waiting.items()}

    def _grow(self, item: NDArray[np.int32]) -> None:
        rows = int(item.max(initial=-1)) + 1
        self._slot = grown(self._slot, rows, fill=-1)
        need = self._used + len(np.unique(item[item >= 0]))
        self._ring_account = grown(self._ring_account, need, fill=-1)
        self._ring_us = grown(self._ring_us, need)
        self._head = grown(self._head, need)
        self._rate = grown(self._rate, need)

    def _turn(self, now_us: int) -> None:
        """Once a week of event time, renew half of the filter and let pairs at rest go."""
        epoch = now_us // _WEEK_US
        if self._epoch < 0:
            self._epoch = epoch
        if self._epoch >= epoch:
            return
        while self._epoch < epoch:
            self._epoch = max(self._epoch + 1, epoch - 1)
            self._filter.renew(self._epoch)
        oldest = epoch - _MEMORY_WEEKS
        if np.any((self._pairs != EMPTY) & (self._values[:, _WEEK] < oldest)):
            if self._reviews:
                self._review_before(oldest * _WEEK_US)
            self._rebuild(oldest)

    def _make_room(self) -> None:
        if self._pairs_used * 2 >= len(self._pairs):
            self._rebuild(0)

    def _rebuild(self, oldest: int) -> None:
        """Move the pairs that met in a week from ``oldest`` on into a table a quarter full."""
        kept = int(np.count_nonzero((self._pairs != EMPTY) & (self._values[:, _WEEK] >= oldest)))
        room = max(_PAIRS_MIN, 1 << (4 * kept - 1).bit_length())
        pairs = np.full(room, EMPTY, np.int64)
        values = np.zeros((room, 4), np.int32)
        self._pairs_used = _rehash(self._pairs, self._values, pairs, values, oldest)
        self._pairs, self._values = pairs, values


@njit(cache=True, nogil=True)
def _rehash(pairs, values, new_pairs, new_values, oldest):
    used = 0
    for old in range(len(pairs)):
        if pairs[old] != EMPTY and values[old, _WEEK] >= oldest:
            slot = find(new_pairs, pairs[old])
            new_pairs[slot] = pairs[old]
            new_values[slot] = values[old]
            used += 1
    return used


@njit(cache=True, nogil=True)
def _update(
    row, ts, item, account, merchant, out, slot, ring_account, ring_us, head, rate, used, seen,
    pairs, values, pairs_used, epoch, window_us,
):  # fmt: skip
    rows = len(ts)
    is_again = np.zeros(rows, np.bool_)
    while row < rows:
        # One tick can add at most its rows times the ring; leave before the table is too full.
        if pairs_used * 2 >= len(pairs) or ts[row] // _WEEK_US > epoch:
            break
        now = ts[row]
        end = tick_end(ts, row)
        for like in range(row, end):
            if item[like] < 0 or account[like] < 0:
                continue
            ring = slot[item[like]]
            if ring >= 0:
                _answer(like, now, account[like], out, ring_account[ring], ring_us[ring], pairs,
                        values, window_us)  # fmt: skip
        low = row
        while low < end:
            # Peers stand side by side by item, and those of one account beside each other.
            high = low + 1
            while high < end and item[high] == item[low]:
                high += 1
            while low < high and (item[low] < 0 or account[low] < 0):
                low += 1
            if low == high:
                continue
            ring = slot[item[low]]
            if ring < 0:
                ring = used
                slot[item[low]] = ring
                used += 1
            nearest = _nearest(now, head[ring], ring_us[ring], rate[ring], high - low, window_us)
            for like in range(low, high):
                is_again[like] = like > low and account[like] == account[like - 1]
                is_again[like] |= _is_in(account[like], ring_account[ring])
                if not is_again[like]:
                    pairs_used = _meet(
                        like, low, nearest, ts, item, account, merchant, is_again, head[ring],
                        ring_account[ring], ring_us[ring], seen, pairs, values, pairs_used, epoch,
                        window_us,
                    )  # fmt: skip
            for like in range(low, high):
                if not is_again[like]:
                    _remember(now, account[like], head, ring, ring_account[ring], ring_us[ring])
            low = high
        row = end
    return row, used, pairs_used, epoch


@njit(cache=True, nogil=True, inline="always")
def _answer(like, now, account, out, ring_account, ring_us, pairs, values, window_us):
    partners = 0.0
    together = 0.0
    led = 0.0
    for place in range(_RING):
        other = ring_account[place]
        if other < 0 or other == account or now - ring_us[place] > window_us:
            continue
        slot = find(pairs, pair_key(account, other))
        if pairs[slot] == EMPTY:
            continue
        count = values[slot, _MET]
        if count == 0:
            out[like, 3] += 1.0
            continue
        # The ledger starts at the second shop, so every entry is already a repetition.
        partners += 1.0
        together += min(count, 8)
        lead = values[slot, _SIGN] if account < other else -values[slot, _SIGN]
        led += min(count, 8) * 0.5 * (1.0 + lead / count)
    out[like, 0] = partners
    out[like, 1] = together
    out[like, 2] = led / together if together else np.nan


@njit(cache=True, nogil=True, inline="always")
def _nearest(now, head, ring_us, rate, peers, window_us):
    """How many earlier likers are worth a pair: more than the item's usual rate explains.

    Peers, who always meet, take part of the room.
    """
    near = peers - 1
    for place in range(_RING):
        if ring_us[place] > 0 and now - ring_us[place] <= window_us:
            near += 1
    last = ring_us[(head + _RING - 1) % _RING]
    if rate[1] == 0.0:
        rate[1] = now
    else:
        rate[0] *= np.exp(-(now - last) / _RATE_MEMORY_US)
    age = max(now - rate[1], _RATE_AGE_MIN_US)
    usual = rate[0] * window_us / (_RATE_MEMORY_US * (1.0 - np.exp(-age / _RATE_MEMORY_US)))
    rate[0] += peers
    if near == 0:
        return 0
    excess = max(0.0, 1.0 - usual / near)
    return min(near, max(_NEAREST_MIN, int(_RING * excess))) - (peers - 1)


@njit(cache=True, nogil=True, inline="always")
def _remember(now, account, head, ring, ring_account, ring_us):
    """Put a liker into the ring; likers of one time leave it together."""
    place = head[ring]
    oldest = ring_us[place]
    if oldest == now and ring_account[place] >= 0:
        return
    ring_account[place] = account
    ring_us[place] = now
    place = head[ring] = (place + 1) % _RING
    while ring_us[place] == oldest and oldest > 0:
        ring_account[place] = -1
        ring_us[place] = 0
        place = (place + 1) % _RING


@njit(cache=True, nogil=True, inline="always")
def _is_in(account, ring_account):
    found = False
    for place in range(_RING):
        found |= ring_account[place] == account
    return found


@njit(cache=True, nogil=True)
def _meet(
    like, first, nearest, ts, item, account, merchant, is_again, head, ring_account, ring_us, seen,
    pairs, values, pairs_used, epoch, window_us,
):  # fmt: skip
    """Pair a like with the peers before it and with as many earlier ones as are left to pair."""
    now, own = ts[like], account[like]
    shop = merchant[like] if merchant[like] >= 0 else -2 - item[like]
    for peer in range(max(first, like - _RING + 1), like):
        if not is_again[peer]:
            pairs_used = _coincide(
                own, account[peer], 0, shop, seen, pairs, values, pairs_used, epoch
            )  # fmt: skip
    earlier = 0
    edge = now
    for back in range(1, _RING + 1):
        place = (head + _RING - back) % _RING
        other = ring_account[place]
        # Likers of one time are near or far together.
        earlier += 1
        if earlier > nearest and ring_us[place] != edge:
            break
        edge = ring_us[place]
        if other < 0 or now - edge > window_us:
            continue
        # +1 when the lower code led; only a late like comes before what the ring holds.
        sign = 0
        if edge < now:
            sign = 1 if other < own else -1
        pairs_used = _coincide(own, other, sign, shop, seen, pairs, values, pairs_used, epoch)
    return pairs_used


@njit(cache=True, nogil=True, inline="always")
def _coincide(account, other, sign, shop, seen, pairs, values, pairs_used, epoch):
    key = pair_key(account, other)
    slot = find(pairs, key)
    # No shop hashes to 0, so that a pair in a shop is never the mark of another pair.
    again = mark(seen, key ^ np.int64(mix(np.int64(2 * shop + 1))), epoch)
    if pairs[slot] == EMPTY:
        known = mark(seen, key, epoch)
        if not known or pairs_used * 4 >= len(pairs) * 3:
            return pairs_used
        pairs[slot] = key
        pairs_used += 1
    if again:
        values[slot, _MET_IN_SHOP] += 1
    else:
        values[slot, _MET] += 1
        values[slot, _SIGN] += sign
    values[slot, _WEEK] = max(values[slot, _WEEK], np.int32(epoch))
    return pairs_used


__all__ = ["SIGNALS", "WINDOW_US", "CoLikeTrace"]
