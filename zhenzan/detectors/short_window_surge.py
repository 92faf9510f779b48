"""An item gets far more likes in an hour than it used to.

Assumption: orders are delivered in a short time (S0-07, S0-15, S2-05). A burst opens a look and is
never a verdict, so the weight stays below one nat (T19).

Known false positives: a true viral hit, a promotion (S2-19), a launch (S2-18), a mention by
somebody famous.

Cost: three numbers per item, 7 d kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_US_PER_HOUR = 3.6e9
_HOURS_MAX = 167.0  # 7 d less the hour itself
_RATE_FLOOR = 1.0  # a like an hour, so that a quiet item's third like is no surge


def measure(likes: Likes) -> F64:
    """Return likes within 1 h over the item's own hourly rate before, over at most 7 d."""
    recent = known(likes["item_likes_1h"])
    before = np.maximum(known(likes["item_likes_7d"]) - recent, 0.0)
    hours = np.clip(known(likes["item_age_seen"]) / _US_PER_HOUR - 1.0, 1.0, _HOURS_MAX)
    return recent / (before / hours + _RATE_FLOOR)


DETECTOR = Detector(
    code="TGT001",
    name="short_window_surge",
    family=Family.TARGET,
    reads=("item_likes_1h", "item_likes_7d", "item_age_seen"),
    measure=measure,
    edges=(2, 4, 8, 16, 32, 64, 128, 256, 512),
    weight_max=0.4,  # a burst opens a look and is never a verdict (design.md, rule 2)
    clears_max=0.2,
    unit="ratio",
    timed=True,
    reason="this item's likes in 1 h are {value} times its own usual rate",
    reason_zh="该条目 1 小时内的点赞是其平时速度的 {value} 倍",
)
