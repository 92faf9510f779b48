"""Remembers, for one to two weeks and roughly, which keys were there before: a Bloom filter."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.traces.pair import mix

_WORDS = 1 << 22
_BITS = np.uint64(6)
_LOW = np.uint64(63)


class TwoWeekFilter:
    """Hold two halves of 32 MiB that take turns: each week of event time the older is emptied.

    A key sets two bits of one word (Putze, Sanders and Singler 2007, blocked Bloom filter), so
    that it costs one cache line. What was marked is always known; what was not is taken for
    known with a chance of about 1 in 10^5 after half a million marks within two weeks, 1 in 300
    after 8 million, and 1 in 5 after 80 million.
    """

    def __init__(self) -> None:
        self.words: NDArray[np.uint64] = np.zeros((_WORDS, 2), np.uint64)

    def renew(self, epoch: int) -> None:
        """Empty the half that this epoch marks."""
        self.words[:, epoch % 2] = 0


@njit(cache=True, nogil=True, inline="always")
def mark(words, key, epoch):
    """Mark a key in the half of this epoch; say whether either half knew it."""
    spread = mix(key)
    word = np.int64(spread % np.uint64(_WORDS))
    rest = spread >> np.uint64(40)
    bits = (np.uint64(1) << (rest & _LOW)) | (np.uint64(1) << ((rest >> _BITS) & _LOW))
    known = (words[word, 0] & bits) == bits or (words[word, 1] & bits) == bits
    words[word, epoch % 2] |= bits
    return known


__all__ = ["TwoWeekFilter", "mark"]
