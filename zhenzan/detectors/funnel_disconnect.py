"""An item is liked but hardly kept, bought or talked about.

Assumption: each category has its usual number of likes per deeper step; bought likes add likes
only (S0-14, S1-18, S2-06). Silent where the item shows neither views nor steps, because such a log
carries no funnel.

Known false positives: memes and news that nobody buys, items out of stock, goods sold elsewhere.

Cost: six counts per item, 24 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_LIKES_MIN = 20  # below it, one comment decides the ratio


def measure(likes: Likes) -> F64:
    """Return likes per favourite, cart, purchase, comment or share, from 20 likes on."""
    liked = known(likes["item_likes_24h"])
    deeper = (
        known(likes["item_favorites_24h"])
        + known(likes["item_carts_24h"])
        + known(likes["item_purchases_24h"])
        + known(likes["item_comments_24h"])
        + known(likes["item_shares_24h"])
    )
    carried = deeper + np.nan_to_num(known(likes["item_views_24h"])) > 0
    return np.where(carried & (liked >= _LIKES_MIN), liked / (deeper + 1.0), np.nan)


DETECTOR = Detector(
    code="TGT002",
    name="funnel_disconnect",
    family=Family.TARGET,
    reads=(
        "item_likes_24h",
        "item_favorites_24h",
        "item_carts_24h",
        "item_purchases_24h",
        "item_comments_24h",
        "item_shares_24h",
        "item_views_24h",
    ),
    measure=measure,
    edges=(0.5, 1, 1.7, 2.8, 4.5, 7, 12, 20, 40, 80, 200),
    segment="category",
    weight_max=2.0,
    clears_max=0.8,
    unit="ratio",
    reason="{value} likes per favourite, cart, purchase, comment or share of this item in 24 h",
    reason_zh="该条目 24 小时内每有一次收藏、加购、购买、评论或分享就有 {value} 次点赞",
)
