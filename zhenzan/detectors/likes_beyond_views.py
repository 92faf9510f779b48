"""An item is liked more than its views explain.

Assumption: nobody likes without seeing, so likes stay a fraction of views (S0-13, S2-14). Silent
where the whole shop shows no view, because such a log carries none.

Known false positives: feeds that log no view for a like on the card, views lost by clients or
blockers.

Cost: two counts per item and one per shop, 24 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_LIKES_MIN = 12  # below it, two lost views decide the ratio


def measure(likes: Likes) -> F64:
    """Return likes per view of the item within 24 h, from 12 likes on."""
    liked = known(likes["item_likes_24h"])
    views = known(likes["item_views_24h"])
    carried = np.fmax(views, known(likes["merchant_views_24h"])) > 0
    return np.where(carried & (liked >= _LIKES_MIN), liked / (views + 1.0), np.nan)


DETECTOR = Detector(
    code="TGT003",
    name="likes_beyond_views",
    family=Family.TARGET,
    reads=("item_likes_24h", "item_views_24h", "merchant_views_24h"),
    measure=measure,
    edges=(0.02, 0.04, 0.07, 0.12, 0.2, 0.3, 0.45, 0.65, 0.95, 1.5, 3),
    segment="category",
    weight_max=2.2,
    clears_max=0.6,
    unit="ratio",
    reason="{value} likes per view of this item in 24 h",
    reason_zh="该条目 24 小时内平均每次浏览有 {value} 次点赞",
)
