"""Other accounts have walked through the same items in the same order.

Assumption: two people hardly ever take four items in the same order; a script, a list of tasks
or a ring has each account walk the same way (S1-12, S3-01, S3-11). Who walked first is not meant
(design.md, rule 10).

Known false positives: a page that shows the same few items to everybody in the same order, fans
who go through a new series.

Cost: four items per account, and the walks of 24 h with up to 8 accounts each.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the accounts that liked at the end of the same walk of 4 items within 24 h before."""
    return known(likes["shared_walk"])


DETECTOR = Detector(
    code="GRP011",
    name="shared_walk",
    family=Family.GROUP,
    reads=("shared_walk",),
    measure=measure,
    edges=(1, 2, 3, 5, 8),
    weight_max=3.0,
    clears_max=0.2,
    timed=True,
    reason="{value} other accounts liked this item in 24 h after the same items in the same order",
    reason_zh="24 小时内有 {value} 个其他账号按相同顺序经过相同条目后给该条目点赞",
)
