"""Nearly everybody who likes the item also buys, keeps, comments or shares.

Assumption: of those who like something, few do more, in every category; where a task sheet asks
for it, nearly all do (S1-17). It is the other end of `poor_channel`: what is too good for its
category is as unusual as what is too poor, and what everybody leaves clears nobody.

Known false positives: draws that are entered by a comment, reviews that come with a like, a drop
that is bought out in minutes. It speaks of the crowd, never of the one like, and never alone.

Cost: one share per (item, channel), read once.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Return the share of the item's other likers, by channel, who did more than like."""
    return known(likes["crowd_follow_up"])


DETECTOR = Detector(
    code="TGT013",
    name="eager_crowd",
    family=Family.TARGET,
    reads=("crowd_follow_up",),
    measure=measure,
    edges=(0.05, 0.1, 0.15, 0.2, 0.27, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85),
    segment="category",
    settled=True,
    weight_max=3.0,
    clears_max=0.3,
    unit="share",
    reason="{value} of those who like this item as this account did also buy, keep or comment",
    reason_zh="以同样方式点赞该条目的账号中有 {value} 还会购买、收藏或评论",
)
