"""The like comes as long after the view as those of the item's other likers.

Assumption: some like at first sight, some at the end, some on the way back; a routine likes at its
own moment, account after account (S1-12, S3-13).

Known false positives: a call to like at one moment of a video, a live show, items that are
taken in at a glance.

Cost: six numbers per item.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_SPREAD_MAX = 6.0  # a factor of 400; the exponential of more says nothing new


def measure(likes: Likes) -> F64:
    """Return the factor between the delay from view to like and that of the item's likers."""
    return np.exp(np.minimum(known(likes["delay_likeness"]), _SPREAD_MAX))


DETECTOR = Detector(
    code="BEH018",
    name="like_delays",
    family=Family.BEHAVIOUR,
    reads=("delay_likeness",),
    measure=measure,
    edges=(1.2, 1.35, 1.5, 1.65, 1.8, 2, 2.3, 2.7, 3.3, 4.5),
    suspicious="low",
    weight_max=2.5,
    clears_max=0.7,
    unit="ratio",
    timed=True,
    reason="time from view to like differs from the item's other likers' by a factor of {value}",
    reason_zh="从浏览到点赞的间隔与该条目其他点赞者相差 {value} 倍",
)
