"""The gaps between an account's likes are all alike.

Assumption: between the shortest and the longest pause of a person lie orders of magnitude; a
script waits a set time (S1-12).

Known false positives: an even pace over a handful of likes by chance; likes with times rounded by
the client.

Cost: two gaps per account, 1 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_LIKES_MIN = 4  # three gaps: two are even by chance too often


def measure(likes: Likes) -> F64:
    """Return the shortest over the longest gap between the account's likes within 1 h."""
    longest = known(likes["account_like_max_gap_1h"])
    shortest = known(likes["account_like_min_gap_1h"])
    enough = (known(likes["account_likes_1h"]) >= _LIKES_MIN) & (longest > 0)
    return np.where(enough, shortest / np.maximum(longest, 1.0), np.nan)


DETECTOR = Detector(
    code="BEH011",
    name="even_gaps",
    family=Family.BEHAVIOUR,
    reads=("account_like_max_gap_1h", "account_like_min_gap_1h", "account_likes_1h"),
    measure=measure,
    edges=(0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97),
    weight_max=2.8,
    clears_max=0.3,
    unit="share",
    timed=True,
    reason="the shortest gap between this account's likes in 1 h is {value} of the longest",
    reason_zh="该账号 1 小时内点赞的最短间隔是最长间隔的 {value}",
)
