"""An item's likes of the hour come from one address block.

Assumption: the audience of an item is spread over networks; a farm sits behind few (S0-15, S2-13).

Known false positives: campus news, a company event, items with a regional audience on one carrier
(T18).

Cost: one top share per item, 1 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_LIKES_MIN = 12  # among fewer likes one household is already a large share


def measure(likes: Likes) -> F64:
    """Return the share of the busiest block in the item's likes within 1 h, from 12 likes on."""
    share = np.asarray(likes["item_like_block_top_share_1h"], dtype=np.float64)
    return np.where(known(likes["item_likes_1h"]) >= _LIKES_MIN, share, np.nan)


DETECTOR = Detector(
    code="NET004",
    name="block_concentration",
    family=Family.NETWORK,
    reads=("item_like_block_top_share_1h", "item_likes_1h"),
    measure=measure,
    edges=(0.1, 0.14, 0.2, 0.28, 0.4, 0.55, 0.7, 0.85),
    weight_max=2.2,
    clears_max=0.4,
    unit="share",
    reason="{value} of this item's likes in 1 h come from one network",
    reason_zh="该条目 1 小时内的点赞有 {value} 来自同一网络",
)
