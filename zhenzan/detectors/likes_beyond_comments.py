"""An item has crowds of likes and next to no comments.

Assumption: readers who like by the thousand leave some words (S0-14, S1-19). Silent where the item
shows neither views nor comments.

Known false positives: items with comments switched off, categories in which nobody comments.

Cost: three counts per item, 7 d kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_LIKES_MIN = 50  # comments are rare; fewer likes promise none


def measure(likes: Likes) -> F64:
    """Return likes per comment on the item within 7 d, from 50 likes on."""
    liked = known(likes["item_likes_7d"])
    comments = known(likes["item_comments_7d"])
    carried = comments + np.nan_to_num(known(likes["item_views_24h"])) > 0
    return np.where(carried & (liked >= _LIKES_MIN), liked / (comments + 1.0), np.nan)


DETECTOR = Detector(
    code="TGT004",
    name="likes_beyond_comments",
    family=Family.TARGET,
    reads=("item_likes_7d", "item_comments_7d", "item_views_24h"),
    measure=measure,
    edges=(5, 10, 20, 40, 80, 160, 320, 640, 1280),
    segment="category",
    weight_max=1.2,
    clears_max=0.5,
    unit="ratio",
    reason="{value} likes per comment on this item in 7 d",
    reason_zh="该条目 7 天内平均每条评论对应 {value} 次点赞",
)
