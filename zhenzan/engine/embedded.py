"""The engine that scores: batches in, features out, state that follows the active keys."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from zhenzan.arrays import grown
from zhenzan.engine.interface import Columns
from zhenzan.engine.keyed import KeyedState
from zhenzan.engine.late import answer_late
from zhenzan.engine.layout import NEVER
from zhenzan.engine.pairs import PairTable, note_last
from zhenzan.engine.store import Rows
from zhenzan.events.batch import Batch, Bools
from zhenzan.features.compile import Group, Plan, compile_features, feature_hash
from zhenzan.features.library import FEATURES
from zhenzan.features.spec import CODED, Feature

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

_NO_CODES = np.zeros(0, np.int32)


class EmbeddedEngine:
    """Streams batches through kernels and keeps what windows need, per key.

    Parameters
    ----------
    features
        What to compute; the parts of a ratio may be left out if they are built in.
    threads
        How many groups of features are worked on at a time; the answers are the same.

    Examples
    --------
    >>> from zhenzan.features.library import FEATURES
    >>> engine = EmbeddedEngine([f for f in FEATURES if f.name == "item_likes_1h"])
    >>> engine.state_bytes > 0
    True
    """

    name: ClassVar[str] = "embedded"
    streams: ClassVar[bool] = True
    takes_late: ClassVar[bool] = True
    checkpoints: ClassVar[bool] = True

    def __init__(self, features: Sequence[Feature], *, threads: int = 1) -> None:
        self.plan: Plan = compile_features(features, known=FEATURES)
        self._features = tuple(features)
        needed = {feature.name: feature for group in self.plan.groups for feature in group.features}
        self._needed = (*needed.values(), *self.plan.ratios)
        self._whole = [name for name, feature in needed.items() if not feature.is_float]
        self._part = [name for name, feature in needed.items() if feature.is_float]
        self._sources = {
            column: row
            for row, column in enumerate(
                sorted({feature.column for feature in needed.values() if feature.column})
            )
        }
        places = {
            name: row for names in (self._whole, self._part) for row, name in enumerate(names)
        }
        self._keyed = [KeyedState(group, self._sources, places) for group in self.plan.groups]
        self._pairs = {pair: PairTable() for pair in self.plan.pairs}
        self._last = {column: np.zeros(0, np.int64) for column in self.plan.columns}
        self.now_us = NEVER
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    @property
    def features(self) -> tuple[Feature, ...]:
        """List what is computed, in order."""
        return self._features

    @property
    def feature_hash(self) -> str:
        """Fingerprint the list of features."""
        return feature_hash(self._features)

    @property
    def state_bytes(self) -> int:
        """Measure the memory held, in bytes."""
        pairs = sum(table.state_bytes for table in self._pairs.values())
        last = sum(array.nbytes for array in self._last.values())
        return pairs + last + sum(keyed.state_bytes for keyed in self._keyed)

    def compute(self, batch: Batch, emit: Bools | None = None) -> Columns:
        """Take in all rows of ``batch`` and answer for those where ``emit`` is True.

        Late rows are answered from what is retained, each as if it stood alone beside the rows
        that came in time; they change nothing.
        """
        rows_count = len(batch)
        places = np.arange(rows_count, dtype=np.int32)
        count = rows_count
        if emit is not None:
            count = int(np.count_nonzero(emit))
            places = np.where(emit, np.cumsum(emit, dtype=np.int32) - 1, -1).astype(np.int32)
        whole = np.empty((len(self._whole), _padded(count)), np.int64)
        part = np.empty((len(self._part), _padded(count)), np.float64)
        if rows_count:
            late = bool(batch.late[0])
            assert np.all(batch.late == late), "a batch is late as a whole or not at all"
            assert late or batch.ts[0] > self.now_us, "a tick is never split across batches"
            if not late:
                self.now_us = int(batch.ts[-1])
            self._touch(batch)
            self._run(batch, places, whole, part, late=late)
        return self._columns(whole[:, :count], part[:, :count])

    def expire(self, before_us: int, *, columns: Collection[str] | None = None) -> dict[str, I32]:
        """Free the state of keys with no interaction since ``before_us``.

        What a window can still see is kept: ``before_us`` is lowered to the newest interaction
        less the longest window. Lifetime features of a freed key start anew.

        Parameters
        ----------
        columns
            The coded columns to free, all where None. Pairs are freed in any case, but for those
            with lifetime features, which go only where all columns do.

        Returns
        -------
        dict
            Per coded column the codes that nothing refers to any more; they may be given to
            other strings.
        """
        if self.now_us == NEVER:
            return dict.fromkeys(self._last, _NO_CODES)
        before_us = min(before_us, self.now_us - self.plan.window_max_us)
        freed = {}
        for column, last in self._last.items():
            if columns is not None and column not in columns:
                continue
            idle = (last < before_us) & (last != NEVER)
            freed[column] = np.flatnonzero(idle).astype(np.int32)
            last[idle] = NEVER
        gone: dict[tuple[str, ...], I32] = {(column,): codes for column, codes in freed.items()}
        lasting = {
            keyed.group.key
            for keyed in self._keyed
            if columns is not None and any(f.window is None for f in keyed.group.features)
        }
        gone |= {
            pair: table.expire(before_us)
            for pair, table in self._pairs.items()
            if pair not in lasting
        }
        self._each(lambda keyed: keyed.forget(gone.get(keyed.group.key, _NO_CODES)))
        return freed

    @property
    def state_hash(self) -> str:
        """Fingerprint what decides the shape of the state: the features and the parts of ratios."""
        return feature_hash(self._needed)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """List the whole state as named arrays, for a checkpoint."""
        state: dict[str, NDArray[Any]] = {"now": np.array([self.now_us], np.int64)}
        state |= {f"last/{column}": last for column, last in self._last.items()}
        for pair, table in self._pairs.items():
            state |= {f"pair/{'+'.join(pair)}/{k}": v for k, v in table.arrays().items()}
        for i, keyed in enumerate(self._keyed):
            state |= {f"group/{i}/{k}": v for k, v in keyed.arrays().items()}
        return state

    def put_back(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Replace the whole state by what ``arrays`` gave."""

        def part(prefix: str) -> dict[str, NDArray[Any]]:
            return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}

        self.now_us = int(state["now"][0])
        self._last = {column: state[f"last/{column}"] for column in self._last}
        for pair, table in self._pairs.items():
            table.restore(part(f"pair/{'+'.join(pair)}/"))
        for i, keyed in enumerate(self._keyed):
            keyed.restore(part(f"group/{i}/"))

    def _touch(self, batch: Batch) -> None:
        for column, last in self._last.items():
            codes = getattr(batch, column)
            top = int(codes.max(initial=-1)) + 1
            self._last[column] = last = grown(last, top, fill=NEVER)
            if top:
                note_last(last, codes, batch.ts, self.now_us if batch.late[0] else NEVER)

    def _run(
        self, batch: Batch, places: I32, whole: I64, part: NDArray[np.float64], *, late: bool
    ) -> None:
        values = np.empty((len(self._sources), _padded(len(batch))), np.int64)
        for column, row in self._sources.items():
            values[row, : len(batch)] = _written(getattr(batch, column), column)
        asked = places >= 0
        # Many groups take in the same rows.
        filters = {_filter_of(keyed.group): keyed.group for keyed in self._keyed}
        taken = {name: _taken_in(batch, group) for name, group in filters.items()}
        index = {
            name: np.flatnonzero(asked if late else flags | asked) for name, flags in taken.items()
        }
        codes: dict[tuple[str, ...], I32] = {
            (column,): getattr(batch, column) for column in self.plan.columns
        }
        for pair, table in self._pairs.items():
            makes = np.zeros(len(batch), np.uint8)
            for keyed in self._keyed:
                if keyed.group.key == pair and not late:
                    makes |= taken[_filter_of(keyed.group)]
            codes[pair] = table.encode(codes[(pair[0],)], codes[(pair[1],)], makes)
            table.touch(codes[pair], makes, batch.ts)
        # The calling thread asks for the memory: what it gives back it can use again.
        most = {key: int(column.max()) for key, column in codes.items()}
        for keyed in self._keyed:
            keyed.reserve_keys(most[keyed.group.key] + 1)

        def run_group(keyed: KeyedState) -> None:
            key, name = keyed.group.key, _filter_of(keyed.group)
            rows = Rows(index[name], batch.ts, codes[key], taken[name], places, values)
            if late:
                answer_late(keyed.layout, keyed.store, rows, self.now_us, whole, part)
            else:
                keyed.run(rows, whole, part)

        self._each(run_group)

    def _each(self, work: Callable[[KeyedState], None]) -> None:
        """Do work on all groups: they share nothing but what they read.

        Kernels run without the interpreter's lock.
        """
        list((self._pool.map if self._pool else map)(work, self._keyed))

    def _columns(self, whole: I64, part: NDArray[np.float64]) -> Columns:
        columns: Columns = dict(zip(self._whole, whole, strict=True))
        columns.update(zip(self._part, part, strict=True))
        for ratio in self.plan.ratios:
            assert ratio.numerator and ratio.denominator
            columns[ratio.name] = divide(columns[ratio.numerator], columns[ratio.denominator])
        return {feature.name: columns[feature.name] for feature in self._features}


def divide(numerator: I64, denominator: I64) -> NDArray[np.float64]:
    """Divide two features; NaN where a part is missing or there is nothing to divide by."""
    known = (numerator >= 0) & (denominator > 0)
    return np.where(known, numerator / np.maximum(denominator, 1), np.nan)


def _padded(count: int) -> int:
    """Lengthen a row of words so that columns side by side do not compete for one cache set."""
    page, line = 512, 8
    return -(-count // page) * page + 9 * line


def _filter_of(group: Group) -> tuple[tuple[int, ...], object]:
    return tuple(group.kinds), group.where


def _taken_in(batch: Batch, group: Group) -> U8:
    taken = np.ones(len(batch), np.bool_)
    if group.kinds:
        wanted = np.zeros(256, np.bool_)
        wanted[list(group.kinds)] = True
        taken = wanted[batch.kind.view(np.uint8)]
    if group.where is not None:
        taken &= getattr(batch, group.where[0]) == group.where[1]
    return taken.view(np.uint8)


def _written(values: NDArray[np.int64], column: str) -> I64:
    """Write a column as ring words; see ``layout``."""
    wide = values.astype(np.int64)
    if column in CODED:
        return np.where(wide >= 0, 2 * wide, -1)
    known = wide != 0 if column == "amount_cents" else wide >= 0
    return np.where(known, 2 * wide + 1, 0)
