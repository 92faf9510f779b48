"""Addresses: home blocks, carrier NAT pools, offices, campuses and rented machines."""

from __future__ import annotations

import numpy as np

from zhenzan.clock import DAY_US
from zhenzan.sim.rows import I8, I64
from zhenzan.sim.world import CAMPUSES, HOSTING, REGIONS

HOUSEHOLDS_PER_BLOCK = 70
"""Active households that share a home /24; a provider fills its blocks."""

CARRIER_ADDRESSES = 48
"""Public addresses behind which one carrier prefix hides all its mobile customers."""

LEASE_US = 3 * DAY_US
"""How long a home keeps its address; access providers hand out leases of days."""


def prefix(text: str) -> int:
    """Turn ``a.b`` into the first address of that /16.

    Examples
    --------
    >>> prefix("1.2") == (1 << 24) + (2 << 16)
    True
    """
    first, second = text.split(".")
    return (int(first) << 24) + (int(second) << 16)


def home_bases(rng: np.random.Generator, region: I8) -> I64:
    """Give each household a place: block times 256 plus a host number."""
    base = np.empty(len(region), dtype=np.int64)
    for code, place in enumerate(REGIONS):
        chosen = np.flatnonzero(region == code)
        blocks = max(1, len(chosen) // HOUSEHOLDS_PER_BLOCK)
        prefixes = np.array([prefix(text) for text in place.homes], dtype=np.int64)
        third = rng.permutation(256)[: max(1, min(256, blocks))]
        which = rng.integers(0, len(prefixes), len(chosen))
        base[chosen] = (
            prefixes[which]
            + rng.choice(third, len(chosen)) * 256
            + rng.integers(1, 255, len(chosen))
        )
    return base


def home_address(base: I64, ts: I64) -> I64:
    """Tell the address of a home at a time: same block, another host after each lease."""
    host = base & 255
    lease = (ts + (base * 7_919) % LEASE_US) // LEASE_US
    return np.asarray((base - host) + (host * 31 + lease * 57) % 254 + 1)


def carrier_address(rng: np.random.Generator, region: I8) -> I64:
    """Draw the shared address behind which a mobile session appears."""
    result = np.empty(len(region), dtype=np.int64)
    for code, place in enumerate(REGIONS):
        chosen = np.flatnonzero(region == code)
        prefixes = np.array([prefix(text) for text in place.carriers], dtype=np.int64)
        which = rng.integers(0, len(prefixes), len(chosen))
        # Squaring crowds people on the first addresses of the pool, as load balancing does.
        slot = (CARRIER_ADDRESSES * rng.random(len(chosen)) ** 2).astype(np.int64)
        result[chosen] = prefixes[which] + (slot // 16) * 256 + 17 + slot % 16
    return result


def office_address(region: I8, office: I64) -> I64:
    """Give each office (a number) its one public address in its region."""
    result = np.empty(len(region), dtype=np.int64)
    for code, place in enumerate(REGIONS):
        chosen = np.flatnonzero(region == code)
        prefixes = np.array([prefix(text) for text in place.offices], dtype=np.int64)
        number = office[chosen]
        result[chosen] = (
            prefixes[number % len(prefixes)] + (number * 131 % 256) * 256 + number * 29 % 250 + 2
        )
    return result


def campus_blocks(rng: np.random.Generator, count: int) -> I64:
    """Draw ``count`` blocks of university networks."""
    prefixes = np.array([prefix(text) for text in CAMPUSES], dtype=np.int64)
    return prefixes[rng.integers(0, len(prefixes), count)] + rng.permutation(256)[:count] * 256


def hosting_address(rng: np.random.Generator, count: int, *, blocks: int = 400) -> I64:
    """Draw addresses of rented machines, from a limited number of /24 blocks."""
    prefixes = np.array([prefix(text) for text in HOSTING], dtype=np.int64)
    pool = prefixes[rng.integers(0, len(prefixes), blocks)] + rng.integers(0, 256, blocks) * 256
    return np.asarray(pool[rng.integers(0, blocks, count)] + rng.integers(2, 250, count))
