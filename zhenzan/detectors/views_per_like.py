"""An account views hardly more than it likes.

Assumption: people look at many things for each one they like; a task views what it must, often
once per like (S0-13, S2-14).

Known false positives: people who open only what they were sent; clients that log a view for a part
of the feed only.

Cost: two counts per account, 24 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_LIKES_MIN = 3  # one or two likes say little about a habit


def measure(likes: Likes) -> F64:
    """Return views per like of the account within 24 h, from 3 likes on."""
    liked = known(likes["account_likes_24h"])
    views = known(likes["account_views_24h"])
    return np.where(liked >= _LIKES_MIN, views / np.maximum(liked, 1.0), np.nan)


DETECTOR = Detector(
    code="BEH008",
    name="views_per_like",
    family=Family.BEHAVIOUR,
    reads=("account_likes_24h", "account_views_24h"),
    measure=measure,
    edges=(0.2, 0.5, 0.9, 1.2, 2, 3, 5, 8, 13, 25),
    suspicious="low",
    weight_max=2.0,
    clears_max=0.8,
    unit="ratio",
    reason="{value} views per like by this account in 24 h",
    reason_zh="该账号 24 小时内平均每次点赞对应 {value} 次浏览",
)
