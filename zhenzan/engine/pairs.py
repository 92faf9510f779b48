"""Gives every pair of codes that occurs a dense code of its own."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.arrays import grown
from zhenzan.kernel import prefetch

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

MISSING, ABSENT = -1, -2
"""One part is missing; both are known but the pair was never taken in."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST_LOG2 = 10
_AHEAD = 12
_USED, _FREE, _LIVE = range(3)


@njit(cache=True, nogil=True)
def _home(packed: int, shift: int) -> int:
    return np.int64((np.uint64(packed) * _GOLDEN) >> np.uint64(shift))


@njit(cache=True, nogil=True)
def _slot_of(slots: I64, packed: int, shift: int) -> int:
    """Find the slot of a pair, or the empty one where it would go."""
    mask = np.int64(slots.size // 2 - 1)
    at = _home(packed, shift)
    while slots[2 * at] != packed and slots[2 * at] != -1:
        at = (at + 1) & mask
    return 2 * at


@njit(cache=True, nogil=True)
def _shift_of(slots: I64) -> int:
    return 64 - np.int64(np.log2(slots.size // 2) + 0.5)


@njit(cache=True, nogil=True)
def _encode(
    slots: I64, firsts: I32, seconds: I32, makes: np.ndarray, codes: I32, free: I32, counters: I64
) -> None:
    """Make new pairs first, then look the other rows up: a peer that comes later counts too."""
    shift = _shift_of(slots)
    for making in (True, False):
        for i in range(firsts.size):
            if i + _AHEAD < firsts.size and (makes[i + _AHEAD] != 0) == making:
                later = (np.int64(firsts[i + _AHEAD]) << 32) | np.int64(seconds[i + _AHEAD])
                prefetch(slots, 2 * _home(later, shift))
            if (makes[i] != 0) != making:
                continue
            if firsts[i] < 0 or seconds[i] < 0:
                codes[i] = MISSING
                continue
            packed = (np.int64(firsts[i]) << 32) | np.int64(seconds[i])
            at = _slot_of(slots, packed, shift)
            if slots[at] == packed:
                codes[i] = slots[at + 1]
            elif not making:
                codes[i] = ABSENT
            else:
                code = counters[_USED]
                if counters[_FREE] > 0:
                    counters[_FREE] -= 1
                    code = np.int64(free[counters[_FREE]])
                else:
                    counters[_USED] += 1
                counters[_LIVE] += 1
                slots[at], slots[at + 1], codes[i] = packed, code, code


@njit(cache=True, nogil=True)
def note_last(last: I64, codes: I32, ts: I64, floor: int) -> None:
    """Note when codes were last seen, no earlier than ``floor``."""
    for i in range(codes.size):
        if codes[i] >= 0:
            last[codes[i]] = max(last[codes[i]], ts[i], floor)


@njit(cache=True, nogil=True)
def _touch(last: I64, codes: I32, makes: np.ndarray, ts: I64) -> None:
    for i in range(codes.size):
        if makes[i] != 0 and codes[i] >= 0:
            last[codes[i]] = ts[i]


@njit(cache=True, nogil=True)
def _rebuild(old: I64, new: I64, gone: np.ndarray) -> None:
    shift = _shift_of(new)
    for i in range(0, old.size, 2):
        if old[i] != -1 and not gone[old[i + 1]]:
            at = _slot_of(new, old[i], shift)
            new[at], new[at + 1] = old[i], old[i + 1]


@njit(cache=True, nogil=True)
def _take_out(slots: I64, gone: np.ndarray) -> None:
    """Take pairs out where they stand, and let those that stay move up to their homes.

    It begins behind an empty slot, so that each pair finds all that stood before it in place.
    """
    shift, has_gap, start = _shift_of(slots), False, 0
    while slots[start] != -1:
        start += 2
    for step in range(2, slots.size, 2):
        at = (start + step) & (slots.size - 1)
        packed, code = slots[at], slots[at + 1]
        if packed == -1:
            has_gap = False
        elif gone[code]:
            slots[at], has_gap = -1, True
        elif has_gap:
            slots[at] = -1
            home = _slot_of(slots, packed, shift)
            slots[home], slots[home + 1] = packed, code


class PairTable:
    """Dense codes of pairs; they are taken back once a pair has been idle."""

    def __init__(self) -> None:
        self._slots = _empty(_FIRST_LOG2)
        self._free = np.zeros(0, np.int32)
        self._counters = np.zeros(3, np.int64)
        self._last = np.zeros(0, np.int64)

    def __len__(self) -> int:
        """Count the codes ever in use at once: arrays indexed by code need this length."""
        return int(self._counters[_USED])

    @property
    def state_bytes(self) -> int:
        """Measure the memory held, in bytes."""
        return self._slots.nbytes + self._free.nbytes + self._last.itemsize * len(self)

    def encode(self, firsts: I32, seconds: I32, makes: NDArray[np.uint8]) -> I32:
        """Look pairs up, and add those that are new where ``makes`` is not 0."""
        self._reserve(int(np.count_nonzero(makes)))
        codes = np.empty(len(firsts), np.int32)
        _encode(self._slots, firsts, seconds, makes, codes, self._free, self._counters)
        return codes

    def touch(self, codes: I32, makes: NDArray[np.uint8], ts: I64) -> None:
        """Note when pairs were last taken in."""
        self._last = grown(self._last, len(self))
        _touch(self._last, codes, makes, ts)

    def expire(self, before_us: int) -> I32:
        """Take back the codes of pairs last taken in before ``before_us``."""
        count = len(self)
        gone = self._last[:count] < before_us
        gone[self._free[: self._counters[_FREE]]] = False
        freed = np.flatnonzero(gone).astype(np.int32)
        if len(freed):
            gone[self._free[: self._counters[_FREE]]] = True
            self._counters[_LIVE] -= len(freed)
            self._remove(gone)
            self._free = np.concatenate([self._free[: self._counters[_FREE]], freed])
            self._counters[_FREE] = len(self._free)
        return freed

    def arrays(self) -> dict[str, NDArray[np.int64] | I32]:
        """List the arrays that a checkpoint keeps."""
        return {
            "slots": self._slots,
            "free": self._free[: self._counters[_FREE]],
            "counters": self._counters,
            "last": self._last[: len(self)],
        }

    def restore(self, arrays: dict[str, NDArray[np.int64]]) -> None:
        """Put back what ``arrays`` gave."""
        self._slots, self._counters = arrays["slots"], arrays["counters"]
        self._free, self._last = arrays["free"].astype(np.int32), arrays["last"]

    def _remove(self, gone: NDArray[np.bool_]) -> None:
        """Take pairs out, and give room back where no more than an eighth of it is in use."""
        wanted = _log2_for(2 * int(self._counters[_LIVE]))
        if 2 << wanted < self._slots.size:
            smaller = _empty(wanted)
            _rebuild(self._slots, smaller, gone)
            self._slots = smaller
        else:
            _take_out(self._slots, gone)

    def _reserve(self, rows: int) -> None:
        wanted = _log2_for(int(self._counters[_LIVE]) + rows)
        if 2 << wanted > self._slots.size:
            larger = _empty(wanted)
            _rebuild(self._slots, larger, np.zeros(len(self), np.bool_))
            self._slots = larger


def _log2_for(live: int) -> int:
    return max(_FIRST_LOG2, int(2 * live - 1).bit_length())


def _empty(slots_log2: int) -> I64:
    slots = np.empty(2 << slots_log2, np.int64)
    slots[::2] = -1
    return slots
