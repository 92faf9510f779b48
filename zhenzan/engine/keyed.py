"""The state of one group: its arrays, and how they grow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zhenzan.arrays import grown
from zhenzan.engine.kernels import carry_over, count_living, forget, run
from zhenzan.engine.layout import Layout, blank_row, lay_out
from zhenzan.engine.store import (
    COUNTERS,
    DONE,
    NEEDS_SLAB,
    SLAB_TOP,
    TABLE_LIMIT,
    TABLE_SHIFT,
    TABLE_USED,
    Rows,
    Store,
    empty_table,
)
from zhenzan.features.compile import Group

_FIRST_SLAB_WORDS = 1 << 12
_FIRST_TABLE_LOG2 = 11
_CODES_MAX = 1 << 29


class KeyedState:
    """What one group keeps per key; row 0 of the state is that of a key never seen."""

    def __init__(self, group: Group, sources: dict[str, int], rows: dict[str, int]) -> None:
        self.group = group
        self.layout: Layout = lay_out(group, sources, rows)
        slab_words = _FIRST_SLAB_WORDS if group.windows_us else 0
        self.store = Store(
            state=blank_row(self.layout),
            slab=np.zeros(slab_words, np.int64),
            blocks=np.full(64, -1, np.int64),
            table=np.zeros(0, np.int64),
            counters=np.zeros(COUNTERS, np.int64),
        )
        # The state is the part of this that holds rows; the rest is not in use before it is
        # written to.
        self._room = self.store.state
        self._renew_table(_FIRST_TABLE_LOG2 if any(self.layout.column_coded) else 0)

    @property
    def state_bytes(self) -> int:
        """Measure the memory held, in bytes; room that was never written to takes none."""
        unused = len(self.store.slab) - int(self.store.counters[SLAB_TOP])
        return sum(array.nbytes for array in self.store) - unused * self.store.slab.itemsize

    def reserve_keys(self, count: int) -> None:
        """Make room for codes below ``count``."""
        assert count < _CODES_MAX, "a packed table key has 29 bits for the key's code"
        words, held = self.layout.row_words, len(self.store.state)
        needed = (count + 1) * words
        if needed <= held:
            return
        if needed > len(self._room):
            self._room = np.empty(max(needed, 2 * len(self._room)), np.int64)
            self._room[:held] = self.store.state
        self._room[held:needed].reshape(-1, words)[:] = blank_row(self.layout)
        self.store = self.store._replace(state=self._room[:needed])

    def run(self, rows: Rows, whole: NDArray[np.int64], part: NDArray[np.float64]) -> None:
        """Take in and answer rows, growing what must grow on the way."""
        while (need := run(self.layout, self.store, rows, whole, part)) != DONE:
            if need == NEEDS_SLAB:
                slab = self.store.slab
                self.store = self.store._replace(slab=grown(slab, len(slab) + 1))
            else:
                self._grow_table()

    def forget(self, codes: NDArray[np.int32]) -> None:
        """Free the state of keys."""
        if len(codes):
            forget(self.layout, self.store, codes)

    def arrays(self) -> dict[str, NDArray[np.int64]]:
        """List the arrays that a checkpoint keeps; room that was never used is left out."""
        top = max(int(self.store.counters[SLAB_TOP]), min(len(self.store.slab), _FIRST_SLAB_WORDS))
        return self.store._asdict() | {"slab": self.store.slab[:top]}

    def restore(self, arrays: dict[str, NDArray[np.int64]]) -> None:
        """Put back what ``arrays`` gave."""
        self.store = Store(**arrays)
        self._room = self.store.state

    def _grow_table(self) -> None:
        living = count_living(self.layout, self.store)
        old = self.store
        self._renew_table(max(_FIRST_TABLE_LOG2, (3 * living).bit_length()))
        carry_over(self.layout, old, self.store)

    def _renew_table(self, slots_log2: int) -> None:
        table, shift, limit = empty_table(slots_log2, self.layout.slot_words)
        counters = self.store.counters.copy()
        counters[TABLE_USED], counters[TABLE_SHIFT], counters[TABLE_LIMIT] = 0, shift, limit
        self.store = self.store._replace(table=table, counters=counters)
