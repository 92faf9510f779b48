"""From score and evidence to count state: the safety rules in one place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zhenzan.detectors.interface import Family
from zhenzan.events.state import CountState
from zhenzan.settings import Settings

SUPPORT_MIN = 0.7
"""Evidence for, in nats, from which a family counts as one that speaks (a factor of two)."""

_PERSONAL = (Family.ACCOUNT, Family.BEHAVIOUR, Family.GROUP)


def count_states(
    score: NDArray[np.float64], nats: NDArray[np.float32], settings: Settings
) -> NDArray[np.int8]:
    """Decide the count state of each like.

    A like is excluded only if its score says so *and* at least two families speak (rule 1), of
    which one is about what the account did: account, behaviour or group. So neither network
    alone (T18), nor a burst (T19), nor both together exclude; such a like is held.

    Parameters
    ----------
    nats
        Evidence by family, shape (likes, families).
    """
    speaks = nats >= SUPPORT_MIN
    enough = (speaks.sum(axis=1) >= 2) & speaks[:, _PERSONAL].any(axis=1)
    states = np.full(len(score), CountState.COUNTED, np.int8)
    states[score >= settings.held_score_min] = CountState.HELD
    states[(score >= settings.excluded_score_min) & enough] = CountState.EXCLUDED
    return states
