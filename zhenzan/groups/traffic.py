"""How often each item was liked in the last hours."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from zhenzan.arrays import grown

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]


class Traffic:
    """How often each item was liked in the last hours."""

    def __init__(self) -> None:
        self._counts = np.zeros(0, np.int64)
        self._seen = np.zeros(0, np.bool_)
        self._steps: deque[tuple[int, I32]] = deque()
        self.total = 0
        self.items_count = 0

    def add(self, step_us: int, item: I32) -> None:
        """Take in the likes of a step."""
        if not len(item):
            return
        self._counts = grown(self._counts, int(item.max()) + 1)
        self._seen = grown(self._seen, len(self._counts))
        fresh = item[~self._seen[item]]
        if len(fresh):
            self.items_count += len(np.unique(fresh))
            self._seen[fresh] = True
        np.add.at(self._counts, item, 1)
        self.total += len(item)
        self._steps.append((step_us, item))

    def forget(self, before_us: int) -> None:
        """Take back the likes of steps that began earlier."""
        while self._steps and self._steps[0][0] < before_us:
            _, item = self._steps.popleft()
            np.subtract.at(self._counts, item, 1)
            self.total -= len(item)

    def likes(self, items: I32) -> I64:
        """Count the likes of items."""
        return self._counts[items]
