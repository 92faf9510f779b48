"""The like follows a view as long as those of the item's other likers.

Assumption: people take from a glance to minutes over one item; an order has every worker stay for
the time that the instruction or the script says (S0-05, S3-12). Each view looks human alone, the
sameness does not.

Known false positives: short items that all watch to the end, a live show, clients that report
dwell in steps.

Cost: six numbers per item.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_SPREAD_MAX = 6.0  # a factor of 400; the exponential of more says nothing new


def measure(likes: Likes) -> F64:
    """Return the factor by which dwell differs from that of the item's recent likers."""
    return np.exp(np.minimum(known(likes["dwell_likeness"]), _SPREAD_MAX))


DETECTOR = Detector(
    code="BEH017",
    name="like_views",
    family=Family.BEHAVIOUR,
    reads=("dwell_likeness",),
    measure=measure,
    edges=(1.2, 1.35, 1.5, 1.65, 1.8, 2, 2.3, 2.7, 3.3, 4.5),
    suspicious="low",
    weight_max=2.5,
    clears_max=0.7,
    unit="ratio",
    reason="time on the item differs from that of its other likers by a factor of {value}",
    reason_zh="浏览该条目的时长与其他点赞者相差 {value} 倍",
)
