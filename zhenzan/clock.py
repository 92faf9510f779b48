"""Time and randomness, passed in so that a run can be repeated."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

_UNITS_US = {"ms": 1_000, "s": SECOND_US, "m": MINUTE_US, "h": HOUR_US, "d": DAY_US}

Clock = Callable[[], float]
"""Seconds since 1970 as a float; ``system`` is the real one, tests pass their own."""

system: Clock = time.time


def duration_us(text: str) -> int:
    """Turn ``90s``, ``10m``, ``24h`` or ``7d`` into microseconds.

    Raises
    ------
    ValueError
        The text has no known unit or no whole number before it.

    Examples
    --------
    >>> duration_us("10m")
    600000000
    """
    for unit in ("ms", "s", "m", "h", "d"):
        number = text.removesuffix(unit)
        if number != text and number.isdigit():
            return int(number) * _UNITS_US[unit]
    raise ValueError(f"`{text}` is not a duration such as `90s`, `10m`, `24h` or `7d`")


def generator(seed: int) -> np.random.Generator:
    """Make the one source of randomness of a run."""
    return np.random.Generator(np.random.PCG64(seed))


def as_utc(ts_us: int) -> datetime:
    """Turn microseconds since 1970 into an aware time."""
    return datetime.fromtimestamp(ts_us / 1e6, tz=UTC)
