"""An item's likes of the day fall into one hour.

Assumption: readers come all day; a delivery has working hours (S2-06). Like any burst it only
opens a look (T19).

Known false positives: a live show, a flash sale, a mention by somebody famous, an event at a set
time.

Cost: three numbers per item, 24 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_LIKES_MIN = 30  # fewer likes gather in an hour by chance
_AGE_MIN_US = 6 * 3_600_000_000  # an item of this morning has no other hours yet


def measure(likes: Likes) -> F64:
    """Return the share of the last hour in the item's likes of 24 h, from 30 likes on."""
    day = known(likes["item_likes_24h"])
    enough = (day >= _LIKES_MIN) & (known(likes["item_age_seen"]) >= _AGE_MIN_US)
    return np.where(enough, known(likes["item_likes_1h"]) / np.maximum(day, 1.0), np.nan)


DETECTOR = Detector(
    code="TGT007",
    name="hour_concentration",
    family=Family.TARGET,
    reads=("item_likes_24h", "item_age_seen", "item_likes_1h"),
    measure=measure,
    edges=(0.06, 0.1, 0.15, 0.22, 0.3, 0.4, 0.55, 0.7, 0.85),
    weight_max=0.4,  # a burst opens a look and is never a verdict (design.md, rule 2)
    clears_max=0.2,
    unit="share",
    timed=True,
    reason="{value} of this item's likes in 24 h came within 1 h",
    reason_zh="该条目 24 小时内的点赞有 {value} 集中在 1 小时内",
)
