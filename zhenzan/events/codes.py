"""Stands a small number for every string, so that state can live in plain arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from zhenzan.arrays import grown
from zhenzan.events.hashing import U64, hash_strings, string_buffers

_I32 = NDArray[np.int32]
_I64 = NDArray[np.int64]
_EMPTY = np.uint64(0)
_TOMB = np.uint64(1)
_FIRST_SLOTS = 1 << 10


@njit(cache=True, nogil=True)
def _encode(
    slots: U64, hashes: U64, codes: _I32, free: _I32, state: NDArray[np.int64], fresh: _I64
) -> None:
    """Look up or add every hash; ``slots`` holds pairs (hash, code), ``state`` the counters.

    ``state``: codes ever used, codes on the free list, live keys, new codes in this call.
    """
    mask = np.uint64(slots.shape[0] // 2 - 1)
    for i in range(hashes.shape[0]):
        h = hashes[i]
        if h == _EMPTY:
            codes[i] = -1
            continue
        if h == _TOMB:
            h = np.uint64(2)
        at = h & mask
        grave = np.int64(-1)
        while True:
            seen = slots[np.uint64(2) * at]
            if seen == h:
                codes[i] = np.int32(slots[np.uint64(2) * at + np.uint64(1)])
                break
            if seen == _TOMB and grave < 0:
                grave = np.int64(at)
            if seen == _EMPTY:
                if state[1] > 0:
                    state[1] -= 1
                    code = free[state[1]]
                else:
                    code = np.int32(state[0])
                    state[0] += 1
                put = np.uint64(grave) if grave >= 0 else at
                if grave < 0:
                    state[4] += 1
                slots[np.uint64(2) * put] = h
                slots[np.uint64(2) * put + np.uint64(1)] = np.uint64(code)
                state[2] += 1
                fresh[state[3]] = i
                state[3] += 1
                codes[i] = code
                break
            at = (at + np.uint64(1)) & mask


@njit(cache=True, nogil=True)
def _find(slots: U64, hashes: U64, codes: _I32) -> None:
    mask = np.uint64(slots.shape[0] // 2 - 1)
    for i in range(hashes.shape[0]):
        h = np.uint64(2) if hashes[i] == _TOMB else hashes[i]
        codes[i] = -1
        if h == _EMPTY:
            continue
        at = h & mask
        while slots[np.uint64(2) * at] != _EMPTY:
            if slots[np.uint64(2) * at] == h:
                codes[i] = np.int32(slots[np.uint64(2) * at + np.uint64(1)])
                break
            at = (at + np.uint64(1)) & mask


@njit(cache=True, nogil=True)
def _rehash(old: U64, new: U64) -> None:
    mask = np.uint64(new.shape[0] // 2 - 1)
    for i in range(old.shape[0] // 2):
        h = old[2 * i]
        if h <= _TOMB:  # an empty slot or a grave
            continue
        at = h & mask
        while new[np.uint64(2) * at] != _EMPTY:
            at = (at + np.uint64(1)) & mask
        new[np.uint64(2) * at] = h
        new[np.uint64(2) * at + np.uint64(1)] = old[2 * i + 1]


@njit(cache=True, nogil=True)
def _bury(slots: U64, hashes: U64) -> None:
    mask = np.uint64(slots.shape[0] // 2 - 1)
    for i in range(hashes.shape[0]):
        at = hashes[i] & mask
        while slots[np.uint64(2) * at] != hashes[i]:
            at = (at + np.uint64(1)) & mask
        slots[np.uint64(2) * at] = _TOMB


@njit(cache=True, nogil=True)
def _touch(last: _I64, codes: _I32, ts: _I64, floor_us: int) -> None:
    for i in range(codes.shape[0]):
        if codes[i] >= 0:
            last[codes[i]] = max(last[codes[i]], ts[i], floor_us)


class Idleness:
    """Remembers when each code was last seen, so that those at rest can be given back.

    State: 8 bytes a code.
    """

    def __init__(self) -> None:
        self._last_us = np.zeros(_FIRST_SLOTS, np.int64)

    def touch(self, codes: _I32, ts: _I64, *, floor_us: int) -> None:
        """Note codes as seen at their times, but no earlier than ``floor_us``."""
        self._last_us = grown(self._last_us, int(codes.max(initial=-1)) + 1)
        _touch(self._last_us, codes, ts, floor_us)

    def take(self, before_us: int) -> _I32:
        """Give the codes last seen before ``before_us``, and forget them here."""
        idle = np.flatnonzero((self._last_us > 0) & (self._last_us < before_us))
        self._last_us[idle] = 0
        return idle.astype(np.int32)


class _Words:
    """The strings behind codes, as one run of bytes with offsets."""

    __slots__ = ("_bytes", "_count", "_ends")

    def __init__(self) -> None:
        self._bytes = np.zeros(1 << 12, np.uint8)
        self._ends = np.zeros(_FIRST_SLOTS, np.int64)
        self._count = 0

    def append(self, words: pa.Array) -> None:
        offsets, data = string_buffers(words)
        first, last = int(offsets[0]), int(offsets[-1])
        start, count = int(self._ends[self._count]), len(words)
        self._bytes = grown(self._bytes, start + last - first)
        self._ends = grown(self._ends, self._count + count + 1)
        self._bytes[start : start + last - first] = data[first:last]
        ends = start + (offsets[1:].astype(np.int64) - first)
        self._ends[self._count + 1 : self._count + count + 1] = ends
        self._count += count

    def array(self) -> pa.Array:
        ends = self._ends[: self._count + 1]
        parts = [None, pa.py_buffer(ends), pa.py_buffer(self._bytes)]
        return pa.Array.from_buffers(pa.large_string(), self._count, parts)


class CodeTable:
    """Gives each distinct string a dense code, in order of first appearance.

    A string is known by its 64-bit hash; two of 100 million strings share a hash with a
    probability of 0.0003. Where ``keep`` is set, the strings can be had back.
    """

    def __init__(self, *, keep: bool = False) -> None:
        self._slots = np.zeros(2 * _FIRST_SLOTS, np.uint64)
        self._free = np.zeros(0, np.int32)
        # codes ever used, free codes, live keys, new in the last call, slots not empty
        self._state = np.zeros(5, np.int64)
        self._hash_of = np.zeros(_FIRST_SLOTS, np.uint64)
        self._words = _Words() if keep else None
        self.fresh = np.zeros(0, np.int64)

    def __len__(self) -> int:
        """Count the codes ever handed out; arrays indexed by code need this length."""
        return int(self._state[0])

    @property
    def live_count(self) -> int:
        """Count the codes in use: handed out and not forgotten."""
        return int(self._state[2])

    @property
    def state_bytes(self) -> int:
        """Measure the memory held, in bytes."""
        words = self._words
        kept = words._bytes.nbytes + words._ends.nbytes if words else 0
        return int(self._slots.nbytes + self._hash_of.nbytes + self._free.nbytes + kept)

    def encode(self, array: pa.Array) -> _I32:
        """Turn strings into codes; null and the empty string become -1."""
        return self.encode_hashed(hash_strings(array), lambda rows: array.take(pa.array(rows)))

    def encode_hashed(self, hashes: U64, strings: Callable[[_I64], pa.Array] | None = None) -> _I32:
        """Turn strings whose hashes are known already into codes.

        After the call ``fresh`` holds the row indexes at which new codes were handed out.

        Parameters
        ----------
        strings
            Fetches the strings of some rows; called for the new ones if strings are kept.
        """
        self._make_room(len(hashes))
        codes = np.empty(len(hashes), np.int32)
        fresh = np.empty(len(hashes), np.int64)
        self._state[3] = 0
        _encode(self._slots, hashes, codes, self._free, self._state, fresh)
        self.fresh = fresh[: self._state[3]].copy()
        if len(self.fresh):
            self._hash_of = grown(self._hash_of, len(self))
            self._hash_of[codes[self.fresh]] = np.maximum(hashes[self.fresh], np.uint64(2))
            if self._words is not None:
                assert strings is not None, "a table that keeps strings needs them"
                taken = strings(self.fresh)
                if not pa.types.is_string(taken.type):
                    taken = taken.cast(pa.string())
                self._words.append(taken)
        return codes

    def find(self, array: pa.Array) -> _I32:
        """Look strings up without adding any; -1 where the string has no code."""
        return self.find_hashed(hash_strings(array))

    def find_hashed(self, hashes: U64) -> _I32:
        """Look strings up by their hashes, as `find` does; 0 stands for no string."""
        codes = np.empty(len(hashes), np.int32)
        _find(self._slots, hashes, codes)
        return codes

    def strings(self, codes: _I32) -> pa.Array:
        """Turn codes back into strings; -1 becomes null."""
        assert self._words is not None, "this table keeps codes only"
        indices = pa.array(np.maximum(codes, 0), mask=codes < 0)
        if len(self) == 0:
            return pa.nulls(len(codes), pa.string())
        return self._words.array().take(indices).cast(pa.string())

    def forget(self, codes: _I32) -> None:
        """Take codes back; the next new strings get them. Rows that hold them are stale."""
        assert self._words is None, "codes whose strings are kept are never forgotten"
        codes = np.unique(codes[codes >= 0])[::-1].astype(np.int32)
        codes = codes[self._hash_of[codes] != 0]
        _bury(self._slots, self._hash_of[codes])
        self._hash_of[codes] = 0
        count = int(self._state[1])
        self._free = grown(self._free, count + len(codes))
        self._free[count : count + len(codes)] = codes
        self._state[1] += len(codes)
        self._state[2] -= len(codes)

    def hashes(self) -> U64:
        """View the hash behind each code; 0 where a code is forgotten."""
        return self._hash_of[: len(self)]

    def _make_room(self, coming: int) -> None:
        """Keep at most half of the slots filled, counting graves."""
        slots = self._slots.shape[0] // 2
        if 2 * (int(self._state[4]) + coming) <= slots:
            return
        needed = 2 * (int(self._state[2]) + coming)
        while slots < needed:
            slots *= 2
        larger = np.zeros(2 * slots, np.uint64)
        _rehash(self._slots, larger)
        self._slots = larger
        self._state[4] = self._state[2]
