"""One account likes, favourites, carts or follows in the same moment.

Assumption: a person needs a moment for each step; an order that sells likes with favourites and
carts runs the whole list at once (S1-18 seen from the other side).

Known false positives: apps whose one button likes and favourites together, imports from another
platform, accessibility tools that replay a routine.

Cost: one bit mask per like of the follow-up window.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes


def measure(likes: Likes) -> F64:
    """Count the other kinds of action on item or shop within 2 s of the like."""
    together = np.asarray(likes["together"], dtype=np.int64)
    return np.where(together < 0, np.nan, np.bitwise_count(np.maximum(together, 0)))


DETECTOR = Detector(
    code="BEH016",
    name="bundled_actions",
    family=Family.BEHAVIOUR,
    reads=("together",),
    measure=measure,
    edges=(1, 2, 3),
    settled=True,
    weight_max=3.5,
    clears_max=0.1,
    timed=True,
    reason="{value} other actions on item or shop in the same moment as the like",
    reason_zh="点赞的同一时刻对商品或店铺还有 {value} 个其他动作",
)
