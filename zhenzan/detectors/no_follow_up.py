"""Nothing follows the like.

Assumption: some of those who like keep, buy, comment, share or follow; those who were paid do not
(S1-10, S1-14). What follows speaks against more than its absence speaks for: most honest likes
stay without.

Known false positives: items where there is nothing left to do; logs without the later kinds, where
all likes look alike.

Cost: one set of kinds per like, kept for the follow-up window.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes
from zhenzan.traces.follow_up import ENGAGED, FOLLOWED

_MASK = ENGAGED | FOLLOWED


def measure(likes: Likes) -> F64:
    """Count the kinds of follow-up: favourite, cart, purchase, comment, share, follow."""
    outcomes = np.asarray(likes["outcomes"], dtype=np.float64)
    said = outcomes >= 0
    bits = np.where(said, outcomes, 0.0).astype(np.int64) & _MASK
    kinds = np.zeros(len(bits))
    for bit in range(_MASK.bit_length()):
        kinds += (bits >> bit) & 1
    return np.where(said, kinds, np.nan)


DETECTOR = Detector(
    code="BEH004",
    name="no_follow_up",
    family=Family.BEHAVIOUR,
    reads=("outcomes",),
    measure=measure,
    edges=(1, 2, 3, 4),
    suspicious="low",
    segment="category",
    settled=True,
    weight_max=1.0,
    clears_max=1.8,
    reason="{value} kinds of follow-up on this item or shop within 24 h after the like",
    reason_zh="点赞后 24 小时内对该条目或店铺的后续行为有 {value} 种",
)
