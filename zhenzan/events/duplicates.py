"""Remembers event ids, so that an interaction that is delivered twice counts once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.events.hashing import U64
from zhenzan.kernel import prefetch

NEW, REPEATED, CONFLICTING = 0, 1, 2

_WITHDRAWN = np.uint64(0)
"""Content of an id that was taken back: it counts as never seen."""

# Below this many ids a generation is not put away, however old it is: 16 MiB are no burden.
_GENERATION_IDS_MIN = 1 << 19
_FIRST_SLOTS = 1 << 12

_AHEAD = 16
"""Rows ahead whose places are asked for, so that the waits for memory overlap."""

_GUESSES = 3
_SPAN = 18446744073709551616.0  # 2^64, as ids are hashes

_I8 = NDArray[np.int8]


@njit(cache=True, nogil=True)
def _look_up(slots: U64, ids: U64, contents: U64, verdicts: _I8) -> None:
    """Mark the new rows whose id stands in an older generation."""
    mask = np.uint64(slots.shape[0] // 2 - 1)
    two, one = np.uint64(2), np.uint64(1)
    for i in range(ids.shape[0]):
        at = ids[i] & mask
        while slots[two * at] != np.uint64(0):
            if slots[two * at] == ids[i]:
                if slots[two * at + one] != _WITHDRAWN:
                    verdicts[i] = 1 if slots[two * at + one] == contents[i] else 2
                break
            at = (at + one) & mask


@njit(cache=True, nogil=True)
def _insert(slots: U64, ids: U64, contents: U64, verdicts: _I8) -> int:
    """Add the new rows to the youngest generation; mark those that are in it already."""
    mask = np.uint64(slots.shape[0] // 2 - 1)
    two, one = np.uint64(2), np.uint64(1)
    added = 0
    for i in range(ids.shape[0]):
        if verdicts[i] != 0:
            continue
        at = ids[i] & mask
        while True:
            seen = slots[two * at]
            if seen == np.uint64(0):
                slots[two * at] = ids[i]
                slots[two * at + one] = contents[i]
                added += 1
                break
            if seen == ids[i]:
                if slots[two * at + one] == _WITHDRAWN:
                    slots[two * at + one] = contents[i]
                else:
                    verdicts[i] = 1 if slots[two * at + one] == contents[i] else 2
                break
            at = (at + one) & mask
    return added


@njit(cache=True, nogil=True)
def _withdraw(slots: U64, ids: U64) -> None:
    mask = np.uint64(slots.shape[0] // 2 - 1)
    two, one = np.uint64(2), np.uint64(1)
    for i in range(ids.shape[0]):
        at = ids[i] & mask
        while slots[two * at] != np.uint64(0):
            if slots[two * at] == ids[i]:
                slots[two * at + one] = _WITHDRAWN
                break
            at = (at + one) & mask


@njit(cache=True, nogil=True)
def _grow(old: U64, new: U64) -> None:
    mask = np.uint64(new.shape[0] // 2 - 1)
    two, one = np.uint64(2), np.uint64(1)
    for i in range(old.shape[0] // 2):
        if old[2 * i] == np.uint64(0):
            continue
        at = old[2 * i] & mask
        while new[two * at] != np.uint64(0):
            at = (at + one) & mask
        new[two * at] = old[2 * i]
        new[two * at + one] = old[2 * i + 1]


@njit(cache=True, nogil=True)
def _look_up_run(run: U64, ids: U64, contents: U64, verdicts: _I8) -> None:
    """Look the new rows up in a sorted run of pairs.

    Hashes are spread evenly, so the place of one can be guessed from its size, and better from
    how far it lies from what stood there: a look-up touches three or four pages of the file
    instead of twenty.
    """
    rows = run.shape[0] // 2
    density = rows / _SPAN
    for i in range(ids.shape[0]):
        if i + _AHEAD < ids.shape[0]:
            later = np.float64(ids[i + _AHEAD])
            prefetch(run, 2 * np.int64(later * density))  # type: ignore[call-arg]
        if verdicts[i] != 0:
            continue
        wanted, seen, at = np.float64(ids[i]), 0.0, 0
        for _ in range(_GUESSES):
            at = min(max(at + np.int64((wanted - seen) * density), 0), rows - 1)
            seen = np.float64(run[2 * at])
        step = 1
        low, high = at, at
        while low > 0 and run[2 * low] > ids[i]:
            low = max(0, low - step)
            step *= 2
        step = 1
        while high < rows - 1 and run[2 * high] < ids[i]:
            high = min(rows - 1, high + step)
            step *= 2
        while low < high:
            middle = (low + high) // 2
            if run[2 * middle] < ids[i]:
                low = middle + 1
            else:
                high = middle
        if run[2 * low] == ids[i] and run[2 * low + 1] != _WITHDRAWN:
            verdicts[i] = 1 if run[2 * low + 1] == contents[i] else 2


@njit(cache=True, nogil=True)
def _merge(left: U64, right: U64, out: U64) -> None:
    a, b = 0, 0
    for k in range(out.shape[0] // 2):
        take_left = b >= right.shape[0] or (a < left.shape[0] and left[a] <= right[b])
        if take_left:
            out[2 * k], out[2 * k + 1] = left[a], left[a + 1]
            a += 2
        else:
            out[2 * k], out[2 * k + 1] = right[b], right[b + 1]
            b += 2


class _Generation:
    """The ids of one stretch of event time."""

    def __init__(self, start_us: int) -> None:
        self.start_us = start_us
        self.count = 0
        self.slots = np.zeros(2 * _FIRST_SLOTS, np.uint64)

    def make_room(self, coming: int) -> None:
        slots = self.slots.shape[0] // 2
        if 2 * (self.count + coming) <= slots:
            return
        while slots < 2 * (self.count + coming):
            slots *= 2
        larger = np.zeros(2 * slots, np.uint64)
        _grow(self.slots, larger)
        self.slots = larger


class Duplicates:
    """Says for each row whether its id is new, repeated, or used for something else before.

    Ids of the last ``memory_us`` of event time stand in memory; older ones are put away as
    sorted 16-byte pairs in files that the system maps and may drop from memory at any time.
    Every id of a log is checked against all of them, so an answer never depends on the horizon.

    Parameters
    ----------
    memory_us
        How long ids stand in memory.
    folder
        Where ids are put away.
    generation_ids_max
        Ids of one generation, of which up to four stand in memory; None for no bound.
    """

    def __init__(
        self, *, memory_us: int, folder: Path, generation_ids_max: int | None = None
    ) -> None:
        self._span_us = max(memory_us // 2, 1)
        self._folder = folder
        self._ids_max = generation_ids_max
        self._generations: list[_Generation] = []
        self._runs: list[Path] = []
        self._maps: list[NDArray[np.uint64]] = []
        self._made = 0

    @property
    def state_bytes(self) -> int:
        """Measure the memory held, in bytes."""
        return sum(generation.slots.nbytes for generation in self._generations)

    def check(self, ids: U64, contents: U64, *, newest_us: int) -> _I8:
        """Give a verdict for each row, in order; the first row with an id is the new one."""
        verdicts = np.zeros(len(ids), np.int8)
        contents = np.maximum(contents, np.uint64(1))
        self._turn(newest_us)
        for generation in self._generations[:-1]:
            _look_up(generation.slots, ids, contents, verdicts)
        for run in self._maps:
            _look_up_run(run, ids, contents, verdicts)
        youngest = self._generations[-1]
        youngest.make_room(len(ids))
        youngest.count += _insert(youngest.slots, ids, contents, verdicts)
        return verdicts

    def withdraw(self, ids: U64) -> None:
        """Take back ids that the last ``check`` found new: what they stood for was not kept."""
        _withdraw(self._generations[-1].slots, ids)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """List what stands in memory as named arrays, for a checkpoint; see ``put_away``."""
        turns = [(one.start_us, one.count) for one in self._generations]
        state: dict[str, NDArray[Any]] = {"turns": np.array(turns, np.int64).reshape(-1, 2)}
        state |= {f"slots/{i}": one.slots for i, one in enumerate(self._generations)}
        return state

    @property
    def put_away(self) -> list[str]:
        """Name the files of the folder that a checkpoint needs beside ``arrays``."""
        return [path.name for path in self._runs]

    def put_back(self, state: Mapping[str, NDArray[Any]], put_away: Sequence[str]) -> None:
        """Replace everything by what ``arrays`` and ``put_away`` gave."""
        self._generations = []
        for place, (start_us, count) in enumerate(state["turns"].tolist()):
            generation = _Generation(start_us)
            generation.count, generation.slots = count, state[f"slots/{place}"]
            self._generations.append(generation)
        self._runs, self._maps = [], []
        for name in put_away:
            self._map(self._folder / name)

    def sweep(self, kept: Collection[str]) -> None:
        """Remove the files of the folder that are neither in use nor in ``kept``."""
        for path in self._folder.glob("ids-*.u64"):
            if path.name not in kept and path not in self._runs:
                path.unlink()

    def _turn(self, newest_us: int) -> None:
        """Begin a new generation when the youngest is old and large enough, or full."""
        if not self._generations:
            self._generations.append(_Generation(newest_us))
            return
        youngest = self._generations[-1]
        is_old = newest_us - youngest.start_us >= self._span_us
        is_full = self._ids_max is not None and youngest.count >= self._ids_max
        if not is_full and (not is_old or youngest.count < _GENERATION_IDS_MIN):
            return
        self._generations.append(_Generation(newest_us))
        if len(self._generations) > 3:
            self._put_away(self._generations.pop(0))

    def _put_away(self, generation: _Generation) -> None:
        pairs = generation.slots.reshape(-1, 2)
        pairs = pairs[pairs[:, 0] != 0]
        pairs = pairs[np.argsort(pairs[:, 0])]
        self._add_run(np.ascontiguousarray(pairs).reshape(-1))
        # Runs of like size are merged, so that their number grows with the logarithm of the log.
        while len(self._maps) > 1 and 2 * len(self._maps[-1]) >= len(self._maps[-2]):
            left, right = self._maps[-2], self._maps[-1]
            path = self._next_path()
            out = np.memmap(path, np.uint64, "w+", shape=(len(left) + len(right),))
            _merge(left, right, out)
            out.flush()
            del out, left, right
            for _ in range(2):
                self._maps.pop()
                merged = self._runs.pop()
                # A checkpoint may still name it: then ``sweep`` removes it.
                if self._ids_max is None:
                    merged.unlink()
            self._map(path)

    def _add_run(self, pairs: U64) -> None:
        path = self._next_path()
        pairs.tofile(path)
        self._map(path)

    def _map(self, path: Path) -> None:
        self._runs.append(path)
        self._maps.append(np.memmap(path, np.uint64, "r"))

    def _next_path(self) -> Path:
        self._made += 1
        while (path := self._folder / f"ids-{self._made:05d}.u64").exists():
            self._made += 1
        return path
