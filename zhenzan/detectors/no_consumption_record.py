"""An account likes a lot and has never bought or commented.

Assumption: whoever likes goods again and again at some point buys or says something; bought likers
have no wish to (S0-05, S1-08, S1-12). Silent where the log carries no views of the shop, because
such logs often carry no purchases either.

Known false positives: window shoppers, newcomers (they start in the lowest bins: missing history
is not guilt, T17), people who buy through another account.

Cost: three counts per account and one per shop.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the account's likes within 7 d if it has no purchase and no comment, else 0."""
    traded = known(likes["account_purchases"]) + known(likes["account_comments_7d"])
    quiet = np.where(traded > 0, 0.0, known(likes["account_likes_7d"]))
    views = np.fmax(known(likes["item_views_24h"]), known(likes["merchant_views_24h"]))
    return np.where((views > 0) & ~np.isnan(traded), quiet, np.nan)


DETECTOR = Detector(
    code="ACC006",
    name="no_consumption_record",
    family=Family.ACCOUNT,
    reads=(
        "account_purchases",
        "account_comments_7d",
        "account_likes_7d",
        "item_views_24h",
        "merchant_views_24h",
    ),
    measure=measure,
    edges=(1, 3, 5, 8, 13, 21, 34, 60, 120),
    weight_max=1.5,
    clears_max=1.2,
    reason="{value} likes in 7 d by this account that no purchase or comment backs",
    reason_zh="该账号 7 天内有 {value} 次点赞没有任何购买或评论佐证",
)
