"""Short lists of what was seen last, most recent first."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True, inline="always")
def to_front(last, value):
    """Put a value first; what stood before it moves back, and the oldest leaves for a new one."""
    place = 0
    while place < len(last) - 1 and last[place] != value:
        place += 1
    while place > 0:
        last[place] = last[place - 1]
        place -= 1
    last[0] = value
