"""The core of a cohort: the accounts and items that hold each other, as the watch looks for it.

A stream asks for thousands of small cores, so that these are kernels. They are too short to let
go of the interpreter's lock: to get it back takes longer than they do.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.groups.null import TARGET_LIFT_MIN

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]

TARGET_LIKES_MIN = 3
MEMBER_TARGETS_MIN = 2


@njit(cache=True)
def distinct(codes: I32) -> I32:
    """Give each code once, in ascending order."""
    return np.unique(codes)


@njit(cache=True)
def numbered(latest: I32) -> tuple[I32, I64, I64]:
    """Number the items that accounts like.

    Parameters
    ----------
    latest
        Shape (accounts, items of one account at most); -1 where there is none.

    Returns
    -------
    tuple
        The items in ascending order; then for each like the row of its account and the place of
        its item among them.
    """
    flat = latest.ravel()
    likes = np.flatnonzero(flat >= 0)
    items = np.unique(flat[likes])
    return items, likes // latest.shape[1], np.searchsorted(items, flat[likes])


@njit(cache=True)
def find_core(who: I64, place: I64, rate: F64, degree: I64) -> tuple[Bools, Bools]:
    """Find members and targets: again and again, leave out what the others do not hold.

    A target has three members' likes and ten times what chance gives it; a member likes two
    targets.

    Parameters
    ----------
    who, place
        The number of the account and of the item of each like.
    rate
        The chance that one like falls on each item.
    degree
        How many likes each account has.
    """
    member = np.ones(len(degree), np.bool_)
    target = np.ones(len(rate), np.bool_)
    changes = True
    while changes:
        likes, aims = np.zeros(len(rate), np.int64), np.zeros(len(degree), np.int64)
        free = 0
        for account in range(len(degree)):
            free += degree[account] if member[account] else 0
        for like in range(len(who)):
            if member[who[like]] and target[place[like]]:
                likes[place[like]] += 1
        changes = False
        for item in range(len(rate)):
            holds = likes[item] >= TARGET_LIKES_MIN and (
                likes[item] >= TARGET_LIFT_MIN * (rate[item] * free)
            )
            if target[item] and not holds:
                target[item] = False
                changes = True
        for like in range(len(who)):
            if member[who[like]] and target[place[like]]:
                aims[who[like]] += 1
        for account in range(len(degree)):
            if member[account] and aims[account] < MEMBER_TARGETS_MIN:
                member[account] = False
                changes = True
    return member, target
