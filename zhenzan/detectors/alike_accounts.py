"""The account has done as much in a week as the item's other likers.

Assumption: an audience holds people who hardly come and people who never leave; the accounts of one
vendor have been through the same steps (S0-04, S2-08). New accounts are not compared (T17).

Known false positives: fan clubs whose members are all as active, small platforms with
one kind of user.

Cost: six numbers per item.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_SPREAD_MAX = 6.0  # a factor of 400; the exponential of more says nothing new


def measure(likes: Likes) -> F64:
    """Return the factor between the account's activity and that of the item's recent likers."""
    return np.exp(np.minimum(known(likes["activity_likeness"]), _SPREAD_MAX))


DETECTOR = Detector(
    code="ACC008",
    name="alike_accounts",
    family=Family.ACCOUNT,
    reads=("activity_likeness",),
    measure=measure,
    edges=(1.1, 1.2, 1.3, 1.42, 1.55, 1.75, 2, 2.4, 3, 4),
    suspicious="low",
    weight_max=0.9,  # accounts of a page network are alike as well: never enough alone to exclude
    clears_max=0.6,
    unit="ratio",
    reason="activity in 7 d differs from that of the item's other likers by a factor of {value}",
    reason_zh="该账号 7 天内的活跃程度与该条目其他点赞者相差 {value} 倍",
)
