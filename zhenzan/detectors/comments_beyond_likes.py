"""The comments of an item keep pace with its likes.

Assumption: a like costs a tap and a comment costs words, so every category has many times more
likes than comments; where a task asks for both, there are as many (S1-17). It is the other end of
`likes_beyond_comments`.

Known false positives: draws that are entered by a comment, questions and answers, posts in a
dispute. It speaks of the item, never of the one like, and never alone.

Cost: two counts per item, 24 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_LIKES_MIN = 12  # below it, two talkative friends decide the ratio


def measure(likes: Likes) -> F64:
    """Return comments per like on the item within 24 h, from 12 likes on."""
    liked = known(likes["item_likes_24h"])
    comments = known(likes["item_comments_24h"])
    return np.where(liked >= _LIKES_MIN, comments / np.maximum(liked, 1.0), np.nan)


DETECTOR = Detector(
    code="TGT014",
    name="comments_beyond_likes",
    family=Family.TARGET,
    reads=("item_likes_24h", "item_comments_24h"),
    measure=measure,
    edges=(0.03, 0.06, 0.1, 0.16, 0.24, 0.34, 0.46, 0.6, 0.8, 1.1),
    segment="category",
    weight_max=2.5,
    clears_max=0.3,
    unit="ratio",
    reason="{value} comments per like of this item in 24 h",
    reason_zh="该条目 24 小时内平均每次点赞对应 {value} 条评论",
)
