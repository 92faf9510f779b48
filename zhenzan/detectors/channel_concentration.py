"""An item's likes of the hour come through one channel.

Assumption: an audience finds an item through feed, search and shop; an order is worked through one
link or interface (S1-01, S1-17, S2-06).

Known false positives: an item featured in one place only, a live show, an external mention.

Cost: one top share per item, 1 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_LIKES_MIN = 12  # among fewer likes one channel leads by chance


def measure(likes: Likes) -> F64:
    """Return the share of the busiest channel in the item's likes within 1 h, from 12 likes on."""
    share = np.asarray(likes["item_like_channel_top_share_1h"], dtype=np.float64)
    return np.where(known(likes["item_likes_1h"]) >= _LIKES_MIN, share, np.nan)


DETECTOR = Detector(
    code="CTX003",
    name="channel_concentration",
    family=Family.CONTEXT,
    reads=("item_like_channel_top_share_1h", "item_likes_1h"),
    measure=measure,
    edges=(0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97),
    segment="category",
    weight_max=1.2,
    clears_max=0.4,
    unit="share",
    reason="{value} of this item's likes in 1 h came through one channel",
    reason_zh="该条目 1 小时内的点赞有 {value} 来自同一渠道",
)
